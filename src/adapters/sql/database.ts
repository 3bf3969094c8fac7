import { type Dialect, Kysely } from "kysely";
import type { CallOptions, Runtime } from "../../core/call.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError, messageOf } from "../../core/errors.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import { type Migration, migrate } from "./migrate.ts";
import type { Tables } from "./tables.ts";

/** What a backend brings: its dialect, its schema and its manners. */
interface SqlBackend {
  /** As errors name it, for example `sqlite models.db`. */
  readonly name: string;
  /** Connects on first use. Its transactions must exclude each other's writes from their first statement on. */
  readonly dialect: Dialect;
  /** Connects for reading only, so that reads need not queue behind writes. @defaultValue `dialect` serves both */
  readonly readDialect?: Dialect | undefined;
  readonly migrations: readonly Migration[];
  /** Whether a failed call changed nothing and may succeed when repeated. */
  readonly retryable: (error: unknown) => boolean;
}

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
    const { dialect, readDialect } = backend;
    this.#writer = new Kysely<Tables>({ dialect });
    this.#reader = readDialect === undefined ? this.#writer : new Kysely<Tables>({ dialect: readDialect });
  }

  /** The connections to a database that is migrated. */
  async ready(): Promise<{ readonly reader: Kysely<Tables>; readonly writer: Kysely<Tables> }> {
    const { backend, clock } = this;
    this.#ready ??= migrate(this.#writer, backend.migrations, { store: backend.name, clock }).catch((error) => {
      this.#ready = undefined;
      throw this.failure("open", error);
    });
    await this.#ready;
    return { reader: this.#reader, writer: this.#writer };
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
      retryable: retryable(error),
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

  /** Runs statements in one transaction; an abort that comes before its end undoes it. */
  write<T>(operation: string, call: CallOptions | undefined, work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.#run(operation, call, ({ writer }, signal) =>
      writer.transaction().execute(async (transaction) => {
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
