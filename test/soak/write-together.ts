import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sqlite } from "../../src/adapters/sqlite/index.ts";
import type { Filter } from "../../src/search/port.ts";

/** What several processes were answered, and what is stored. */
export interface WriteReport {
  /** The numbers that each process was given, in the order in which it was given them. */
  readonly answered: readonly (readonly number[])[];
  /** The numbers that are stored, downwards. */
  readonly stored: readonly number[];
}

/** Has processes register versions of one model in one SQLite file at once. */
export async function writeTogether(folder: string, processes: number, versions: number): Promise<WriteReport> {
  const fixture = fileURLToPath(new URL("./fixtures/register-many.ts", import.meta.url));
  const runs = Array.from({ length: processes }, () => promisify(execFile)(process.execPath, [fixture, folder, `${versions}`]));
  const answered = (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout) as number[]);
  await using db = sqlite({ path: join(folder, "models.db") });
  const where: Filter = { op: "=", field: { entity: "attribute", key: "name" }, value: "fraud" };
  const { items: stored } = await db.registry.searchVersions({ where, limit: processes * versions + 1 });
  return { answered, stored: stored.map(({ version }) => version) };
}
