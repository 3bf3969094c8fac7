import * as z from "zod";
import { invalidInput, validate } from "../../core/schema.ts";
import { isText, MAX_TEXT } from "../monitor-text.ts";
import { type AlertMatchers, matchersSchema, matchesEverything, shownMatchers } from "./alert-matchers.ts";
import { type AlertState, MAX_SILENCES, type StoredSilence } from "./alert-state.ts";

/** What is not to be told of for some time. */
export interface SilenceInput {
  /** At least one condition. */
  readonly matchers: AlertMatchers;
  /** Milliseconds since the epoch. @defaultValue now */
  readonly from?: number | undefined;
  /** From here on alerts are told of again; milliseconds since the epoch. */
  readonly until: number;
  /** Who says so, 1 to 128 characters. */
  readonly by: string;
  /** At most 1000 characters. @defaultValue "" */
  readonly comment?: string | undefined;
}

/** A silence that has not ended. */
export interface Silence extends Required<SilenceInput> {
  readonly id: string;
}

const inputSchema = z.strictObject({
  matchers: matchersSchema.refine((matchers) => !matchesEverything(matchers), "expected at least one condition"),
  from: z.int().optional(),
  until: z.int(),
  by: z.string().refine(isText, `expected a text of 1 to ${MAX_TEXT} characters, without NUL and lone surrogates`),
  comment: z
    .string()
    .max(1000)
    .default("")
    .transform((text) => text.replaceAll(/\0|\p{Surrogate}/gu, "\ufffd")),
});

/** The silence that is asked for. @throws a `ModelwrightError` with code `INPUT_INVALID` */
export function newSilence(input: SilenceInput, id: string, now: number): StoredSilence {
  const { from = now, ...given } = validate(inputSchema, input, "The silence");
  if (given.until <= Math.max(from, now)) {
    throw invalidInput("The silence", [{ path: ["until"], message: "expected a time after its beginning and after now" }]);
  }
  return { id, from, ...given };
}

/** The state with a silence more. @throws a `ModelwrightError` with code `INPUT_INVALID` when there are too many */
export function withSilence(state: AlertState, silence: StoredSilence, now: number): AlertState {
  const others = activeSilences(state, now).filter(({ id }) => id !== silence.id);
  if (others.length >= MAX_SILENCES) {
    throw invalidInput("The silence", [{ path: [], message: `expected at most ${MAX_SILENCES} at a time; remove one` }]);
  }
  return { ...state, silences: [...others, silence] };
}

/** Silences that have not ended, in the order of adding. */
export function activeSilences({ silences }: Pick<AlertState, "silences">, now: number): readonly StoredSilence[] {
  return silences.filter(({ until }) => now < until);
}

/** A silence to hand out. */
export function shownSilence({ matchers, ...silence }: StoredSilence): Silence {
  return { ...silence, matchers: shownMatchers(matchers) };
}
