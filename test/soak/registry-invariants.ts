import { expect } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { type AuditEntry, AuditLog } from "../../src/registry/index.ts";
import { collectGarbage } from "../../src/storage/index.ts";
import { all } from "../all.ts";
import type { Work } from "./registry-work.ts";

/** What a registry looks like when its log is played from the beginning. */
interface Played {
  /** Greatest number ever given, by model. */
  readonly latest: Map<string, number>;
  /** Stage of each version that there still is. */
  readonly stages: Map<string, string>;
  readonly aliases: Map<string, number>;
}

/** Checks that the log is whole, that the records are what it says, and that no version lacks its bytes. Answers how much there is. */
export async function checkRegistry({ store, registry }: Work): Promise<{ readonly versions: number; readonly entries: number }> {
  const log = new AuditLog({ store });
  expect(await log.verify(), "the audit log").toMatchObject({ ok: true });
  const entries = await all(log.entries());
  const { latest, stages, aliases } = play(entries);
  const versions = await all(registry.list({ pageSize: 1000 }));
  const refs = versions.map(({ name, version, stage }) => `${name}@${version} ${stage}`);
  expect(refs.sort(), "the versions that the log leads to").toEqual([...stages].map(([ref, stage]) => `${ref} ${stage}`).sort());
  const pointers = versions.flatMap(({ name, version, aliases: own }) => own.map((alias) => `${name} ${alias} ${version}`));
  expect(pointers.sort(), "the aliases that the log leads to").toEqual(
    [...aliases].map(([key, version]) => `${key} ${version}`).sort(),
  );
  for (const { name, versions: count, latestVersion } of await all(registry.models())) {
    expect(latestVersion, `the greatest number of ${name}`).toBe(latest.get(name));
    expect(count, `the count of ${name}`).toBe(versions.filter((version) => version.name === name).length);
  }
  for (const { name, version } of versions) await registry.load({ name, version }); // rejects unless each file has its digest
  return { versions: versions.length, entries: entries.length };
}

/** Plays the log; numbers have to be given upwards without a gap, and no model may have two versions in production at any entry. */
function play(entries: readonly AuditEntry[]): Played {
  const latest = new Map<string, number>();
  const stages = new Map<string, string>();
  const aliases = new Map<string, number>();
  const production = new Map<string, number>();
  for (const { seq, action, name, version, before, after } of entries) {
    const ref = `${name}@${version}`;
    const stage = (after as { stage?: string } | null)?.stage;
    if (action === "version.registered") {
      expect(version, `number given by entry ${seq}`).toBe((latest.get(name) ?? 0) + 1);
      latest.set(name, version!);
    }
    if (stage !== undefined) {
      if (stages.get(ref) === "production" && stage !== "production") production.set(name, production.get(name)! - 1);
      if (stage === "production") production.set(name, (production.get(name) ?? 0) + 1);
      expect(production.get(name) ?? 0, `versions of ${name} in production at entry ${seq}`).toBeLessThanOrEqual(1);
      stages.set(ref, stage);
    }
    if (action === "version.deleted") {
      expect(stages.get(ref), `the stage in which ${ref} was deleted`).not.toBe("production");
      stages.delete(ref);
    }
    const alias = ((after ?? before) as { alias?: string } | null)?.alias;
    if (action === "alias.set") aliases.set(`${name} ${alias}`, version!);
    if (action === "alias.deleted") aliases.delete(`${name} ${alias}`);
  }
  return { latest, stages, aliases };
}

/** Collects garbage when nobody works any more, and checks that what is left is what the versions refer to. */
export async function checkGarbage({
  store,
  blobs,
  registry,
}: Work): Promise<{ readonly blobs: number; readonly orphans: number }> {
  const before = (await all(blobs.list())).length;
  // What a killed collection has fenced is taken over an hour later; here nobody can be at work still.
  const later = { ...systemClock, now: () => systemClock.now() + 7_200_000 };
  for (let run = 0; run < 2; run++) await collectGarbage({ blobs, references: [store], graceMs: 0 }, {}, { clock: later });
  const used = new Set((await all(registry.list({ pageSize: 1000 }))).flatMap(({ files }) => files.map(({ digest }) => digest)));
  const left = (await all(blobs.list())).map(({ digest }) => digest);
  expect(left.sort(), "the blobs that versions refer to").toEqual([...used].sort());
  return { blobs: left.length, orphans: before - left.length };
}
