/** What a query is given to `pg` as. */
interface PgQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** Prepares the text under this name, once for each connection. */
  readonly name?: string;
  readonly types?: { getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown };
}

/** What `pg` answers of one statement. */
interface PgResult {
  readonly command: string;
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** What is called of a client of `pg` that a pool has given away. */
export interface PgClient {
  query(query: PgQuery): Promise<PgResult | PgResult[]>;
  release(destroy?: boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** What is called of a `Pool` of the package `pg`, version 8.23 or newer. */
export interface PgPool {
  connect(): Promise<PgClient>;
}
