import type { LineageEdge, RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import { draft, insertAll, parent, refuses, stamp } from "./registry-drafts.ts";
import { hostileTexts } from "./tracking-drafts.ts";

const code: LineageEdge = { kind: "code", ref: "0f3a" };
const dataset: LineageEdge = { kind: "dataset", ref: "0f3a" };

/** What the port says of lineage. */
export const lineageTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "adds edges in their order, each once": async (store, check) => {
    await store.insertVersion(draft("a", { lineage: [code, dataset, code] }), stamp());
    const made = await store.findVersion({ name: "a", version: 1 });
    check.equal(made?.lineage, [code, dataset]);
    const run: LineageEdge = { kind: "run", ref: "r1" };
    const report: LineageEdge = { kind: "report", ref: "0f3a" };
    const added = await store.addLineage("a", 1, [run, code, report, run], stamp());
    check.equal(added, { ...made, lineage: [code, dataset, run, report] });
    check.equal(await store.findVersion({ name: "a", version: 1 }), added);
  },

  "logs nothing when it has every edge already": async (store, check) => {
    await store.insertVersion(draft("a", { lineage: [code] }), stamp());
    const before = [await store.auditHead(), await store.findVersion({ name: "a", version: 1 })];
    check.equal(await store.addLineage("a", 1, [code, code], stamp()), before[1]);
    check.equal(await store.addLineage("a", 1, [], stamp()), before[1]);
    check.equal([await store.auditHead(), await store.findVersion({ name: "a", version: 1 })], before);
  },

  "takes a parent that is a version of this registry, and any text that is none": async (store, check) => {
    await insertAll(store, "base", ["development"]);
    const elsewhere = ["hub/base", "base", "base@staging", "base@0", "base@01", "https://example.com/a@b@1", "@1", "a b@7"];
    const lineage = ["base@1", ...elsewhere].map(parent);
    check.equal((await store.insertVersion(draft("a", { lineage }), stamp())).lineage, lineage);
    check.equal((await store.addLineage("base", 1, elsewhere.map(parent), stamp())).lineage, elsewhere.map(parent));
  },

  "refuses a parent that is not there, and adds nothing": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    const draftOf = (ref: string) => draft("a", { lineage: [code, parent(ref)] });
    for (const ref of ["a@2", "b@1"]) {
      await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.insertVersion(draftOf(ref), stamp()));
      await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.addLineage("a", 1, [code, parent(ref)], stamp()));
    }
    const error = await check.fails("REGISTRY_VERSION_NOT_FOUND", () => store.insertVersion(draftOf("b@1"), stamp()));
    check.equal(error.details, { ref: "b@1" });
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.addLineage("a", 9, [code], stamp()));
    check.equal(await store.findLinksTo([code]), []);
    check.equal((await store.insertVersion(draft("a"), stamp())).version, 2);
  },

  "takes a number for missing that was deleted": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    await store.deleteVersion("a", 1, "development", stamp());
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.addLineage("a", 2, [parent("a@1")], stamp()));
  },

  "refuses a version that is its own ancestor, at any distance": async (store, check) => {
    await insertAll(store, "a", ["development", "development", "development", "development"]);
    await insertAll(store, "b", ["development"]);
    await refuses(store, check, "REGISTRY_CYCLE", () => store.addLineage("a", 1, [parent("a@1")], stamp()));
    await store.addLineage("a", 2, [parent("a@1")], stamp());
    await refuses(store, check, "REGISTRY_CYCLE", () => store.addLineage("a", 1, [code, parent("a@2")], stamp()));
    await store.addLineage("b", 1, [parent("a@2"), parent("a@4")], stamp());
    await store.addLineage("a", 3, [parent("b@1"), parent("a@1")], stamp());
    await refuses(store, check, "REGISTRY_CYCLE", () => store.addLineage("a", 1, [parent("a@4"), parent("a@3")], stamp()));
    const error = await check.fails("REGISTRY_CYCLE", () => store.addLineage("a", 4, [parent("a@3")], stamp()));
    check.equal(error.details, { ref: "a@4", parent: "a@3" });
    check.equal((await store.addLineage("a", 4, [parent("a@1")], stamp())).lineage, [parent("a@1")]);
  },

  "refuses one of two edges at once that make a cycle together": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    const outcomes = await Promise.allSettled([
      store.addLineage("a", 1, [parent("a@2")], stamp()),
      store.addLineage("a", 2, [parent("a@1")], stamp()),
    ]);
    const codes = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.code] : []));
    check.equal(codes, ["REGISTRY_CYCLE"]);
  },

  "follows generations of many versions with several parents each": async (store, check) => {
    await insertAll(
      store,
      "a",
      Array.from({ length: 12 }, () => "development"),
    );
    for (let version = 3; version <= 12; version++) {
      await store.addLineage("a", version, [parent(`a@${version - 1}`), parent(`a@${version - 2}`)], stamp());
    }
    await refuses(store, check, "REGISTRY_CYCLE", () => store.addLineage("a", 1, [parent("a@12")], stamp()));
    check.equal((await store.addLineage("a", 12, [parent("a@1")], stamp())).lineage.length, 3);
  },

  "finds the edges that point to something, in the order of name, version and their own": async (store, check) => {
    await store.insertVersion(draft("b", { lineage: [dataset, code] }), stamp());
    await store.insertVersion(draft("a", { lineage: [code] }), stamp());
    await store.insertVersion(draft("B", { lineage: [code] }), stamp());
    await insertAll(store, "a", ["development"]);
    await store.addLineage("a", 2, [parent("b@1"), code], stamp());
    check.equal(await store.findLinksTo([code, dataset, code, parent("b@1")]), [
      { name: "B", version: 1, ...code },
      { name: "a", version: 1, ...code },
      { name: "a", version: 2, ...parent("b@1") },
      { name: "a", version: 2, ...code },
      { name: "b", version: 1, ...dataset },
      { name: "b", version: 1, ...code },
    ]);
    check.equal(await store.findLinksTo([dataset]), [{ name: "b", version: 1, ...dataset }]);
    check.equal(await store.findLinksTo([{ kind: "run", ref: "0f3a" }]), []);
    check.equal(await store.findLinksTo([]), []);
  },

  "orders the edges of version 10 behind those of version 9": async (store, check) => {
    for (let i = 0; i < 11; i++) await store.insertVersion(draft("a", { lineage: [code] }), stamp());
    check.equal(
      (await store.findLinksTo([code])).map(({ version }) => version),
      Array.from({ length: 11 }, (_, i) => i + 1),
    );
  },

  "keeps references apart that look alike": async (store, check) => {
    const lineage = hostileTexts.map((ref): LineageEdge => ({ kind: "dataset", ref }));
    check.equal((await store.insertVersion(draft("a", { lineage }), stamp())).lineage, lineage);
    for (const edge of lineage) check.equal(await store.findLinksTo([edge]), [{ name: "a", version: 1, ...edge }]);
    check.equal(
      (await store.findLinksTo(lineage)).map(({ ref }) => ref),
      hostileTexts,
    );
  },
};
