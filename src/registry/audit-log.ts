import * as z from "zod";
import type { CallOptions, Runtime } from "../core/call.ts";
import { systemClock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { canonicalJson } from "../core/json.ts";
import { invalidConfig, parseOptions, passed, port } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { AuditEntry, AuditHead } from "./audit-port.ts";
import type { RegistryStore, SignedEnvelope } from "./port.ts";
import { auditHash, emptyAuditHead } from "./rules/audit-chain.ts";
import type { EnvelopeSigner, EnvelopeVerifier } from "./signing.ts";

/** Options of {@link AuditLog}. The store is borrowed. */
export interface AuditLogOptions {
  readonly store: RegistryStore;
}

/** Which entries {@link AuditLog.entries} answers. */
export interface AuditQuery {
  /** Name of the model. @defaultValue every model */
  readonly name?: string | undefined;
  /** Entries behind this number. @defaultValue 0, all of them */
  readonly after?: number | undefined;
}

/** What {@link AuditLog.verify} goes by. */
export interface AuditVerifyOptions {
  /**
   * A head that was kept elsewhere: the log has to contain it, so that a cut tail and a log that was written anew are noticed. Not one
   * before `from`.
   */
  readonly head?: AuditHead | undefined;
  /** A head that was verified before: the log has to contain it, and only what follows is read. @defaultValue the beginning */
  readonly from?: AuditHead | undefined;
  /** Told after each page how many entries were read. */
  readonly onProgress?: ((entries: number) => void) | undefined;
}

/** Whether the log is whole. */
export type AuditVerdict =
  | { readonly ok: true /** How many entries were read. */; readonly entries: number; readonly head: AuditHead }
  | {
      readonly ok: false /** Number of the first entry that is wrong or missing. */;
      readonly seq: number;
      readonly reason: string;
    };

/** What {@link AuditLog.signHead} signs. */
export const auditHeadPayloadType = "application/vnd.modelwright.audit-head+json";

/** Entries read at once. */
const PAGE = 500;

const optionsSchema = z.strictObject({ store: port<RegistryStore>("registry/1") });
const querySchema = z.strictObject({ name: z.string().optional(), after: z.number().int().min(0).default(0) });
const headSchema = z.object({
  seq: z.number().int().min(0),
  hash: z.custom<AuditHead["hash"]>((hash) => typeof hash === "string"),
});
const verifySchema = z.strictObject({
  head: headSchema.optional(),
  from: headSchema.default(emptyAuditHead),
  onProgress: passed<(entries: number) => void>("a function", (value) => typeof value === "function").optional(),
});
const signedHeadSchema = headSchema.extend({ store: z.string(), at: z.number() });

/**
 * The log of every change of a registry. Entries are bound to each other by SHA-256: whoever changes, removes, swaps or inserts one
 * has to write all later ones anew, which a head that was kept elsewhere gives away.
 *
 * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options
 *
 * @example
 * ```ts
 * import { memoryRegistry } from "modelwright";
 * import { AuditLog } from "modelwright/registry";
 *
 * const log = new AuditLog({ store: memoryRegistry() });
 * const head = await log.head(); // keep it where the log cannot be written
 * const verdict = await log.verify({ head });
 * if (!verdict.ok) console.error(`entry ${verdict.seq}: ${verdict.reason}`);
 * ```
 */
export class AuditLog {
  readonly #store: RegistryStore;
  readonly #clock;

  constructor(options: AuditLogOptions, { clock = systemClock }: Pick<Runtime, "clock"> = {}) {
    this.#store = parseOptions(optionsSchema, options, "AuditLog").store;
    this.#clock = clock;
  }

  /** Entries upwards, read in pages; `call.timeoutMs` limits each page. Throws `CONFIG_INVALID` for a bad query. */
  async *entries(query: AuditQuery = {}, call?: CallOptions): AsyncGenerator<AuditEntry, void> {
    const { name, after } = parseOptions(querySchema, query, "AuditLog.entries");
    for await (const page of this.#pages(after, name, call)) yield* page;
  }

  /** The end of the log. */
  head(call?: CallOptions): Promise<AuditHead> {
    return withDeadline(call, (signal) => this.#store.auditHead({ signal }), this.#clock);
  }

  /**
   * The end of the log, signed, to be kept where whoever can write the log cannot: later {@link AuditLog.verify} with
   * {@link AuditLog.openHead} tells whether the log still contains it.
   */
  async signHead(signer: EnvelopeSigner, call?: CallOptions): Promise<SignedEnvelope> {
    const { seq, hash } = await this.head(call);
    const payload = canonicalJson({ store: this.#store.name, at: Math.floor(this.#clock.now()), seq, hash });
    return signer.sign(auditHeadPayloadType, new TextEncoder().encode(payload));
  }

  /**
   * The head that an envelope holds.
   *
   * @throws a `ModelwrightError` with code `MODEL_SIGNATURE_INVALID` when no trusted key has signed it, and with `INPUT_INVALID`
   * when it is no head
   */
  async openHead(envelope: SignedEnvelope, trust: EnvelopeVerifier): Promise<AuditHead & { readonly at: number }> {
    const bytes = await trust.open(auditHeadPayloadType, envelope, "the head of the audit log");
    const { seq, hash, at } = validate(signedHeadSchema, parseJson(bytes), "The signed head of an audit log");
    return { seq, hash, at };
  }

  /**
   * Reads the log through and recomputes every hash. Answers the first entry that is wrong or missing; a bad log is an answer, not an
   * error. `call.timeoutMs` limits each page.
   *
   * @throws a `ModelwrightError` with code `CONFIG_INVALID` for bad options, such as a head before `from`
   */
  async verify(options: AuditVerifyOptions = {}, call?: CallOptions): Promise<AuditVerdict> {
    const { head, from, onProgress } = parseOptions(verifySchema, options, "AuditLog.verify");
    if (head !== undefined && head.seq < from.seq) {
      const message = `expected a head at or behind entry ${from.seq}, where the reading begins, but got one at ${head.seq}`;
      throw invalidConfig("AuditLog.verify", [{ path: ["head"], message }]);
    }
    const bad = (seq: number, reason: string): AuditVerdict => ({ ok: false, seq, reason });
    const stored = await this.head(call);
    const least = [stored, from, ...(head === undefined ? [] : [head])].reduce((a, b) => (b.seq > a.seq ? b : a));
    const kept = (entry: AuditHead) =>
      head?.seq === entry.seq && head.hash !== entry.hash
        ? bad(entry.seq, `entry ${entry.seq} is not the one whose head was kept: the log was written anew`)
        : undefined;
    let last: AuditHead = from;
    let read = 0;
    const ahead = kept(from);
    if (ahead !== undefined) return ahead;
    for await (const page of this.#pages(from.seq, undefined, call)) {
      for (const entry of page) {
        const expected = last.seq + 1;
        if (entry.seq !== expected) return bad(expected, `entry ${expected} is missing: the next one is ${entry.seq}`);
        if (entry.previousHash !== last.hash) return bad(expected, `entry ${expected} does not follow from the one before`);
        if ((await hashOf(entry)) !== entry.hash) return bad(expected, `entry ${expected} is not what was logged`);
        last = { seq: entry.seq, hash: entry.hash };
        const anew = kept(last);
        if (anew !== undefined) return anew;
      }
      read += page.length;
      onProgress?.(read);
    }
    // The stored head was read before the entries: what was logged meanwhile may lie behind it, nothing before it may lack.
    const end = read === 0 ? Math.min(stored.seq, from.seq) : last.seq;
    if (end < least.seq) return bad(end + 1, `entry ${end + 1} is missing: the log ends before entry ${least.seq}`);
    if (last.seq === stored.seq && last.hash !== stored.hash)
      return bad(last.seq, `entry ${last.seq} is not the head that is stored`);
    return { ok: true, entries: read, head: last };
  }

  async *#pages(
    after: number,
    name: string | undefined,
    call: CallOptions | undefined,
  ): AsyncGenerator<readonly AuditEntry[], void> {
    let behind = after;
    for (;;) {
      const query = { after: behind, limit: PAGE, name };
      const page = await withDeadline(call, (signal) => this.#store.listAudit(query, { signal }), this.#clock);
      if (page.length > 0) yield page;
      if (page.length < PAGE) return;
      behind = page.at(-1)!.seq;
    }
  }
}

/** Undefined for an entry that has no canonical form: nothing that was logged. */
async function hashOf({ hash: _, ...entry }: AuditEntry): Promise<string | undefined> {
  try {
    return await auditHash(entry);
  } catch {
    return undefined;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw invalidInput("The signed head of an audit log", [{ path: [], message: "expected JSON" }]);
  }
}
