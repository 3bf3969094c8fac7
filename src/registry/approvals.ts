import * as z from "zod";
import type { CallOptions } from "../core/call.ts";
import { deepFreeze } from "../core/freeze.ts";
import { formatModelRef, isName, type ModelRef } from "../core/model.ts";
import { parseOptions } from "../core/options.ts";
import { invalidInput, validate } from "../core/schema.ts";
import type { Approval, ApprovalQuery } from "./approval-port.ts";
import type { ChangeOptions } from "./change-options.ts";
import { toRef } from "./references.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import { approvalNotFound, forbidden } from "./rules/approvals.ts";
import { shownValue } from "./shown-value.ts";
import { type ApprovalRule, assertEdge, isAmong, rulesOf, type StagePolicy } from "./stage-policy.ts";

/** What is said with a request or a decision. */
export interface ApprovalComment {
  /** At most 8000 characters. @defaultValue "" */
  readonly comment?: string | undefined;
}

/** Which requests {@link Approvals.list} answers. */
export interface ApprovalListOptions extends Omit<ApprovalQuery, "limit" | "after"> {
  /** Requests read at once, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
}

const commentSchema = z.strictObject({
  comment: z
    .string()
    .max(8000)
    .default("")
    // As in the stamp of the change, and in what the audit log says of it.
    .transform((text) => text.replaceAll(/\0|\p{Surrogate}/gu, "\ufffd")),
});
const listSchema = z.strictObject({
  name: z.string().refine(isName, "expected the name of a model").optional(),
  version: z.number().int().min(1).optional(),
  status: z.enum(["pending", "approved", "rejected", "used", "withdrawn"]).optional(),
  pageSize: z.number().int().min(1).max(1000).default(100),
});

/**
 * Requests to move a version along an edge for which the stage policy wants an approval. Somebody asks, others decide, and
 * {@link ModelRegistry.transition} uses an approved request up, if it is enough for the policy at that time. One rejection rejects a
 * request; nobody decides a request of their own.
 *
 * Every verb that changes something needs an actor, from its last parameter or from the registry's options.
 */
export class Approvals {
  readonly #calls: RegistryCalls;
  readonly #policy: StagePolicy;
  readonly #nextId: () => string;
  readonly #changed: (approval: Approval) => void;

  /** Made by the registry. */
  constructor(calls: RegistryCalls, policy: StagePolicy, nextId: () => string, changed: (approval: Approval) => void) {
    this.#calls = calls;
    this.#policy = policy;
    this.#nextId = nextId;
    this.#changed = changed;
  }

  /**
   * Asks for a move. A request can be made for any edge; one that needs no approval is moved without it.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_TRANSITION_FORBIDDEN` when the policy has no such edge, and with
   * `REGISTRY_APPROVAL_FORBIDDEN` when the actor may not ask for it
   */
  request(ref: string | ModelRef, to: string, options: ApprovalComment = {}, change?: ChangeOptions): Promise<Approval> {
    return this.#calls.run(change, async (signal) => {
      const { comment } = validate(commentSchema, options, "The approval request");
      const stamp = this.#calls.signedStamp(change);
      const { name, version, stage: from } = await this.#calls.find(toRef(ref), signal);
      assertEdge(this.#policy, formatModelRef({ name, version }), from, to);
      const rules = this.#rules(from, to);
      const id = this.#nextId();
      for (const { mayRequest } of rules) {
        if (!(await isAmong(mayRequest, stamp.actor))) throw forbidden(id, stamp.actor, "the stage policy does not let them ask");
      }
      const needed = Math.max(1, ...rules.map((rule) => rule.needed ?? 1));
      const draft = { id, name, version, from, to, needed, comment };
      return this.#told(await this.#calls.retry(() => this.#calls.store.insertApproval(draft, stamp, { signal }), signal));
    });
  }

  /**
   * Says yes to a request; with the last yes that it needs it is approved.
   *
   * @throws a `ModelwrightError` with code `REGISTRY_APPROVAL_NOT_FOUND`, with `REGISTRY_APPROVAL_FORBIDDEN` when the actor may not
   * decide it, has made it or has decided before, and with `REGISTRY_CONFLICT` when it is no longer pending
   */
  approve(id: string, options: ApprovalComment = {}, change?: ChangeOptions): Promise<Approval> {
    return this.#decide(id, true, options, change);
  }

  /** Says no to a request, which rejects it. Fails as {@link Approvals.approve} does. */
  reject(id: string, options: ApprovalComment = {}, change?: ChangeOptions): Promise<Approval> {
    return this.#decide(id, false, options, change);
  }

  /** Takes a request back, whoever made it. Rejects with `REGISTRY_APPROVAL_NOT_FOUND`, or `REGISTRY_CONFLICT` when it was rejected, used or withdrawn. */
  withdraw(id: string, change?: ChangeOptions): Promise<Approval> {
    return this.#calls.run(change, async (signal) =>
      this.#told(await this.#calls.store.withdrawApproval(assertId(id), this.#calls.signedStamp(change), { signal })),
    );
  }

  /** A request. Rejects with `REGISTRY_APPROVAL_NOT_FOUND` when there is none. */
  get(id: string, call?: CallOptions): Promise<Approval> {
    return this.#calls.run(call, async (signal) => deepFreeze(await this.#find(id, signal)));
  }

  /** Requests, newest first, read in pages. Throws `CONFIG_INVALID` for bad options. */
  async *list(options: ApprovalListOptions = {}, call?: CallOptions): AsyncGenerator<Approval, void> {
    const { pageSize: limit, ...query } = parseOptions(listSchema, options, "Approvals.list");
    let after: string | undefined;
    do {
      const page = await this.#calls.run(call, (signal) =>
        this.#calls.store.listApprovals({ ...query, limit, after }, { signal }),
      );
      for (const approval of page) yield deepFreeze(approval);
      after = page.length < limit ? undefined : page.at(-1)?.id;
    } while (after !== undefined);
  }

  #decide(id: string, approved: boolean, options: ApprovalComment, change: ChangeOptions | undefined): Promise<Approval> {
    return this.#calls.run(change, async (signal) => {
      const { comment } = validate(commentSchema, options, "The decision");
      const stamp = this.#calls.signedStamp(change);
      const { from, to } = await this.#find(id, signal);
      for (const { mayDecide } of this.#rules(from, to)) {
        if (!(await isAmong(mayDecide, stamp.actor))) {
          throw forbidden(id, stamp.actor, "the stage policy does not let them decide");
        }
      }
      return this.#told(await this.#calls.store.decideApproval(id, { approved, comment }, stamp, { signal }));
    });
  }

  async #find(id: string, signal: AbortSignal | undefined): Promise<Approval> {
    const approval = await this.#calls.store.findApproval(assertId(id), { signal });
    if (approval === undefined) throw approvalNotFound(id);
    return approval;
  }

  #rules(from: string, to: string): readonly ApprovalRule[] {
    return rulesOf(this.#policy, from, to).flatMap(({ approval }) => approval ?? []);
  }

  #told(approval: Approval): Approval {
    this.#changed(deepFreeze(approval));
    return approval;
  }
}

/** @throws a `ModelwrightError` with code `INPUT_INVALID` for what no request can have as its id */
function assertId(id: string): string {
  if (typeof id === "string" && /^[\w-]{1,64}$/.test(id)) return id;
  throw invalidInput("The approval request", [{ path: ["id"], message: `expected its id, but got ${shownValue(id)}` }]);
}
