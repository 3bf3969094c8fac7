/** What a statement is given to `mysql2` as. */
interface MysqlStatement {
  readonly sql: string;
  readonly values?: unknown[];
  readonly rowsAsArray?: boolean;
  readonly nestTables?: boolean;
  readonly typeCast?: boolean;
}

/** What is called of a connection that a pool of `mysql2/promise` has given away. */
export interface MysqlConnection {
  /** Runs a statement as text. */
  query(statement: MysqlStatement): Promise<readonly [unknown, ...unknown[]]>;
  /** Runs a statement that is prepared on first use. */
  execute(statement: MysqlStatement): Promise<readonly [unknown, ...unknown[]]>;
  /** Forgets a prepared statement. */
  unprepare(statement: MysqlStatement): unknown;
  /** Gives the connection back. */
  release(): void;
  /** Ends the connection. */
  destroy(): void;
  /** Listens to failures of the connection. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Ends a listening. */
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** What is called of a pool that `createPool` of `mysql2/promise` has made, version 3.24 or newer. */
export interface MysqlPromisePool {
  /** Gives a connection away. */
  getConnection(): Promise<MysqlConnection>;
}

/** A pool that `createPool` of `mysql2` or of `mysql2/promise` has made, version 3.24 or newer. */
export type MysqlPool = MysqlPromisePool | MysqlCallbackPool;

/** What is called of a pool that `createPool` of `mysql2` has made. */
export interface MysqlCallbackPool {
  /** The same pool, answering promises. */
  promise(): MysqlPromisePool;
}
