import { isDigest } from "../../core/digest.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { Approval, ApprovalDecision } from "../../registry/approval-port.ts";
import type {
  LineageEdge,
  ModelSummary,
  SignatureEntry,
  VersionContent,
  VersionFile,
  VersionNotes,
} from "../../registry/port.ts";
import { contentOf } from "../../registry/rules/version-content.ts";
import {
  damaged,
  isListOf,
  isMapOf,
  isNumber,
  isObject,
  isText,
  isTextOrNull,
  storedObject,
  storedValue,
} from "./stored-json.ts";

/** What a registry stores as JSON text, checked when it is read: somebody else may have edited the database. What is read is frozen. */
export function readContent(text: string): VersionContent {
  const subject = "a stored version";
  const stored = storedObject(text, subject);
  const { files, flavor, framework, modelType, label, signature, metrics, directions, hyperparameters } = stored;
  const { dataVersion, codeVersion, runId, inputSchema = null, outputSchema = null, metadata, attestation } = stored;
  const sound =
    isListOf(files, isFile) &&
    isText(flavor) &&
    [framework, modelType, label, dataVersion, codeVersion, runId].every(isTextOrNull) &&
    (signature === null || isSignature(signature)) &&
    isMapOf(metrics, isNumber) &&
    isMapOf(directions, isText) &&
    isObject(hyperparameters) &&
    isObject(metadata) &&
    (attestation === null || isEnvelope(attestation));
  if (!sound) throw damaged(subject);
  return deepFreeze(contentOf({ ...stored, inputSchema, outputSchema } as unknown as VersionContent));
}

/** What was noted of a version. */
export function readNotes(text: string): VersionNotes {
  const subject = "a stored note";
  const { description, tags, legalHold } = storedObject(text, subject);
  if (!isText(description) || !isMapOf(tags, isText) || !isTextOrNull(legalHold)) throw damaged(subject);
  return deepFreeze({ description, tags, legalHold });
}

/** The edges of a version. */
export function readLineage(text: string): readonly LineageEdge[] {
  const subject = "a stored lineage";
  const edges = storedValue(text, subject);
  if (!isListOf(edges, isEdge)) throw damaged(subject);
  return deepFreeze(edges.map(({ kind, ref }) => ({ kind, ref })));
}

/** What was noted of a model. */
export function readModelNotes(text: string): Pick<ModelSummary, "description" | "tags"> {
  const subject = "a stored note";
  const { description, tags } = storedObject(text, subject);
  if (!isText(description) || !isMapOf(tags, isText)) throw damaged(subject);
  return deepFreeze({ description, tags });
}

/** What of an approval has no column of its own. */
export type ApprovalRequest = Omit<Approval, "id" | "name" | "version" | "status">;

/** A request for approval. */
export function readRequest(text: string): ApprovalRequest {
  const subject = "a stored approval";
  const { from, to, needed, comment, requestedBy, requestedAt, decisions } = storedObject(text, subject);
  const sound =
    [from, to, comment, requestedBy].every(isText) &&
    isNumber(needed) &&
    isNumber(requestedAt) &&
    isListOf(decisions, isDecision);
  if (!sound) throw damaged(subject);
  return deepFreeze({ from, to, needed, comment, requestedBy, requestedAt, decisions } as ApprovalRequest);
}

function isFile(file: unknown): file is VersionFile {
  return isObject(file) && isDigest(file["digest"] as string) && isText(file["path"]) && isNumber(file["sizeBytes"]);
}

function isSignature(signature: unknown): boolean {
  return (
    isObject(signature) && [signature["inputs"], signature["outputs"]].every((entries) => isListOf(entries, isSignatureEntry))
  );
}

function isSignatureEntry(entry: unknown): entry is SignatureEntry {
  if (!isObject(entry)) return false;
  const { name, type, dims } = entry;
  return (
    isText(name) && isText(type) && (dims === null || (Array.isArray(dims) && dims.every((dim) => isText(dim) || isNumber(dim))))
  );
}

function isEnvelope(envelope: unknown): boolean {
  if (!isObject(envelope)) return false;
  const { payloadType, payload, signatures } = envelope;
  return isText(payloadType) && isText(payload) && Array.isArray(signatures) && signatures.every((each) => isMapOf(each, isText));
}

function isEdge(edge: unknown): edge is LineageEdge {
  return isObject(edge) && isText(edge["kind"]) && isText(edge["ref"]);
}

function isDecision(decision: unknown): decision is ApprovalDecision {
  if (!isObject(decision)) return false;
  const { actor, approved, comment, at } = decision;
  return isText(actor) && typeof approved === "boolean" && isText(comment) && isNumber(at);
}
