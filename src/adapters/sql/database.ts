import { type Dialect, Kysely } from "kysely";
import type { CallOptions, Runtime } from "../../core/call.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { type Direct, offerDirect } from "./direct.ts";
import { type Migration, type MigrationGuard, migrate } from "./migrate.ts";
import type { Tables } from "./tables.ts";
import { UncertainCommit } from "./uncertain-commit.ts";

/** How often a transaction is run that collides with others. */
const MAX_ATTEMPTS = 5;

/** What a backend brings: its dialect, its schema and its manners. */
export interface SqlBackend {
  /** As errors name it, for example `sqlite models.db`. */
  readonly name: string;
  /**
   * Connects on first use. Rows that a transaction has locked stay locked until it ends; without row locks, its transactions exclude
   * each other's writes from their first statement on. Statements see what was committed before they began.
   */
  readonly dialect: Dialect;
  /** Connects for reading only, so that reads need not queue behind writes. @defaultValue `dialect` serves both */
  readonly readDialect?: Dialect | undefined;
  /** For a database that works in this thread: how to run queries at once, outside of transactions and within them. */
  readonly direct?: { readonly read: Direct; readonly write: Direct } | undefined;
  readonly migrations: readonly Migration[];
  /** @defaultValue every transaction has the database to itself */
  readonly guard?: MigrationGuard | undefined;
  /** Whether a failed call changed nothing and may succeed when repeated. */
  readonly retryable: (error: unknown) => boolean;
  /**
   * Whether a transaction was undone because another one came first: two that waited for each other, or that inserted one key. It is
   * run again at once. @defaultValue none ever is
   */
  readonly collided?: ((error: unknown) => boolean) | undefined;
}

const inTransactions: MigrationGuard = {
  recorded: () => Promise.resolve(false),
  alone: (db, work) => db.transaction().execute(work),
};

/** A database that is connected to and migrated on first use, once; a failure is tried again by the next call. */
export class SqlDatabase {
  readonly backend: SqlBackend;
  readonly clock: Clock;
  readonly #reader: Kysely<Tables>;
  readonly #writer: Kysely<Tables>;
  #ready: Promise<unknown> | undefined;

  constructor(backend: SqlBackend, { clock = systemClock }: Runtime = {}) {
    this.backend = backend;
    this.clock = clock;
    const { dialect, readDialect, direct } = backend;
    this.#writer = new Kysely<Tables>({ dialect });
    this.#reader = readDialect === undefined ? this.#writer : new Kysely<Tables>({ dialect: readDialect });
    if (direct !== undefined) offerDirect(this.#reader, direct.read);
  }

  /** The connections to a database that is migrated. */
  async ready(): Promise<{ readonly reader: Kysely<Tables>; readonly writer: Kysely<Tables> }> {
    const { backend, clock } = this;
    const { name: store, migrations, guard = inTransactions } = backend;
    this.#ready ??= migrate(this.#writer, { migrations, guard, store, clock }).catch((error) => {
      this.#ready = undefined;
      throw this.failure("open", error);
    });
    await this.#ready;
    return { reader: this.#reader, writer: this.#writer };
  }

  /**
   * Runs work in one transaction; when that collides with another one, once more in a new one, so that work must not count on being run
   * once. It is not run again when the connection was lost: whether it was committed would not be known.
   */
  async transact<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    const { writer } = await this.ready();
    const { direct, collided } = this.backend;
    for (let attempt = 1; ; attempt++) {
      try {
        return await writer.transaction().execute((transaction) => {
          if (direct !== undefined) offerDirect(transaction, direct.write);
          return work(transaction);
        });
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !collided?.(error)) throw error;
      }
    }
  }

  /** Releases the connections. Nothing may be running. */
  async close(): Promise<void> {
    await this.#reader.destroy();
    await this.#writer.destroy();
  }

  /** The error as the ports give it: ours untouched, the backend's wrapped once. */
  failure(operation: string, error: unknown): ModelwrightError {
    if (ModelwrightError.is(error)) return error;
    const { name, retryable } = this.backend;
    return new ModelwrightError("STORE_FAILED", `${name} could not ${operation}: ${messageOf(error)}`, {
      details: { store: name, operation },
      cause: error,
      retryable: !(error instanceof UncertainCommit) && retryable(error),
    });
  }
}

/** One port's way to the database: it is closed by itself and leaves the database open. */
export class SqlSession {
  readonly #database: SqlDatabase;
  readonly #lifecycle: Lifecycle;

  /** @param port - the port, as errors name it after its database */
  constructor(database: SqlDatabase, port: string) {
    this.#database = database;
    this.#lifecycle = new Lifecycle(`${database.backend.name} (${port})`);
  }

  /** Runs statements that change nothing, each a step by itself. */
  read<T>(operation: string, call: CallOptions | undefined, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#run(operation, call, ({ reader }) => work(reader));
  }

  /**
   * Runs statements in one transaction; an abort that comes before its end undoes it. Work that collides with another transaction is
   * run again, as {@link SqlDatabase.transact} says.
   */
  write<T>(operation: string, call: CallOptions | undefined, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#run(operation, call, (_, signal) =>
      this.#database.transact(async (transaction) => {
        signal?.throwIfAborted();
        const answer = await work(transaction);
        signal?.throwIfAborted();
        return answer;
      }),
    );
  }

  /** Refuses new work and waits for running work. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  #run<T>(
    operation: string,
    call: CallOptions | undefined,
    work: (connections: Awaited<ReturnType<SqlDatabase["ready"]>>, signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> {
    const attempt = async (signal: AbortSignal | undefined) => {
      const connections = await this.#database.ready();
      try {
        return await work(connections, signal);
      } catch (error) {
        throw signal?.aborted && error === signal.reason ? error : this.#database.failure(operation, error);
      }
    };
    return withDeadline(call, (signal) => this.#lifecycle.run(() => attempt(signal)), this.#database.clock);
  }
}
