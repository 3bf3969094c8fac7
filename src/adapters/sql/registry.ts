import type { RegistryStore } from "../../registry/port.ts";
import { blobRefs } from "./blob-references.ts";
import { type SqlDatabase, SqlSession } from "./database.ts";
import { registryAliases } from "./registry-aliases.ts";
import { registryApprovals } from "./registry-approvals.ts";
import { auditLog } from "./registry-audit.ts";
import { registryCursors } from "./registry-cursors.ts";
import { registryDeletion } from "./registry-deletion.ts";
import { registryEvents } from "./registry-events.ts";
import { registryFacts } from "./registry-facts.ts";
import { registryLineage } from "./registry-lineage.ts";
import { registryModels } from "./registry-models.ts";
import { registryNotes } from "./registry-notes.ts";
import { registryRegister } from "./registry-register.ts";
import { registrySearch } from "./registry-search.ts";
import { registryStages } from "./registry-stages.ts";
import { registryVersions } from "./registry-versions.ts";

/**
 * The registry port over SQL. Every change is one transaction that takes the head of the audit log first, so that changes come one
 * after the other; every read is one statement, and another for content that was not read before.
 */
export function sqlRegistry(database: SqlDatabase, name: string, capabilities: RegistryStore["capabilities"]): RegistryStore {
  const session = new SqlSession(database, "registry");
  const log = auditLog(session);
  const versions = registryVersions();
  const facts = registryFacts();
  const models = registryModels(session, facts);
  const events = registryEvents(session, versions);
  const lineage = registryLineage(session, log, versions);
  const approvals = registryApprovals(session, log, versions);
  const refs = blobRefs();
  const parts = { log, versions, models, events, facts, lineage, refs };
  return {
    spec: "registry/1",
    name,
    capabilities,
    findVersion: (ref, call) => session.read("find a version", call, (db) => versions.find(db, ref)),
    ...models.verbs,
    ...registrySearch(session, versions, models),
    ...registryRegister(name, parts),
    ...registryStages(log, versions, events, approvals),
    ...events.verbs,
    ...registryAliases(log, versions),
    ...registryNotes(log, versions, models, facts),
    ...lineage.verbs,
    ...registryDeletion(session, parts),
    ...approvals.verbs,
    ...log.verbs,
    ...registryCursors(session, log),
    ...refs.verbs(session),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
