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
  /** Runs a statement. */
  query(query: PgQuery): Promise<PgResult | PgResult[]>;
  /** Gives the client back, or ends its connection. */
  release(destroy?: boolean): void;
  /** Listens to failures of the connection. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Ends a listening. */
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** What is called of a `Pool` of the package `pg`, version 8.23 or newer. */
export interface PgPool {
  /** Gives a client away. */
  connect(): Promise<PgClient>;
}
