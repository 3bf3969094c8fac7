import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Digest } from "../../core/digest.ts";
import { uuidv7Generator } from "../../core/ids.ts";
import { errnoOf } from "./file-failure.ts";

/** A file in `tmp` that has not been written to for this long belongs to a process that was killed. */
const GRACE_MS = 24 * 3_600_000;

/** Only files that are named as ours are swept: the store's root may be a folder whose `tmp` others use. */
const TEMPORARY = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;

// A link planted in the store must not lead the reader elsewhere, a planted pipe not block it. Windows has neither flag.
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** How systems say that a directory cannot be opened or synchronised: Windows, some network file systems, folders that can be entered only. */
const UNSYNCABLE = new Set(["EACCES", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"]);

/** A blob that is being read. */
export interface OpenBlob {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  /** Whether it takes less of the disk than its size: it has holes, or the file system compresses. */
  readonly holey: boolean;
}

/** A file that is being written. */
export interface TemporaryFile {
  readonly handle: FileHandle;
  readonly path: string;
}

/**
 * The folder of one store: where its files lie and how they become durable. Throws the system's own errors.
 *
 * `sha256/ab/cdef…` holds the blob whose digest begins with `ab`; `tmp` holds what is being written. Both lie in one file
 * system, so that a rename is atomic.
 */
export class BlobFolder {
  readonly #root: string;
  readonly #blobs: string;
  readonly #temporary: string;
  /** Folders above the root, the nearest first: an entry of each leads to the next, and any process may have made it just now. */
  readonly #outer: readonly string[];
  #outerSynced = false;
  /** Folders of blobs that the disk knows to be there; none that this process has made since. */
  readonly #rooted = new Set<string>();
  readonly #nextId = uuidv7Generator();

  constructor(path: string) {
    this.#root = resolve(path);
    this.#blobs = join(this.#root, "sha256");
    this.#temporary = join(this.#root, "tmp");
    this.#outer = foldersAbove(this.#root);
  }

  /** Opens a blob; undefined when there is none, `foreign` when something is in its place that the store has not put there. */
  async open(digest: Digest): Promise<OpenBlob | "foreign" | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.#path(digest), READ_FLAGS);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "ENOENT") return undefined;
      if (code === "ELOOP" || code === "EMLINK") return "foreign";
      throw error;
    }
    try {
      const info = await handle.stat();
      if (info.isFile()) return { handle, sizeBytes: info.size, holey: info.blocks * 512 < info.size };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    return "foreign";
  }

  /** Size of a blob; undefined when there is none. */
  async sizeBytes(digest: Digest): Promise<number | undefined> {
    const info = await unlessMissing(() => lstat(this.#path(digest)));
    return info?.isFile() ? info.size : undefined;
  }

  /** Removes a blob; answers whether it was there. */
  async remove(digest: Digest): Promise<boolean> {
    return (await unlessMissing(() => unlink(this.#path(digest)).then(() => true))) ?? false;
  }

  /** Digests of the blobs, as far as file names tell. */
  async *digests(): AsyncGenerator<Digest, void> {
    for (const shard of await namesIn(this.#blobs, /^[0-9a-f]{2}$/)) {
      for (const rest of await namesIn(join(this.#blobs, shard), /^[0-9a-f]{62}$/)) yield `sha256:${shard}${rest}`;
    }
  }

  /** Opens a new file for content whose digest is not known yet. */
  async openTemporary(): Promise<TemporaryFile> {
    const path = join(this.#temporary, `${this.#nextId()}.part`);
    return { handle: await this.#within(this.#temporary, () => open(path, "wx")), path };
  }

  /** Makes a complete temporary file the blob, in place of what was there. */
  async adopt(temporary: TemporaryFile, digest: Digest): Promise<void> {
    await temporary.handle.sync(); // before the rename: the name must never point to bytes that a crash can lose
    await temporary.handle.close();
    const path = this.#path(digest);
    await this.#within(dirname(path), () => rename(temporary.path, path));
  }

  /** Removes a temporary file that was not adopted. */
  async discard(temporary: TemporaryFile): Promise<void> {
    await temporary.handle.close();
    await unlessMissing(() => unlink(temporary.path));
  }

  /**
   * Makes the entries that lead to a blob durable; also those that another process has made and may not have synchronised yet. What
   * leads to a folder of blobs is synchronised with its first blob, and again when the folder had to be made anew. Nobody but whoever
   * throws a store away removes its folders.
   */
  async syncPathTo(digest: Digest): Promise<void> {
    const folder = dirname(this.#path(digest));
    if (this.#rooted.has(folder)) return syncDirectory(folder);
    const outer = this.#outerSynced ? [] : this.#outer;
    await Promise.all([folder, this.#blobs, this.#root, ...outer].map(syncDirectory));
    this.#outerSynced = true;
    this.#rooted.add(folder);
  }

  /** Removes what killed processes have left in `tmp`. */
  async sweep(nowMs: number): Promise<void> {
    for (const name of await namesIn(this.#temporary, TEMPORARY)) {
      const path = join(this.#temporary, name);
      const info = await unlessMissing(() => lstat(path));
      if (info?.isFile() && nowMs - info.mtimeMs > GRACE_MS) await rm(path, { force: true });
    }
  }

  #path(digest: Digest): string {
    const hex = digest.slice("sha256:".length);
    return join(this.#blobs, hex.slice(0, 2), hex.slice(2));
  }

  /** Does something in a folder, which is made when it is not there. */
  async #within<T>(directory: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    this.#rooted.delete(directory);
    const first = await mkdir(directory, { recursive: true });
    if (first !== undefined && first.length <= this.#root.length) this.#outerSynced = false;
    return work();
  }
}

function foldersAbove(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

async function namesIn(directory: string, pattern: RegExp): Promise<readonly string[]> {
  const names = (await unlessMissing(() => readdir(directory))) ?? [];
  return names.filter((name) => pattern.test(name));
}

async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!UNSYNCABLE.has(errnoOf(error) ?? "")) throw error;
  }
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
