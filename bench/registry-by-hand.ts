// What a registry does for a registration and a search, as somebody would write it who needs nothing else: prepared statements on
// node:sqlite over the same tables.
import { createHash } from "node:crypto";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { auditHash } from "../src/registry/rules/audit-chain.ts";

/** A version as a search by hand answers it. */
interface Found {
  readonly name: string;
  readonly version: number;
  readonly content: unknown;
}

/** Statements over the tables of a registry. */
export function byHand(db: DatabaseSync) {
  db.exec("pragma synchronous = full; pragma foreign_keys = on");
  const select = `select v.*, a.alias from modelwright_versions as v
    left join modelwright_aliases as a on a.name = v.name and a.version = v.version`;
  const byAlias = db.prepare(`${select} where v.name = ? and v.version =
    (select chosen.version from modelwright_aliases as chosen where chosen.name = ? and chosen.alias = ?)`);
  const page = db.prepare(`select v.* from modelwright_versions as v
    where exists (select 1 from modelwright_version_facts as f where f.name = v.name and f.version = v.version
      and f.kind = 'metric' and f.key = 'auc' and f.number > ?)
    and v.stage = ? order by v.name, v.version desc limit 100`);
  const aliases = db.prepare("select alias from modelwright_aliases where name = ? and version = ?");
  const head = db.prepare("select seq, hash from modelwright_audit_head where id = 1");
  const byId = db.prepare("select 1 from modelwright_versions where id = ?");
  const model = db.prepare("select last_version from modelwright_models where name = ?");
  const count = db.prepare("update modelwright_models set versions = versions + 1, last_version = ? where name = ?");
  const insert = db.prepare(`insert into modelwright_versions
    (name, version, id, stage, stage_changed_at, created_at, content, label, created_by, notes, lineage)
    values (?, ?, ?, 'development', ?, ?, ?, null, null, ?, '[]')`);
  const fact = db.prepare(
    "insert into modelwright_version_facts (name, version, kind, key, text, number) values (?, ?, ?, ?, ?, ?)",
  );
  const mark = db.prepare("select 1 from modelwright_blob_marks where digest = ?");
  const ref = db.prepare("insert into modelwright_blob_refs (digest, owner) values (?, ?)");
  const event = db.prepare(`insert into modelwright_stage_events
    (seq, at, kind, name, version, from_stage, to_stage, exclusive, previous) values (?, ?, 'registered', ?, ?, null, 'development', 0, null)`);
  const entry = db.prepare(`insert into modelwright_audit
    (seq, at, actor, reason, request_id, action, name, version, before, after, previous_hash, hash)
    values (?, ?, null, null, null, 'version.registered', ?, ?, 'null', ?, ?, ?)`);
  const advance = db.prepare("update modelwright_audit_head set seq = ?, hash = ? where id = 1");

  return {
    get(name: string, alias: string): unknown {
      const [row] = byAlias.all(name, name, alias);
      return { ...row, content: JSON.parse(row!["content"] as string), notes: JSON.parse(row!["notes"] as string) };
    },
    search(auc: number, stage: string): readonly Found[] {
      return page.all(auc, stage).map((row) => ({
        ...(row as unknown as Found),
        content: JSON.parse(row["content"] as string),
        notes: JSON.parse(row["notes"] as string),
        aliases: aliases.all(row["name"] as string, row["version"] as number).map(({ alias }) => alias),
      }));
    },
    /** Registers a version of a text model with one file, one metric and one tag. */
    async register(name: string, id: string, digest: string, sizeBytes: number): Promise<void> {
      const at = Date.now();
      const files = [{ path: "rules.txt", digest, sizeBytes }];
      const metrics = { auc: 0.9 };
      const content = JSON.stringify({
        files,
        flavor: "text",
        framework: null,
        modelType: null,
        label: null,
        signature: null,
        metrics,
        directions: {},
        hyperparameters: {},
        dataVersion: null,
        codeVersion: null,
        runId: null,
        inputSchema: null,
        outputSchema: null,
        metadata: {},
        attestation: null,
      });
      const notes = JSON.stringify({ description: "", tags: { team: "risk" }, legalHold: null });
      db.exec("begin immediate");
      const { seq, hash } = head.get() as { seq: number; hash: `sha256:${string}` };
      byId.get(id);
      const version = (model.get(name) as { last_version: number }).last_version + 1;
      count.run(version, name);
      insert.run(name, version, id, at, at, content, notes);
      fact.run(name, version, "attribute", "flavor", "text", null);
      fact.run(name, version, "attribute", "description", "", null);
      fact.run(name, version, "tag", "team", "risk", null);
      fact.run(name, version, "metric", "auc", null, 0.9);
      mark.get(digest);
      ref.run(digest, `version/${id}`);
      const after = {
        stage: "development",
        flavor: "text",
        label: null,
        files: [{ path: "rules.txt", digest }],
        content: `sha256:${createHash("sha256").update(content).digest("hex")}`,
      };
      const draft = { seq: seq + 1, at, actor: null, reason: null, requestId: null, action: "version.registered" } as const;
      const sealed = await auditHash({ ...draft, name, version, before: null, after, previousHash: hash });
      entry.run(seq + 1, at, name, version, JSON.stringify(after), hash, sealed);
      event.run(seq + 1, at, name, version);
      advance.run(seq + 1, sealed);
      db.exec("commit");
    },
  };
}

/**
 * Writes a file under its digest: written, synchronised, renamed, in the way of a service, whose thread goes on meanwhile. Answers the
 * digest.
 *
 * @param durable - whether the folder is synchronised, too, without which a loss of power can take the file back
 */
export async function storeByHand(folder: string, bytes: Uint8Array, durable: boolean): Promise<string> {
  const hex = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, "sha256", hex.slice(0, 2), hex.slice(2));
  const temporary = join(folder, "tmp", hex);
  await mkdir(dirname(path), { recursive: true });
  await mkdir(dirname(temporary), { recursive: true });
  await writeFile(temporary, bytes, { flag: "wx", flush: true });
  await rename(temporary, path);
  if (durable) {
    const handle = await open(dirname(path), "r");
    await handle.sync();
    await handle.close();
  }
  return `sha256:${hex}`;
}
