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
  query(statement: MysqlStatement): Promise<readonly [unknown, ...unknown[]]>;
  execute(statement: MysqlStatement): Promise<readonly [unknown, ...unknown[]]>;
  unprepare(statement: MysqlStatement): unknown;
  release(): void;
  destroy(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** What is called of a pool that `createPool` of `mysql2/promise` has made, version 3.24 or newer. */
export interface MysqlPromisePool {
  getConnection(): Promise<MysqlConnection>;
}

/** A pool that `createPool` of `mysql2` or of `mysql2/promise` has made, version 3.24 or newer. */
export type MysqlPool = MysqlPromisePool | { promise(): MysqlPromisePool };
