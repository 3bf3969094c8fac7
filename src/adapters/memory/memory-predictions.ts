import { deepFreeze } from "../../core/freeze.ts";
import type { LabelOutcome, LoggedPrediction, NewLabel, PredictionPage } from "../../monitoring/port.ts";
import { isTaken, labelOutcome } from "../../monitoring/rules/label-outcome.ts";
import { type CheckedQuery, cursorOf, type PredictionPlace } from "../../monitoring/rules/prediction-query.ts";
import type { CheckedPrediction } from "../../monitoring/rules/predictions.ts";
import { compareText } from "../../search/like.ts";
import { OrderedRows } from "./ordered-rows.ts";

/** A prediction's place, with what is known of it now: frozen, and replaced by its label. */
interface Row {
  now: LoggedPrediction;
}

/** The predictions of one model, in memory. */
export class MemoryPredictions {
  readonly #byId = new Map<string, Row>();
  readonly #rows = new OrderedRows<Row>((a, b) => compare(a.now, b.now));

  /** Adds those whose ids are not there and answers how many. */
  add(predictions: readonly CheckedPrediction[]): number {
    const before = this.#byId.size;
    for (const { output, ...rest } of predictions) {
      if (this.#byId.has(rest.id)) continue;
      const row = { now: deepFreeze({ ...rest, output: JSON.parse(output), label: null, labelledAt: null }) };
      this.#byId.set(rest.id, row);
      this.#rows.add(row);
    }
    return this.#byId.size - before;
  }

  /** What becomes of a label. */
  label(label: NewLabel, windowMs: number): LabelOutcome {
    const row = this.#byId.get(label.id);
    const outcome = labelOutcome(row?.now, label, windowMs);
    if (row !== undefined && isTaken(outcome)) {
      row.now = Object.freeze({ ...row.now, label: label.label, labelledAt: label.at });
    }
    return outcome;
  }

  /** One page of a query. */
  page({ from, to, version, segment, labelled, limit, after }: CheckedQuery): PredictionPage {
    const rows = this.#rows.all();
    const first = this.#rows.count(({ now }) => now.at < from || (after !== undefined && compare(now, after) <= 0));
    const found: LoggedPrediction[] = [];
    for (let i = first; i < rows.length && found.length <= limit; i++) {
      const { now } = rows[i]!;
      if (now.at >= to) break;
      if (version !== undefined && now.version !== version) continue;
      if (segment !== undefined && now.segment !== segment) continue;
      if (labelled === undefined || (now.label !== null) === labelled) found.push(now);
    }
    if (found.length <= limit) return { predictions: found, next: undefined };
    return { predictions: found.slice(0, limit), next: cursorOf(found[limit - 1]!) };
  }

  /** Removes predictions made before a time, and the oldest ones beyond a number; answers how many. */
  remove(before: number | undefined, most: number | undefined): number {
    const old = before === undefined ? 0 : this.#rows.count(({ now }) => now.at < before);
    const tooMany = most === undefined ? 0 : this.#rows.length - most;
    const removed = this.#rows.removeFirst(Math.max(old, tooMany, 0));
    for (const { now } of removed) this.#byId.delete(now.id);
    return removed.length;
  }
}

function compare(a: PredictionPlace, b: PredictionPlace): number {
  return a.at - b.at || compareText(a.id, b.id);
}
