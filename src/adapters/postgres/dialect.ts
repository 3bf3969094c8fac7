import {
  type CompiledQuery,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  type SchemableIdentifierNode,
  type TransactionSettings,
} from "kysely";
import { sha256 } from "../../core/digest.ts";
import { invalidInput } from "../../core/schema.ts";
import { isPrepared } from "../sql/prepared.ts";
import { type ServerConnection, type ServerPool, serverDriver } from "../sql/server-driver.ts";
import { isLost, isStalePlan, isUnstorable } from "./failures.ts";
import type { PgClient } from "./pg-pool.ts";

/** Longest wait of a transaction for a row that another one has locked, ms. */
const LOCK_TIMEOUT_MS = 30_000;

/** Longest time, ms, that the server lets a transaction wait for a process that has stopped, before it undoes it. */
const IDLE_TIMEOUT_MS = 60_000;

/** PostgreSQL's numbers of types. */
const BYTEA = 17;
const INT8 = 20;
const FLOAT8 = 701;

/** How values of our columns are read, whatever parsers the host has set for its own. Integers of ours are safe as numbers. */
const types = {
  getTypeParser: (oid: number) => {
    if (oid === INT8 || oid === FLOAT8) return Number;
    if (oid === BYTEA) return bytesOf;
    return (text: string) => text;
  },
};

/** Bytes in either of the forms that a server may be set to. */
function bytesOf(text: string): Uint8Array {
  if (text.startsWith("\\x")) return Buffer.from(text.slice(2), "hex");
  const escaped = /\\(?:\\|[0-3][0-7]{2})/g;
  return Buffer.from(
    text.replaceAll(escaped, (mark) => (mark === "\\\\" ? "\\" : String.fromCharCode(Number.parseInt(mark.slice(1), 8)))),
    "latin1",
  );
}

/** kysely's dialect of PostgreSQL over `pg`, with names of our tables that say their schema. */
export function postgresDialect(open: () => Promise<ServerPool>, schema: string | undefined): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => serverDriver(open, isLost),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new SchemaCompiler(schema),
  };
}

/**
 * Writes the schema in front of our tables. kysely's `withSchema` would not reach into SQL fragments, and a `search_path` would stay
 * behind on a borrowed connection.
 */
class SchemaCompiler extends PostgresQueryCompiler {
  readonly #prefix: string;

  constructor(schema: string | undefined) {
    super();
    this.#prefix = schema === undefined ? "" : `${quoted(schema)}.`;
  }

  protected override visitSchemableIdentifier(node: SchemableIdentifierNode): void {
    if (node.schema === undefined && node.identifier.name.startsWith("modelwright_")) this.append(this.#prefix);
    super.visitSchemableIdentifier(node);
  }
}

/** An identifier as SQL has it. */
export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

/** Names of prepared statements: the same text has the same name in every copy of this module that shares a pool with another. */
export class StatementNames {
  readonly #names = new Map<string, Promise<string>>();

  of(text: string): Promise<string> {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = sha256(new TextEncoder().encode(text)).then((digest) => `modelwright_${digest.slice(-40)}`);
      this.#names.set(text, name);
    }
    return name;
  }
}

/** A connection that a pool of `pg` has given away. */
export class PostgresConnection implements ServerConnection {
  readonly #client: PgClient;
  readonly #names: StatementNames | undefined;
  /** Without a listener, an error between two queries would end the process. The next query fails. */
  readonly #onError = () => {};
  #stale = false;

  /** @param names - undefined when nothing is to be kept prepared */
  constructor(client: PgClient, names: StatementNames | undefined) {
    this.#client = client;
    this.#names = names;
    client.on("error", this.#onError);
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const name = isPrepared(query) ? await this.#names?.of(query.sql) : undefined;
    const values = [...query.parameters];
    try {
      const result = await this.#client.query({ text: query.sql, values, types, ...(name === undefined ? {} : { name }) });
      const { rows, rowCount } = Array.isArray(result) ? result.at(-1)! : result;
      return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (error) {
      this.#stale ||= isStalePlan(error);
      if (!isUnstorable(error)) throw error;
      throw invalidInput("The text", [{ path: [], message: "expected no NUL characters, which PostgreSQL cannot hold" }]);
    }
  }

  /** One message: the settings last as long as the transaction, and leave nothing on the connection. */
  async begin({ isolationLevel = "read committed", accessMode }: TransactionSettings): Promise<void> {
    const begin = `begin isolation level ${isolationLevel}${accessMode === undefined ? "" : ` ${accessMode}`}`;
    const limits = `set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS}`;
    await this.#client.query({ text: `${begin}; ${limits}` });
  }

  async commit(): Promise<void> {
    const result = await this.#client.query({ text: "commit" });
    // So PostgreSQL answers when a statement of the transaction has failed.
    if ((result as { readonly command?: string }).command === "ROLLBACK") throw new Error("the transaction was undone");
  }

  async rollback(): Promise<void> {
    await this.#client.query({ text: "rollback" });
  }

  release(broken: boolean): void {
    this.#client.removeListener("error", this.#onError);
    this.#client.release(broken || this.#stale);
  }
}
