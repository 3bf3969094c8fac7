import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  type SelectModifierNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Clock } from "../../core/clock.ts";
import { nextTurn } from "../../core/next-turn.ts";
import type { Direct } from "../sql/direct.ts";

/** How a connection is made. */
interface NodeSqliteOptions {
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly readOnly: boolean;
  readonly clock: Clock;
}

/**
 * How long SQLite itself waits for a lock, ms, which blocks the thread. Behind each wait the event loop takes a turn, so that
 * another connection of this process can finish the transaction that is waited for.
 */
const LOCK_SLICE_MS = 10;

/** Prepared statements kept by a connection: those of all stores, and of searches, whose texts differ. */
const MAX_STATEMENTS = 256;

/** SQLite's primary result codes for a lock that another connection holds. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/** A connection to a database file, which kysely opens on first use. */
interface NodeSqlite {
  readonly dialect: Dialect;
  /** Runs queries outside of transactions: not while one is open, of which they would see what may be undone. */
  readonly read: Direct;
  /** Runs queries of the transaction that is open. */
  readonly write: Direct;
}

/**
 * kysely's SQLite dialect over `node:sqlite`, and a way past it. kysely lets one query or transaction at a time have the only
 * connection. A transaction takes the write lock when it begins: one that read first and wrote later would fail instead of waiting.
 */
export function nodeSqlite(options: NodeSqliteOptions): NodeSqlite {
  let connection: Connection | undefined;
  let inTransaction = false;
  /** kysely calls `init` on first use, and again after it failed. */
  const driver: Driver = {
    init: async () => {
      connection = await openConnection(options);
    },
    acquireConnection: async () => connection as Connection,
    beginTransaction: async () => {
      await connection?.execute("begin immediate");
      inTransaction = true;
    },
    commitTransaction: async () => {
      await connection?.execute("commit");
      inTransaction = false;
    },
    rollbackTransaction: async () => {
      connection?.rollback();
      inTransaction = false;
    },
    releaseConnection: async () => {},
    destroy: async () => connection?.close(),
  };
  return {
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => driver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new LocklessCompiler(),
    },
    read: (query) => (inTransaction ? undefined : connection?.runNow(query)),
    write: (query) => connection?.runNow(query),
  };
}

/** Whether another connection held a lock for too long: the statement had no effect and may succeed later. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null | undefined)?.errcode;
  return typeof code === "number" && [SQLITE_BUSY, SQLITE_LOCKED].includes(code & 0xff);
}

async function openConnection(options: NodeSqliteOptions): Promise<Connection> {
  const connection = new Connection(options);
  try {
    for (const [pragma, value] of [
      ["busy_timeout", Math.min(LOCK_SLICE_MS, options.busyTimeoutMs)],
      // Readers and one writer do not block each other.
      ["journal_mode", "wal"],
      // A committed version survives a loss of power; `normal` could lose it and give its number again.
      ["synchronous", "full"],
      // Apple's fsync does not empty the drive's cache; elsewhere this has no effect.
      ["fullfsync", "on"],
      ["foreign_keys", "on"],
      // A hostile database file cannot call functions from its schema.
      ["trusted_schema", "off"],
    ]) {
      await connection.execute(`pragma ${pragma} = ${value}`);
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Leaves `for update` out, which SQLite does not know and does not need: a transaction has the whole database to itself. */
class LocklessCompiler extends SqliteQueryCompiler {
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier !== "ForUpdate") super.visitSelectModifier(node);
  }
}

class Connection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #busyTimeoutMs: number;
  readonly #clock: Clock;
  readonly #statements = new Map<string, StatementSync>();

  constructor({ path, busyTimeoutMs, readOnly, clock }: NodeSqliteOptions) {
    this.#database = new DatabaseSync(path, { readOnly });
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#clock = clock;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#retry<QueryResult<R>>(() => {
      const statement = this.#prepare(query.sql);
      const values = query.parameters.map(bindable);
      if (isReader(query)) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
  }

  /** Runs a query and answers its rows; undefined when another connection holds a lock. */
  runNow(query: CompiledQuery): unknown[] | undefined {
    try {
      const statement = this.#prepare(query.sql);
      const values = query.parameters.map(bindable);
      if (isReader(query)) return statement.all(...values);
      statement.run(...values);
      return [];
    } catch (error) {
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }

  /** Runs a statement that has neither parameters nor an answer. */
  async execute(sql: string): Promise<void> {
    await this.#retry(() => this.#prepare(sql).all());
  }

  /** Undoes the transaction. */
  rollback(): void {
    try {
      this.#database.exec("rollback");
    } catch {
      // SQLite has undone it already, as it does when the disk is full or failing; the error that led here is the one to tell.
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  async #retry<T>(work: () => T): Promise<T> {
    const startedAt = this.#clock.monotonic();
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || this.#clock.monotonic() - startedAt >= this.#busyTimeoutMs) throw error;
      }
      await nextTurn();
    }
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = this.#database.prepare(sql);
    // The first one goes, however often it was used: preparing that one again is rarer than noting each use.
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= MAX_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Whether a query answers rows. StatementSync.columns, which would tell the same, is younger than the oldest Node that we run on. */
function isReader({ query }: CompiledQuery): boolean {
  return query.kind === "SelectQueryNode" || query.kind === "RawNode" || ("returning" in query && query.returning !== undefined);
}

/**
 * The value as it is to be bound. Older Node versions bind null for an empty array whose memory was never allocated, as
 * `TextEncoder` makes it.
 */
function bindable(value: unknown): SQLInputValue {
  return value instanceof Uint8Array && value.length === 0 ? new Uint8Array(1).subarray(0, 0) : (value as SQLInputValue);
}
