import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import {
  DriftDetector,
  FeatureServer,
  featureView,
  Histogram,
  ModelRegistry,
  ModelwrightError,
  memoryBlobs,
  memoryOnline,
  memoryRegistry,
  parseModelRef,
} from "../../src/index.ts";

const special = ["__proto__", "constructor", "toString", "hasOwnProperty", "toJSON", "then"];
const key = fc.oneof(fc.constantFrom(...special), fc.string({ unit: "binary", minLength: 1, maxLength: 20 }));

/** What `JSON.parse` can make of a request, with the names that every object has as often as others. */
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -0, 1e308, 2 ** 53, "\0", ...special),
    fc.double(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value;

/** Does the work, which may fail with one of the codes only. */
async function may(codes: readonly string[], work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(ModelwrightError.is(error) && codes.includes(error.code))) throw error;
  }
}

/** A copy of a JSON document with one member changed; the path is taken modulo what is there. */
function changed(document: unknown, path: readonly number[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (typeof document !== "object" || document === null || step === undefined) return value;
  const members = Object.entries(document);
  const at = members[step % Math.max(1, members.length)];
  if (at === undefined) return value;
  const copy = Object.fromEntries(
    members.map(([name, member]) => [name, name === at[0] ? changed(member, rest, value) : member]),
  );
  return Array.isArray(document) ? Object.values(copy) : copy;
}

describe("any JSON", () => {
  it("given to a registry is taken or refused with a code", async () => {
    const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
    const valid = { name: "m", flavor: "text", files: { a: Uint8Array.of(1) } };
    await registry.register(valid);
    const members = ["name", "flavor", "description", "files", "tags", "metrics", "hyperparameters", "lineage"];
    const missing = ["INPUT_INVALID", "REGISTRY_MODEL_NOT_FOUND", "REGISTRY_VERSION_NOT_FOUND"];
    await fc.assert(
      fc.asyncProperty(json, fc.oneof(key, fc.constantFrom(...members)), async (value, name) => {
        const given = Object.fromEntries([...Object.entries(valid), [name, value]]);
        for (const registration of [value, given]) {
          await may(["INPUT_INVALID", "MODEL_INVALID"], () => registry.register(registration as never));
        }
        await may(missing, () => registry.get(value as never));
        await may(missing, () => registry.alias("m", "champion", value as never));
        await may(["INPUT_INVALID"], () => registry.alias("m", value as never, 1));
        await may(["REGISTRY_TRANSITION_FORBIDDEN"], () => registry.transition("m@1", value as never));
        await may(["INPUT_INVALID"], () => parseModelRef(value as never));
      }),
    );
    expect(await registry.get("m@1")).toMatchObject({ stage: "development" });
  });

  it("written as a feature is read as it was, or refused with a code, by every store", async () => {
    await using db = sqlite({ path: ":memory:" });
    await using memory = memoryOnline();
    const view = featureView({ name: "toString", entity: "constructor", schema: z.object({ a: z.unknown() }) });
    const servers = [db.online, memory].map((online) => new FeatureServer({ views: [view], online }));
    await fc.assert(
      fc.asyncProperty(json, key, async (value, name) => {
        for (const server of servers) {
          await may(["INPUT_INVALID"], async () => {
            await server.write(view, [{ key: name, values: { a: value } }]);
            const { values } = await server.get({ constructor: name } as never, ["toString.a"]);
            expect(values["toString.a"]).toEqual(value);
          });
          await may(["INPUT_INVALID", "FEATURE_KEY_MISSING"], () => server.get(value as never, ["toString.a"]));
        }
      }),
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("put into the state of a detector or a histogram restores it, or is refused with a code", async () => {
    const schema = z.object({ a: z.number(), c: z.string() });
    const rows = Array.from({ length: 60 }, (_, i) => ({ a: i % 30, c: `x${i % 4}` }));
    const fitted = new DriftDetector({ schema });
    const reference = fitted.fit(rows);
    fitted.observe(rows);
    const window = fitted.snapshot();
    const histogram = new Histogram();
    histogram.record(3);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(300), { maxLength: 4 }), json, async (path, value) => {
        const detector = new DriftDetector({ schema, reference });
        await may(["DRIFT_STATE_INVALID"], () => {
          const restored = new DriftDetector({ schema, reference: changed(reference, path, value) as never });
          restored.observe(rows);
          restored.check();
        });
        await may(["DRIFT_STATE_INVALID"], () => detector.merge(changed(window, path, value) as never));
        await may(["INPUT_MISSING", "INPUT_INVALID"], () => detector.observeColumns({ a: value, c: value } as never));
        await may(["INPUT_INVALID"], () => detector.observe(value as never));
        await may(["INPUT_INVALID"], () => Histogram.fromJSON(changed(histogram.toJSON(), path, value) as never).quantile(0.5));
        detector.check();
      }),
    );
    expect(fitted.snapshot()).toEqual(window);
  });

  it("may name files, tags, metrics and hyperparameters as every object's members are named", async () => {
    await using db = sqlite({ path: ":memory:" });
    for (const store of [memoryRegistry(), db.registry]) {
      const registry = new ModelRegistry({ store, blobs: memoryBlobs() });
      for (const name of special) {
        const { version } = await registry.register({
          name: "m",
          flavor: "text",
          files: Object.fromEntries([[name, Uint8Array.of(1)]]),
          tags: Object.fromEntries([[name, "tag"]]),
          metrics: Object.fromEntries([[name, 1]]),
          hyperparameters: Object.fromEntries([[name, Object.fromEntries([[name, 2]])]]),
        });
        const loaded = await registry.load(`m@${version}`);
        expect(Object.keys(loaded.files)).toEqual([name]);
        expect(Object.entries(loaded.version.tags)).toEqual([[name, "tag"]]);
        expect(Object.entries(loaded.version.metrics)).toEqual([[name, 1]]);
        expect(JSON.stringify(loaded.version.hyperparameters)).toBe(`{"${name}":{"${name}":2}}`);
      }
    }
  });
});
