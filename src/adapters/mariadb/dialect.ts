import {
  type CompiledQuery,
  type Dialect,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from "kysely";
import { isPrepared } from "../sql/prepared.ts";
import { type ServerConnection, type ServerPool, serverDriver } from "../sql/server-driver.ts";
import { isLost } from "./failures.ts";
import type { MysqlConnection } from "./mysql-pool.ts";

/** kysely's dialect of MariaDB over `mysql2`. */
export function mariadbDialect(open: () => Promise<ServerPool>): Dialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => serverDriver(open, isLost),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  };
}

/** A connection that a pool of `mysql2` has given away. */
export class MariadbConnection implements ServerConnection {
  readonly #connection: MysqlConnection;
  readonly #ownSession: boolean;
  /** Without a listener, an error between two queries would end the process. The next query fails. */
  readonly #onError = () => {};

  /** @param ownSession - whether the session is at read committed already */
  constructor(connection: MysqlConnection, ownSession: boolean) {
    this.#connection = connection;
    this.#ownSession = ownSession;
    connection.on("error", this.#onError);
  }

  /**
   * Values go apart from the text, so that nothing has to be escaped, which a mode of the server could change the rules of. What comes
   * again and again stays prepared on the connection; of everything else the server forgets the text.
   */
  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const prepared = isPrepared(query);
    if (!prepared && query.parameters.length === 0) return this.#run(query.sql);
    // As the host may have set them for itself.
    const options = { sql: query.sql, rowsAsArray: false, nestTables: false, typeCast: true };
    const [result] = await this.#connection.execute({ ...options, values: query.parameters.map(bindable) });
    if (!prepared) this.#connection.unprepare(options);
    return answerOf(result);
  }

  async begin({ isolationLevel = "read committed", accessMode }: TransactionSettings): Promise<void> {
    if (!this.#ownSession || isolationLevel !== "read committed") {
      await this.#run(`set transaction isolation level ${isolationLevel}`); // of the next transaction only
    }
    await this.#run(`start transaction${accessMode === undefined ? "" : ` ${accessMode}`}`);
  }

  async commit(): Promise<void> {
    await this.#run("commit");
  }

  async rollback(): Promise<void> {
    await this.#run("rollback");
  }

  release(broken: boolean): void {
    this.#connection.removeListener("error", this.#onError);
    if (broken) this.#connection.destroy();
    else this.#connection.release();
  }

  async #run<R>(sql: string): Promise<QueryResult<R>> {
    const [result] = await this.#connection.query({ sql, rowsAsArray: false, nestTables: false, typeCast: true });
    return answerOf(result);
  }
}

function answerOf<R>(result: unknown): QueryResult<R> {
  if (Array.isArray(result)) return { rows: result as R[] };
  return { rows: [], numAffectedRows: BigInt((result as { readonly affectedRows?: number }).affectedRows ?? 0) };
}

/** Bytes as the library knows them. */
function bindable(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
