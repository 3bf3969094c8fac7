import type { RegistryStore } from "../../registry/port.ts";
import type { SuiteTest } from "../suite.ts";
import { attribute, checkLog, draft, insertAll, record, refuses, START, searchRefs, stamp, tag } from "./registry-drafts.ts";
import { hostileTexts } from "./tracking-drafts.ts";

/** What the port says of aliases and notes. */
export const noteTests: Readonly<Record<string, SuiteTest<RegistryStore>>> = {
  "points an alias at one version at a time": async (store, check) => {
    await insertAll(store, "a", ["development", "development"]);
    check.equal(await store.setAlias("a", "champion", 1, stamp()), undefined);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
    check.equal(await store.setAlias("a", "champion", 2, stamp()), 1);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 2);
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases, []);
  },

  "changes and logs nothing when an alias points there already": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.setAlias("a", "champion", 1, stamp());
    const before = await store.auditHead();
    check.equal(await store.setAlias("a", "champion", 1, stamp()), 1);
    check.equal(await store.auditHead(), before);
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases, ["champion"]);
  },

  "removes an alias once": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    for (const alias of ["champion", "eu"]) await store.setAlias("a", alias, 1, stamp());
    check.equal(await store.deleteAlias("a", "champion", stamp()), 1);
    const before = await store.auditHead();
    check.equal(await store.deleteAlias("a", "champion", stamp()), undefined);
    check.equal(await store.deleteAlias("b", "champion", stamp()), undefined);
    check.equal(await store.auditHead(), before);
    check.equal(await store.findVersion({ name: "a", alias: "champion" }), undefined);
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.aliases, ["eu"]);
  },

  "keeps aliases of one name on different models apart": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await insertAll(store, "b", ["development", "development"]);
    await store.setAlias("a", "champion", 1, stamp());
    check.equal(await store.setAlias("b", "champion", 2, stamp()), undefined);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
    check.equal(await store.deleteAlias("b", "champion", stamp()), 2);
    check.equal((await store.findVersion({ name: "a", alias: "champion" }))?.version, 1);
  },

  "refuses an alias of a version that is not there and keeps the alias": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await store.setAlias("a", "champion", 1, stamp());
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.setAlias("a", "champion", 2, stamp()));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.setAlias("b", "champion", 1, stamp()));
  },

  "shows aliases, in order, wherever a version is answered": async (store, check) => {
    await insertAll(store, "a", ["staging", "staging", "production"]);
    for (const alias of ["shadow", "eu_2", "champion", "eu2", "eu", "eu-2"]) await store.setAlias("a", alias, 2, stamp());
    await store.setAlias("a", "old", 3, stamp());
    const expected = ["champion", "eu", "eu-2", "eu2", "eu_2", "shadow"];
    for (const ref of [{ version: 2 }, { stage: "staging" }, { alias: "eu" }]) {
      check.equal((await store.findVersion({ name: "a", ...ref }))?.aliases, expected);
    }
    const { items } = await store.searchVersions({ limit: 3 });
    check.equal(
      items.map(({ aliases }) => aliases),
      [["old"], expected, []],
    );
    const noted = await store.noteVersion("a", 2, { description: "x" }, stamp());
    const linked = await store.addLineage("a", 2, [{ kind: "code", ref: "1" }], stamp());
    check.equal([noted.aliases, linked.aliases], [expected, expected]);
    const move = { name: "a", version: 2, from: "staging", to: "production", displaceTo: "archived" };
    check.equal(
      (await store.moveStage(move, stamp())).map(({ aliases }) => aliases),
      [expected, ["old"]],
    );
    const model = await store.findModel("a");
    check.equal(
      [...(model?.aliases ?? [])].sort((a, b) => (a.alias < b.alias ? -1 : 1)),
      [...expected.map((alias) => ({ alias, version: 2 }))].toSpliced(5, 0, { alias: "old", version: 3 }),
    );
  },

  "leaves an alias at one of the versions that it is pointed at at once": async (store, check) => {
    await insertAll(store, "a", ["development", "development", "development"]);
    await Promise.all(Array.from({ length: 9 }, (_, i) => store.setAlias("a", "champion", (i % 3) + 1, stamp())));
    const { items } = await store.searchVersions({ limit: 9 });
    const holders = items.filter(({ aliases }) => aliases.includes("champion")).map(({ version }) => version);
    check.equal(holders, [(await store.findVersion({ name: "a", alias: "champion" }))?.version]);
  },

  "changes the notes that are given, and only those": async (store, check) => {
    const given = { description: "first", tags: { team: "risk", tier: "1", gone: "x" } };
    const made = await store.insertVersion(draft("a", given), stamp());
    await insertAll(store, "a", ["development"]);
    const tagged = await store.noteVersion("a", 1, { tags: { tier: "2", added: "", gone: null, never: null } }, stamp());
    check.equal(tagged, { ...made, tags: { team: "risk", tier: "2", added: "" } });
    const held = await store.noteVersion("a", 1, { legalHold: "case 7" }, stamp({ at: START + 9 }));
    check.equal(held, { ...tagged, legalHold: "case 7" });
    const described = await store.noteVersion("a", 1, { description: "" }, stamp());
    check.equal(described, { ...held, description: "" });
    const freed = await store.noteVersion("a", 1, { legalHold: null, description: "last" }, stamp());
    check.equal(freed, { ...described, legalHold: null, description: "last" });
    check.equal(await store.findVersion({ name: "a", version: 1 }), freed);
    check.equal((await store.findVersion({ name: "a", version: 2 }))?.description, "");
  },

  "finds a version by what it is noted with now": async (store, check) => {
    await store.insertVersion(draft("a", { description: "old", tags: { team: "risk", gone: "x" } }), stamp());
    await store.noteVersion("a", 1, { description: "new", tags: { team: "ops", gone: null }, legalHold: "x" }, stamp());
    await store.noteVersion("a", 1, { legalHold: null }, stamp());
    const finds = (field: ReturnType<typeof tag>, value: string) => searchRefs(store, { where: { op: "=", field, value } });
    check.equal([await finds(attribute("description"), "old"), await finds(attribute("description"), "new")], [[], ["a@1"]]);
    check.equal([await finds(tag("team"), "risk"), await finds(tag("team"), "ops")], [[], ["a@1"]]);
    check.equal([await finds(tag("gone"), "x"), await finds(attribute("legal_hold"), "x")], [[], []]);
    check.equal(await finds(attribute("flavor"), "onnx"), ["a@1"]);
  },

  "changes the notes of a model as those of a version": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    await insertAll(store, "b", ["development"]);
    const model = await store.findModel("a");
    const first = await store.noteModel("a", { description: "text", tags: { team: "risk", gone: "x" } }, stamp());
    check.equal(first, { ...model, description: "text", tags: { team: "risk", gone: "x" } });
    const second = await store.noteModel("a", { tags: { gone: null, tier: "1" } }, stamp());
    check.equal(second, { ...first, tags: { team: "risk", tier: "1" } });
    check.equal(await store.findModel("a"), second);
    check.equal((await store.findModel("b"))?.tags, {});
    check.equal((await store.findVersion({ name: "a", version: 1 }))?.description, "");
  },

  "refuses to note what is not there": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    const change = { description: "x" };
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.noteVersion("a", 2, change, stamp()));
    await refuses(store, check, "REGISTRY_VERSION_NOT_FOUND", () => store.noteVersion("b", 1, change, stamp()));
    await refuses(store, check, "REGISTRY_MODEL_NOT_FOUND", () => store.noteModel("b", change, stamp()));
    const error = await check.fails("REGISTRY_MODEL_NOT_FOUND", () => store.noteModel("b", change, stamp()));
    check.equal(error.details, { name: "b" });
  },

  "keeps tags apart that look alike, and changes one at a time": async (store, check) => {
    const texts = record(hostileTexts, (text) => text);
    await insertAll(store, "a", ["development"]);
    await store.noteVersion("a", 1, { tags: texts }, stamp());
    await store.noteModel("a", { tags: texts }, stamp());
    for (const key of ["__proto__", "cafe", "LOSS", " loss"]) {
      await store.noteVersion("a", 1, { tags: record([key], () => "changed") }, stamp());
      await store.noteModel("a", { tags: record([key], () => null) }, stamp());
    }
    const changed = ["__proto__", "cafe", "LOSS", " loss"];
    const version = await store.findVersion({ name: "a", version: 1 });
    const expected = hostileTexts.map((text) => [text, changed.includes(text) ? "changed" : text]);
    check.equal(Object.entries(version?.tags ?? {}).sort(), expected.sort());
    const model = await store.findModel("a");
    check.equal(Object.keys(model?.tags ?? {}).sort(), hostileTexts.filter((text) => !changed.includes(text)).sort());
    await checkLog(store, check);
  },

  "notes texts that have no canonical form, and goes on from there": async (store, check) => {
    await store.insertVersion(draft("a", { description: "\udc00", tags: { odd: "a\ud800" } }), stamp());
    await store.noteVersion("a", 1, { tags: { odd: "\udfff b" }, description: "\0" }, stamp());
    await store.noteModel("a", { description: "\ud800", tags: { odd: "\ud800" } }, stamp());
    const found = await store.findVersion({ name: "a", version: 1 });
    check.equal([found?.description, found?.tags], ["\0", { odd: "\udfff b" }]);
    check.equal((await store.findModel("a"))?.description, "\ud800");
    await store.deleteVersion("a", 1, "development", stamp());
    await checkLog(store, check);
  },

  "loses none of the notes that are made at once": async (store, check) => {
    await insertAll(store, "a", ["development"]);
    const keys = Array.from({ length: 12 }, (_, i) => `key ${i}`);
    await Promise.all(keys.map((key) => store.noteVersion("a", 1, { tags: { [key]: key } }, stamp())));
    const found = await store.findVersion({ name: "a", version: 1 });
    check.equal(found?.tags, Object.fromEntries(keys.map((key) => [key, key])));
  },
};
