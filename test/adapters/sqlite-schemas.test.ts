import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import { migrations } from "../../src/adapters/sqlite/migrations.ts";
import { draft, stamp } from "./fixtures/registry-draft.ts";
import { readMonitoringSample, writeMonitoringSample } from "./sqlite-schemas/monitoring-sample.ts";
import { readRegistrySample, writeRegistrySample } from "./sqlite-schemas/registry-sample.ts";
import { readSample, sampleClock, writeSample } from "./sqlite-schemas/sample.ts";
import { schemaText } from "./sqlite-schemas/schema-text.ts";
import { readTrackingSample, writeTrackingSample } from "./sqlite-schemas/tracking-sample.ts";

const folder = mkdtempSync(join(tmpdir(), "modelwright-schemas-"));
afterAll(() => rmSync(folder, { recursive: true }));

const dumps = readdirSync(new URL("./sqlite-schemas", import.meta.url)).filter((file) => file.endsWith(".sql"));

/** A database as a release has left it. */
function released(dump: string): string {
  const path = join(folder, `${dump}.db`);
  rmSync(path, { force: true });
  const db = new DatabaseSync(path);
  db.exec(readFileSync(new URL(`./sqlite-schemas/${dump}`, import.meta.url), "utf8"));
  db.close();
  return path;
}

function schemaAt(path: string): readonly string[] {
  const db = new DatabaseSync(path);
  const text = schemaText(db);
  db.close();
  return text;
}

describe("schemas of SQLite databases", () => {
  it("have a dump for each migration, and no other", () => {
    expect(dumps.sort()).toEqual(migrations.map(({ name }) => `${name.slice(0, 4)}.sql`));
  });

  it("are numbered without a gap", () => {
    expect(migrations.map(({ name }) => Number(name.slice(0, 4)))).toEqual(migrations.map((_, i) => i + 1));
  });

  it.each(dumps)("can be brought forward from %s, with what the release has written", async (dump) => {
    await using fresh = sqlite({ path: ":memory:" }, { clock: sampleClock() });
    await writeSample(fresh);
    await using db = sqlite({ path: released(dump) });
    const sample = await readSample(db);
    expect(sample).toEqual(await readSample(fresh));
    expect(sample.tagged).toEqual([3, 2, 1]);
    expect(sample.linked).toHaveLength(3);
    expect(sample.production?.version).toBe(2);
    expect(sample.champion?.aliases).toEqual(["champion", "eu"]);
    expect(sample.versions.map(({ name, version, stage }) => `${name}@${version} ${stage}`)).toEqual([
      "Fraud@1 development",
      "fraud@3 development",
      "fraud@2 production",
      "fraud@1 archived",
    ]);
  });

  it.each(dumps.filter((dump) => dump >= "0002"))(
    "can be brought forward from %s, with all that the registry keeps",
    async (dump) => {
      await using fresh = sqlite({ path: ":memory:" });
      await writeRegistrySample(fresh);
      await using db = sqlite({ path: released(dump) });
      expect(await readRegistrySample(db)).toEqual(await readRegistrySample(fresh));
    },
  );

  it.each(dumps.filter((dump) => dump >= "0003"))("can be brought forward from %s, with all that is tracked", async (dump) => {
    await using fresh = sqlite({ path: ":memory:" });
    await writeTrackingSample(fresh);
    await using db = sqlite({ path: released(dump) });
    const sample = await readTrackingSample(db);
    expect(sample).toEqual(await readTrackingSample(fresh));
    expect(sample.found).toEqual(["r1"]);
    expect(sample.odd.map(({ value }) => value)).toEqual([-0.5, Number.POSITIVE_INFINITY, Number.NaN]);
  });

  it.each(dumps.filter((dump) => dump >= "0004"))("can be brought forward from %s, with all that is monitored", async (dump) => {
    await using fresh = sqlite({ path: ":memory:" });
    await writeMonitoringSample(fresh);
    await using db = sqlite({ path: released(dump) });
    const sample = await readMonitoringSample(db);
    expect(sample).toEqual(await readMonitoringSample(fresh));
    expect(sample.predictions.map(({ id }) => id)).toEqual(["p1", "p2", "naïve 模型 'quoted'", "p3"]);
    expect(sample.buckets).toHaveLength(3);
  });

  it.each(dumps)("brought forward from %s equal a fresh one", async (dump) => {
    const fresh = join(folder, `fresh-${dump}.db`);
    const old = released(dump);
    for (const path of [fresh, old]) {
      await using db = sqlite({ path });
      await db.registry.searchModels({ limit: 1 });
    }
    expect(schemaAt(old)).toEqual(schemaAt(fresh));
    expect(schemaAt(fresh).length).toBeGreaterThan(5);
  });

  it.each(dumps)("give no number or revision again after %s", async (dump) => {
    await using db = sqlite({ path: released(dump) });
    const next = await db.registry.insertVersion(draft("another"), stamp());
    expect(next.version).toBe(4);
    expect(await db.keyValues.set("gone", new Uint8Array())).toBe(4);
  });
});
