import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileModel, fs } from "../../src/adapters/fs/index.ts";
import { type Digest, sha256 } from "../../src/core/digest.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { blobStoreConformance } from "../../src/testing/conformance/blob-store.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { all } from "../all.ts";

const DAY_MS = 86_400_000;
const hello = new TextEncoder().encode("hello");
let base: string;
let folders = 0;

/** A folder that does not exist yet. */
const fresh = () => join(base, `store-${++folders}`);
const fileOf = (root: string, digest: Digest) => join(root, "sha256", digest.slice(7, 9), digest.slice(9));
const temporaries = (root: string) => readdir(join(root, "tmp"));
const UUID = "0190163d-8694-739b-aea5-966c26f8ad91";

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "modelwright-fs-"));
});
afterAll(() => rm(base, { recursive: true, force: true }));

blobStoreConformance({ describe, it, expect }, () => fs(fresh()), {
  damage: (store, digest) => writeFile(fileOf(store.name.slice("fs:".length), digest), "damaged"),
});

describe("fs", () => {
  it("does nothing to the disk before the first put", async () => {
    const root = fresh();
    await using store = fs(root);
    expect(await store.stat(await sha256(hello))).toBeUndefined();
    expect(await all(store.list())).toEqual([]);
    await expect(readdir(root)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("keeps a blob in a file named by its digest, and no other file", async () => {
    const root = join(fresh(), "made", "with", "parents");
    await using store = fs(root);
    const { digest } = await store.put(hello);
    expect(await readFile(fileOf(root, digest), "utf8")).toBe("hello");
    expect(await readdir(root, { recursive: true })).toHaveLength(4); // sha256, its shard, the file, tmp
  });

  it("is found by another store over the same folder", async () => {
    const root = fresh();
    await using first = fs(root);
    const { digest } = await first.put(hello);
    await first[Symbol.asyncDispose]();
    await using second = fs(root);
    expect(await second.get(digest)).toEqual(hello);
  });

  it("takes a stream of the file system", async () => {
    const root = fresh();
    await using store = fs(root);
    await writeFile(join(base, "source.bin"), Buffer.alloc(200_000, 7));
    const { digest } = await store.put(createReadStream(join(base, "source.bin")));
    expect(digest).toBe(await sha256(Buffer.alloc(200_000, 7)));
  });

  const damages: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
    ["changed", (file) => writeFile(file, "hellO")],
    ["truncated", (file) => truncate(file, 2)],
    ["emptied", (file) => truncate(file, 0)],
    ["appended to", (file) => appendFile(file, "!")],
    [
      "replaced by a link to the right bytes",
      async (file) => {
        await rename(file, `${file}.moved`);
        await symlink(`${file}.moved`, file);
      },
    ],
  ];
  it.each(damages)(
    "finds a file that was %s when it is read, and repairs it when the content is put again",
    async (_, damage) => {
      const root = fresh();
      await using store = fs(root);
      const { digest } = await store.put(hello);
      await damage(fileOf(root, digest));
      await expect(store.get(digest)).rejects.toMatchObject({
        code: "STORE_CORRUPT",
        details: { store: `fs:${root}`, key: digest },
      });
      await expect(all(store.stream(digest))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      expect(await store.put(hello)).toEqual({ digest, sizeBytes: 5 });
      expect(await store.get(digest)).toEqual(hello);
      expect(await temporaries(root)).toEqual([]);
    },
  );

  it("answers what is left of a file, not more, when the caller waives the check", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(hello);
    await truncate(fileOf(root, digest), 2);
    expect(await store.get(digest, { verify: false })).toEqual(hello.subarray(0, 2));
    await appendFile(fileOf(root, digest), "rbal");
    expect(Buffer.from(await store.get(digest, { verify: false })).toString()).toBe("herbal");
  });

  it.each([
    ["shorter", (file: string) => truncate(file, 1_500_000)],
    ["longer", (file: string) => appendFile(file, "!")],
  ])("says that a file has become %s while it was read", async (_, change) => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(new Uint8Array(3_000_000));
    const read = async () => {
      let chunks = 0;
      for await (const _chunk of store.stream(digest)) if (chunks++ === 0) await change(fileOf(root, digest));
    };
    await expect(read()).rejects.toMatchObject({
      code: "STORE_CORRUPT",
      details: { store: `fs:${root}`, key: digest, actual: "a file that changed while it was read" },
    });
  });

  it("answers no bytes that it has not read when a file shrinks, whenever that is", async () => {
    const root = fresh();
    await using store = fs(root);
    const ones = new Uint8Array(8_000_000).fill(1);
    for (let round = 0; round < 10; round++) {
      const { digest } = await store.put(ones);
      const reading = store.get(digest, { verify: false }).catch((error: unknown) => error);
      await truncate(fileOf(root, digest), 7_999_999);
      const answer = await reading;
      if (answer instanceof Uint8Array) expect(answer.indexOf(0)).toBe(-1);
      else expect(answer).toMatchObject({ code: "STORE_FAILED", retryable: true });
    }
  });

  it("refuses a file that says a size beyond the memory, and does not try", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(hello);
    await truncate(fileOf(root, digest), 2 ** 42);
    for (const verify of [true, false]) {
      await expect(store.get(digest, { verify })).rejects.toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("a file of 4398046511104 bytes does not fit into memory"),
        retryable: false,
      });
    }
    expect(await store.put(hello)).toEqual({ digest, sizeBytes: 5 });
  });

  it("finds that a file of holes is damaged before it takes memory for it", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(hello);
    await truncate(fileOf(root, digest), 256 << 20);
    const before = process.memoryUsage().arrayBuffers;
    const reading = store.get(digest).catch((error: unknown) => error);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 1);
    expect(await reading).toMatchObject({ code: "STORE_CORRUPT" });
    clearInterval(watch);
    expect(most).toBeLessThan(128 << 20);
  });

  it("reads a blob of zeros, which a file system may keep as holes", async () => {
    const root = fresh();
    await using store = fs(root);
    const zeros = new Uint8Array(65 << 20);
    const { digest } = await store.put(zeros);
    await rm(fileOf(root, digest));
    await writeFile(fileOf(root, digest), "");
    await truncate(fileOf(root, digest), zeros.length);
    expect(Buffer.compare(await store.get(digest), zeros)).toBe(0);
  });

  it("says what the damaged bytes are and what to do", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(hello);
    await writeFile(fileOf(root, digest), "other");
    const other = await sha256(new TextEncoder().encode("other"));
    await expect(store.get(digest)).rejects.toThrow(
      `fs:${root} holds damaged bytes under ${digest} (found: ${other}); put the content again to repair it, or delete it`,
    );
  });

  it("yields the chunks of a damaged file before it throws", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(new Uint8Array(3_000_000));
    await truncate(fileOf(root, digest), 2_500_000);
    let sizeBytes = 0;
    const read = async () => {
      for await (const chunk of store.stream(digest)) sizeBytes += chunk.length;
    };
    await expect(read()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(sizeBytes).toBe(2_500_000);
  });

  it("neither follows, lists nor sizes a link in place of a blob, and removes the link alone", async () => {
    const root = fresh();
    await using store = fs(root);
    await store.put(new Uint8Array([1]));
    const secret = join(base, "secret");
    await writeFile(secret, hello);
    const digest = await sha256(hello);
    await mkdir(dirname(fileOf(root, digest)), { recursive: true });
    await symlink(secret, fileOf(root, digest));
    await expect(store.get(digest)).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { actual: "no regular file" } });
    expect(await store.stat(digest)).toBeUndefined();
    expect(await all(store.list())).toHaveLength(1);
    expect(await store.delete(digest)).toBe(true);
    expect(await readFile(secret, "utf8")).toBe("hello");
  });

  it("leaves an intact file as it is when the content is put again", async () => {
    const root = fresh();
    await using store = fs(root);
    const { digest } = await store.put(hello);
    const before = await stat(fileOf(root, digest));
    await store.put(hello);
    const after = await stat(fileOf(root, digest));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await temporaries(root)).toEqual([]);
  });

  it("does not list files that it has not written", async () => {
    const root = fresh();
    await using store = fs(root);
    const info = await store.put(hello);
    await writeFile(join(root, "sha256", ".DS_Store"), "");
    await writeFile(join(dirname(fileOf(root, info.digest)), "README"), "");
    await mkdir(join(root, "sha256", "zz"));
    expect(await all(store.list())).toEqual([info]);
  });

  it("leaves no temporary file after a stream that failed, had another digest or was aborted", async () => {
    const root = fresh();
    await using store = fs(root);
    const controller = new AbortController();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield hello;
      expect(await temporaries(root)).toHaveLength(1);
      throw new Error("broken");
    }
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield hello;
      controller.abort(new Error("stop"));
      await new Promise(() => {});
    }
    await expect(store.put(failing())).rejects.toThrow("broken");
    await expect(store.put(hello, { expected: `sha256:${"0".repeat(64)}` })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await expect(store.put(aborting(), { signal: controller.signal })).rejects.toThrow("stop");
    await store[Symbol.asyncDispose](); // an abort is answered at once; disposal waits for the cleaning up
    expect(await temporaries(root)).toEqual([]);
    await expect(readdir(join(root, "sha256"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("removes what a killed process has left after a day, and not before", async () => {
    const root = fresh();
    const clock = new FakeClock();
    await mkdir(join(root, "tmp"), { recursive: true });
    const age = async (name: string, ms: number) => {
      await writeFile(join(root, "tmp", name), "half");
      await utimes(join(root, "tmp", name), new Date(), new Date(clock.now() - ms));
    };
    await age(`${UUID}.part`, DAY_MS + 1_000);
    await age(`${UUID.replace("1", "2")}.part`, DAY_MS - 1_000);
    await age("somebody-elses.part", 30 * DAY_MS);
    await age(UUID, 30 * DAY_MS);
    await mkdir(join(root, "tmp", `${UUID.replace("1", "3")}.part`));
    await using reader = fs(root, { clock });
    expect(await all(reader.list())).toEqual([]);
    expect(await temporaries(root)).toHaveLength(5);
    await reader.put(hello);
    expect((await temporaries(root)).sort()).toEqual(
      [UUID, `${UUID.replace("1", "2")}.part`, `${UUID.replace("1", "3")}.part`, "somebody-elses.part"].sort(),
    );
  });

  it("stores when leftovers cannot be removed, and logs it", async () => {
    const root = fresh();
    await mkdir(root);
    await writeFile(join(root, "tmp"), "a file where the folder should be");
    const warnings: string[] = [];
    await using store = fs(root, { logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
    await expect(store.put(hello)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await rm(join(root, "tmp"));
    expect((await store.put(hello)).sizeBytes).toBe(5);
    expect(warnings).toEqual(["Leftovers in the temporary folder of a blob store could not be removed"]);
  });

  it("wraps what the file system throws, and names the store and the operation", async () => {
    const file = join(base, "a-file");
    await writeFile(file, "");
    const digest = await sha256(hello);
    await using store = fs(join(file, "store"), { logger: silentLogger });
    const work = {
      put: () => store.put(hello),
      get: () => store.get(digest),
      stream: () => all(store.stream(digest)),
      stat: () => store.stat(digest),
      delete: () => store.delete(digest),
      list: () => all(store.list()),
    };
    for (const [operation, run] of Object.entries(work)) {
      await expect(run()).rejects.toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining(`fs:${join(file, "store")} failed to ${operation}: ENOTDIR`),
        details: { store: `fs:${join(file, "store")}`, operation },
        cause: { code: "ENOTDIR" },
        retryable: false,
      });
    }
  });

  it("passes on a system error of the producer as it is", async () => {
    await using store = fs(fresh());
    await expect(store.put(createReadStream(join(base, "missing")))).rejects.toMatchObject({ name: "Error", code: "ENOENT" });
  });

  it("goes on reading a blob that is removed meanwhile", async () => {
    await using store = fs(fresh());
    const { digest } = await store.put(new Uint8Array(3_000_000));
    let sizeBytes = 0;
    for await (const chunk of store.stream(digest)) {
      if (sizeBytes === 0) expect(await store.delete(digest)).toBe(true);
      sizeBytes += chunk.length;
    }
    expect(sizeBytes).toBe(3_000_000);
    await expect(store.get(digest)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
  });

  it("stores the same content from several processes at once", async () => {
    const root = fresh();
    const script = `
      import { fs } from ${JSON.stringify(new URL("../../src/adapters/fs/index.ts", import.meta.url).href)};
      const store = fs(${JSON.stringify(root)});
      for (let i = 0; i < 10; i++) await store.put(new Uint8Array(100_000).fill(i));
    `;
    const child = () =>
      new Promise<number | null>((resolve) => {
        spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" }).on("close", resolve);
      });
    expect(await Promise.all([child(), child(), child()])).toEqual([0, 0, 0]);
    await using store = fs(root);
    const infos = await all(store.list());
    expect(infos).toHaveLength(10);
    for (const { digest } of infos) expect((await store.get(digest)).length).toBe(100_000);
    expect(await temporaries(root)).toEqual([]);
  });

  it.each(["", "a\0b", undefined as never])("refuses %j as a path", (path) => {
    expect(() => fs(path)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(() => fileModel(path)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("fileModel", () => {
  it("reads the file and says its digest", async () => {
    const path = join(base, "model.onnx");
    await writeFile(path, hello);
    const source = fileModel(path);
    expect([source.spec, source.name]).toEqual(["model-source/1", path]);
    expect(await source.load()).toMatchObject({ identity: { digest: await sha256(hello) }, bytes: hello });
  });

  it("takes the file's URL for its path", async () => {
    const path = join(base, "a model #1.onnx");
    await writeFile(path, hello);
    for (const url of [pathToFileURL(path), pathToFileURL(path).href]) {
      const source = fileModel(url);
      expect(source.name).toBe(path);
      expect((await source.load()).bytes).toEqual(hello);
    }
  });

  it.each([new URL("https://host/m.onnx"), new URL("file://host/m.onnx"), "file:///a%2Fb", "file:///a%00b"])(
    "refuses %s, which is no file of this machine",
    (url) => {
      expect(() => fileModel(url)).toThrow(
        expect.objectContaining({
          code: "CONFIG_INVALID",
          details: { subject: "fileModel", issues: [expect.objectContaining({ path: ["path"] })] },
        }),
      );
    },
  );

  it("reads other files of the model's folder, and none outside it", async () => {
    const folder = join(base, "external");
    await mkdir(join(folder, "data"), { recursive: true });
    await writeFile(join(folder, "model.onnx"), hello);
    await writeFile(join(folder, "data", "weights.bin"), "weights");
    await writeFile(join(base, "secret.bin"), "secret");
    await symlink(join(base, "secret.bin"), join(folder, "link.bin"));
    const { companion } = await fileModel(join(folder, "model.onnx")).load();
    expect(Buffer.from((await companion!("data/weights.bin"))!).toString()).toBe("weights");
    await expect(companion!("missing.bin")).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    for (const outside of ["../secret.bin", join(base, "secret.bin"), "link.bin", "data/../../secret.bin"]) {
      await expect(companion!(outside)).rejects.toMatchObject({ code: "MODEL_INVALID" });
    }
  });

  it("reads the file anew each time", async () => {
    const path = join(base, "changing.onnx");
    const source = fileModel(path);
    for (const text of ["one", "another"]) {
      await writeFile(path, text);
      expect(Buffer.from((await source.load()).bytes).toString()).toBe(text);
    }
  });

  it("reads a file of many chunks", async () => {
    const bytes = Uint8Array.from({ length: 2_500_001 }, (_, i) => i % 253);
    const path = join(base, "large.onnx");
    await writeFile(path, bytes);
    const { identity, bytes: read } = await fileModel(path).load();
    expect(identity).toEqual({ digest: await sha256(bytes) });
    expect(Buffer.compare(read, bytes)).toBe(0);
  });

  it("rejects with STORE_NOT_FOUND when there is no file", async () => {
    const path = join(base, "missing.onnx");
    await expect(fileModel(path).load()).rejects.toMatchObject({
      code: "STORE_NOT_FOUND",
      message: `There is no file ${path}; check the path of fileModel`,
      details: { store: `file ${path}`, key: path },
    });
  });

  it("rejects with STORE_FAILED for a file that says a size beyond the memory", async () => {
    const path = join(base, "holes.onnx");
    await writeFile(path, "");
    await truncate(path, 2 ** 42);
    await expect(fileModel(path).load()).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: `file ${path} failed to load: a file of 4398046511104 bytes does not fit into memory`,
    });
  });

  it("rejects with STORE_FAILED when the path is a folder", async () => {
    await expect(fileModel(base).load()).rejects.toMatchObject({ code: "STORE_FAILED", cause: { code: "EISDIR" } });
  });

  it("rejects with the reason of an aborted signal", async () => {
    const reason = new Error("not needed any more");
    await expect(fileModel(join(base, "model.onnx")).load({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
