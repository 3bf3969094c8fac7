import { type Issue, ModelwrightError } from "../core/errors.ts";
import { invalidConfig } from "../core/options.ts";
import type { FeatureSource } from "./feature-source.ts";
import type { FeatureView } from "./feature-view.ts";
import type { OnDemandFeature } from "./on-demand-feature.ts";

/** What a server serves. */
export type ServedSource = FeatureView | OnDemandFeature;

/** One requested feature. */
export interface PlannedFeature {
  readonly ref: string;
  readonly source: ServedSource;
  readonly feature: string;
}

/** What to read and compute for a list of features, for any number of entities. */
export interface FeaturePlan {
  readonly features: readonly PlannedFeature[];
  /** Views to read, each once. */
  readonly views: readonly FeatureView[];
  /** On-demand features to compute, each once and after its inputs. */
  readonly onDemand: readonly OnDemandFeature[];
}

/** The features of a server by reference, with what each of them needs. */
export class FeatureCatalog {
  readonly #features = new Map<string, PlannedFeature>();
  /** A source with all that it needs, inputs first, itself last. */
  readonly #needs = new Map<FeatureSource, ReadonlySet<ServedSource>>();

  /**
   * @throws a {@link ModelwrightError} with code `CONFIG_INVALID` for two sources of one name, for an input that is not listed, and
   * for on-demand features that need each other, with the path
   */
  constructor(sources: readonly ServedSource[]) {
    const issues: Issue[] = [];
    const listed = new Set<FeatureSource>(sources);
    const names = new Set<string>();
    for (const source of sources) {
      if (names.has(source.name)) issues.push({ path: [source.name], message: "more than one source has this name" });
      names.add(source.name);
      for (const { source: input, feature } of inputsOf(source)) {
        if (listed.has(input)) continue;
        issues.push({ path: [source.name], message: `reads ${input.name}.${feature}, but the server does not list that source` });
      }
      for (const feature of source.features) {
        const ref = `${source.name}.${feature}`;
        const known = this.#features.get(ref);
        if (known !== undefined && known.source.name !== source.name) {
          issues.push({ path: [source.name], message: `${ref} is a feature of ${known.source.name}, too` });
        }
        this.#features.set(ref, { ref, source, feature });
      }
    }
    if (issues.length > 0) throw invalidConfig("FeatureServer", issues);
    for (const source of sources) this.#resolve(source, []);
  }

  /** @throws a {@link ModelwrightError} with code `FEATURE_UNKNOWN` */
  plan(refs: readonly string[]): FeaturePlan {
    const features = refs.map((ref) => {
      const feature = this.#features.get(ref);
      if (feature === undefined) throw this.#unknown(ref);
      return feature;
    });
    const sources = new Set(features.map(({ source }) => source));
    const needed = new Set([...sources].flatMap((source) => [...this.#needs.get(source)!]));
    const views: FeatureView[] = [];
    const onDemand: OnDemandFeature[] = [];
    for (const source of needed) {
      if (isOnDemand(source)) onDemand.push(source);
      else views.push(source);
    }
    return { features, views, onDemand };
  }

  /** Depth first, so that inputs come before what needs them. */
  #resolve(source: ServedSource, path: readonly ServedSource[]): ReadonlySet<ServedSource> {
    const known = this.#needs.get(source);
    if (known !== undefined) return known;
    const trail = [...path, source];
    if (path.includes(source)) {
      const cycle = trail.slice(path.indexOf(source)).map(({ name }) => name);
      throw invalidConfig("FeatureServer", [{ path: ["onDemand"], message: `a cycle: ${cycle.join(" needs ")}` }]);
    }
    const needs = new Set<ServedSource>();
    for (const input of inputsOf(source)) {
      for (const need of this.#resolve(input.source as ServedSource, trail)) needs.add(need);
    }
    this.#needs.set(source, needs.add(source));
    return needs;
  }

  #unknown(feature: string): ModelwrightError<"FEATURE_UNKNOWN"> {
    const known = [...this.#features.keys()];
    return new ModelwrightError(
      "FEATURE_UNKNOWN",
      `There is no feature ${JSON.stringify(feature)}; there is ${known.join(", ")}`,
      {
        details: { feature, known },
      },
    );
  }
}

/** Whether the features are computed, not stored. */
function isOnDemand(source: ServedSource): source is OnDemandFeature {
  return "compute" in source;
}

function inputsOf(source: ServedSource) {
  return isOnDemand(source) ? Object.values(source.inputs) : [];
}
