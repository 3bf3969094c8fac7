import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { freshPostgresSchema, postgresUrl, whyNoPostgres } from "../adapters/fixtures/postgres-server.ts";
import { requirement } from "../requirement.ts";
import { checkGarbage, checkRegistry } from "./registry-invariants.ts";
import { openWork, type Records } from "./registry-work.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const seconds = Number(process.env["SOAK_MIXED_SECONDS"] ?? 60);
const PROCESSES = 8;

/** Grace of garbage collection: eight processes on two cores may take seconds from storing a file to storing the version. */
const GRACE_MS = 10_000;

/** Has processes work on one registry at once, and checks what they have left. */
async function workTogether(folder: string, records: Records): Promise<void> {
  const fixture = fileURLToPath(new URL("./fixtures/work-until-killed.ts", import.meta.url));
  const options = { env: { ...process.env, SOAK_GRACE_MS: `${GRACE_MS}` }, maxBuffer: 1 << 28 };
  const runs = Array.from({ length: PROCESSES }, () =>
    promisify(execFile)(process.execPath, [fixture, folder, JSON.stringify(records), `${seconds * 1000}`], options),
  );
  const total: Record<string, number> = {};
  for (const { stdout } of await Promise.all(runs)) {
    const counts = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, number>;
    for (const [kind, count] of Object.entries(counts)) total[kind] = (total[kind] ?? 0) + count;
  }
  await using work = await openWork(folder, records);
  const checked = await checkRegistry(work);
  const garbage = await checkGarbage(work);
  await checkRegistry(work);
  console.log(JSON.stringify({ records: records.kind, ...checked, ...garbage, total }, undefined, 2));
  for (const kind of ["register", "transition", "rollback", "alias", "delete", "retention", "garbage"]) {
    expect(total[kind] ?? 0, kind).toBeGreaterThan(0);
  }
}

it(`${PROCESSES} processes that change an SQLite registry for ${seconds} s leave records, log and bytes that agree`, async () => {
  using folder = temporaryFolder();
  await workTogether(folder.path, { kind: "sqlite" });
});

const onPostgres = await requirement("PostgreSQL", whyNoPostgres);
onPostgres("a registry in PostgreSQL", () => {
  it(`holds under ${PROCESSES} processes that change it for ${seconds} s`, async () => {
    using folder = temporaryFolder();
    await using schema = await freshPostgresSchema();
    await workTogether(folder.path, { kind: "postgres", url: postgresUrl, schema: schema.name });
  });
});
