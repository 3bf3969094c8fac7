import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Clock } from "../../core/clock.ts";

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

/** Prepared statements kept by a connection. */
const MAX_STATEMENTS = 128;

/** SQLite's primary result codes for a lock that another connection holds. */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;

/**
 * kysely's SQLite dialect over `node:sqlite`. kysely lets one query or transaction at a time have the only connection. A
 * transaction takes the write lock when it begins: one that read first and wrote later would fail instead of waiting.
 */
export function nodeSqliteDialect(options: NodeSqliteOptions): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => makeDriver(options),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Whether another connection held a lock for too long: the statement had no effect and may succeed later. */
export function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown } | null | undefined)?.errcode;
  return typeof code === "number" && [SQLITE_BUSY, SQLITE_LOCKED].includes(code & 0xff);
}

/** A driver whose `init` opens the file; kysely calls it on first use, and again after it failed. */
function makeDriver(options: NodeSqliteOptions): Driver {
  let connection: Connection | undefined;
  const command = (text: string) => async () => connection?.execute(text);
  return {
    init: async () => {
      connection = await openConnection(options);
    },
    acquireConnection: async () => connection as Connection,
    beginTransaction: command("begin immediate") as Driver["beginTransaction"],
    commitTransaction: command("commit") as Driver["commitTransaction"],
    rollbackTransaction: async () => connection?.rollback(),
    releaseConnection: async () => {},
    destroy: async () => connection?.close(),
  };
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

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    // StatementSync.columns, which would tell the same, is younger than the oldest Node that we run on.
    const reader = query.kind === "SelectQueryNode" || query.kind === "RawNode" || ("returning" in query && !!query.returning);
    return this.#retry<QueryResult<R>>(() => {
      const statement = this.#prepare(sql);
      const values = parameters.map(bindable);
      if (reader) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
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
      await turn();
    }
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) {
      // Move to the end: the first one is the one longest unused.
      this.#statements.delete(sql);
      this.#statements.set(sql, kept);
      return kept;
    }
    const statement = this.#database.prepare(sql);
    const [oldest] = this.#statements.keys();
    if (this.#statements.size >= MAX_STATEMENTS && oldest !== undefined) this.#statements.delete(oldest);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/**
 * The value as it is to be bound. Older Node versions bind null for an empty array whose memory was never allocated, as
 * `TextEncoder` makes it.
 */
function bindable(value: unknown): SQLInputValue {
  return value instanceof Uint8Array && value.length === 0 ? new Uint8Array(1).subarray(0, 0) : (value as SQLInputValue);
}

/** Lets the event loop turn once. Unlike the clock's timers, it keeps the process alive, for which a caller waits. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
