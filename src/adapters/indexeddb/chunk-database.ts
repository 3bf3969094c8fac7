import { ModelwrightError } from "../../core/errors.ts";
import { exceptionName, idbFailure } from "./idb-failure.ts";

const VERSION = 1;
const STORES = ["blobs", "chunks", "uploads"] as const;

/** An object store of the database: `blobs` by digest, `chunks` by `[content, index]`, `uploads` by content. */
type StoreName = (typeof STORES)[number];

/** The object stores within one transaction. */
export type Stores = (name: StoreName) => IDBObjectStore;

/**
 * The connection to one database. It is opened on first use, and again after the browser or another page has had it closed. What goes
 * wrong is `STORE_FAILED`.
 */
export class ChunkDatabase {
  readonly #name: string;
  readonly #store: string;
  #connection: Promise<IDBDatabase> | undefined;

  /** @param store - the blob store, as errors name it */
  constructor(name: string, store: string) {
    this.#name = name;
    this.#store = store;
  }

  /**
   * Runs `work` in one transaction, which is undone when it throws. It may await nothing but requests of the transaction.
   * A change is on the disk when the call is answered.
   */
  async run<T>(operation: string, mode: "readonly" | "readwrite", work: (stores: Stores) => Promise<T>): Promise<T> {
    try {
      const transaction = await this.#begin(mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new DOMException("The transaction was aborted", "AbortError"));
      });
      done.catch(() => {}); // looked at below; until then nobody waits for it
      let value: T;
      try {
        value = await work((name) => transaction.objectStore(name));
      } catch (error) {
        abort(transaction);
        throw error;
      }
      await done;
      return value;
    } catch (error) {
      throw idbFailure(this.#store, operation, error);
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    (await connection?.catch(() => undefined))?.close();
  }

  async #begin(mode: "readonly" | "readwrite"): Promise<IDBTransaction> {
    const begin = async () => (await this.#connect()).transaction(STORES, mode, { durability: "strict" });
    try {
      return await begin();
    } catch (error) {
      if (exceptionName(error) !== "InvalidStateError") throw error;
      this.#connection = undefined; // closed since it was looked at
      return begin();
    }
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#connection === undefined) {
      const connection = this.#open();
      this.#connection = connection;
      const forget = () => {
        if (this.#connection === connection) this.#connection = undefined;
      };
      connection.then((database) => {
        database.onclose = forget;
        // Somebody deletes the database, or a newer release changes its schema: neither may have to wait for this page.
        database.onversionchange = () => {
          forget();
          database.close();
        };
      }, forget);
    }
    return this.#connection;
  }

  async #open(): Promise<IDBDatabase> {
    if ((globalThis as { indexedDB?: unknown }).indexedDB === undefined) {
      throw new ModelwrightError("UNSUPPORTED", `${this.#store} needs a browser: there is no IndexedDB here`, {
        details: { feature: "IndexedDB" },
      });
    }
    const request = indexedDB.open(this.#name, VERSION);
    request.onupgradeneeded = () => {
      const database = request.result;
      database.createObjectStore("blobs", { keyPath: "digest" });
      database.createObjectStore("chunks");
      database.createObjectStore("uploads", { keyPath: "content" });
    };
    let database: IDBDatabase;
    try {
      database = await answerOf(request);
    } catch (error) {
      if (exceptionName(error) === "VersionError") throw this.#foreign("a newer version", error);
      throw error;
    }
    if (STORES.every((name) => database.objectStoreNames.contains(name))) return database;
    database.close();
    throw this.#foreign(`the object stores ${JSON.stringify([...database.objectStoreNames])}`);
  }

  #foreign(found: string, cause?: unknown): ModelwrightError<"STORE_SCHEMA"> {
    const message = `${this.#store} has ${found}, which this release does not know; choose another name or update modelwright`;
    return new ModelwrightError("STORE_SCHEMA", message, {
      details: { store: this.#store, found, known: `version ${VERSION}` },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** What a request answers. */
export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // A request that failed has aborted it.
  }
}
