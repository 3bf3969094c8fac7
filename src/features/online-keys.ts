import { ModelwrightError } from "../core/errors.ts";
import { type EntityKey, encodeKey } from "./entity-key.ts";
import type { FeaturePlan } from "./feature-catalog.ts";
import type { OnlineKey, OnlineRow } from "./port.ts";

/** Keys by entity. */
export type GivenKeys = Readonly<Record<string, EntityKey | undefined>>;

/** Addresses of the rows that a read needs, each once: entity rows often share an entity. */
export class OnlineKeys {
  readonly distinct: OnlineKey[] = [];
  /** Positions in `distinct`, view by view, entity row after entity row. */
  readonly #positions: number[] = [];
  readonly #views: number;

  constructor({ views, features }: FeaturePlan, listOfKeys: readonly GivenKeys[]) {
    this.#views = views.length;
    const seen = views.map(() => new Map<string, number>());
    for (const keys of listOfKeys) {
      for (const [v, { name, entity }] of views.entries()) {
        const given = Object.hasOwn(Object(keys), entity) ? keys[entity] : undefined;
        if (given === undefined || given === null) throw keyMissing(entity, features);
        const key = encodeKey(given, `The key of entity ${entity}`);
        let position = seen[v]!.get(key);
        if (position === undefined) {
          position = this.distinct.push({ view: name, key }) - 1;
          seen[v]!.set(key, position);
        }
        this.#positions.push(position);
      }
    }
  }

  /** The stored rows of one entity row, in the order of the views. */
  pick(found: readonly (OnlineRow | undefined)[], row: number): (OnlineRow | undefined)[] {
    return this.#positions.slice(row * this.#views, (row + 1) * this.#views).map((position) => found[position]);
  }
}

function keyMissing(entity: string, features: FeaturePlan["features"]): ModelwrightError<"FEATURE_KEY_MISSING"> {
  const feature = features.find(({ source }) => source.entities.includes(entity))!.ref;
  return new ModelwrightError("FEATURE_KEY_MISSING", `${feature} needs the key of entity ${entity}; add it to the keys`, {
    details: { entity, feature },
  });
}
