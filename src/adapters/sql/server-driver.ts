import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from "kysely";
import { UncertainCommit } from "./uncertain-commit.ts";

/** A connection to a server, taken from a pool. */
export interface ServerConnection extends Pick<DatabaseConnection, "executeQuery"> {
  /** Begins a transaction; without a level, at read committed. */
  begin(settings: TransactionSettings): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Goes back to the pool; one that is broken, or in a state that is not known, is closed instead. */
  release(broken: boolean): void;
}

/** Where connections come from. */
export interface ServerPool {
  connect(): Promise<ServerConnection>;
  /** Ends what was opened for us; a pool that was borrowed stays as it is. */
  close(): Promise<void>;
}

/** Connects on first use; again with the next call when that fails. */
type OpenPool = () => Promise<ServerPool>;

/**
 * A kysely driver over a pool. What kysely's own drivers leave out: a commit without an answer is told apart from one that failed, a
 * rollback that fails does not hide the error that led to it, and connections in an unknown state do not go back to the pool.
 *
 * @param isLost - whether an error says that the connection is gone
 */
export function serverDriver(open: OpenPool, isLost: (error: unknown) => boolean): Driver {
  const broken = new WeakSet<DatabaseConnection>();
  let pool: ServerPool | undefined;
  const of = (connection: DatabaseConnection) => connection as Connection;
  return {
    init: async () => {
      pool = await open();
    },
    acquireConnection: async () => new Connection(await pool!.connect()),
    beginTransaction: async (connection, settings) => {
      try {
        await of(connection).server.begin(settings);
      } catch (error) {
        broken.add(connection);
        throw error;
      }
    },
    commitTransaction: async (connection) => {
      try {
        await of(connection).server.commit();
      } catch (error) {
        if (!isLost(error)) throw error;
        broken.add(connection);
        throw new UncertainCommit(error);
      }
    },
    rollbackTransaction: async (connection) => {
      try {
        await of(connection).server.rollback();
      } catch {
        broken.add(connection); // closed, which undoes the transaction; the error that led here is the one to tell
      }
    },
    releaseConnection: async (connection) => of(connection).server.release(broken.has(connection)),
    destroy: async () => pool?.close(),
  };
}

/** A connection while it is in use. */
class Connection implements DatabaseConnection {
  readonly server: ServerConnection;

  constructor(server: ServerConnection) {
    this.server = server;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.server.executeQuery(query);
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}
