import { Histogram, type HistogramOptions } from "./histogram.ts";
import { invalidConfig } from "./options.ts";

/** A sum that only grows. */
export class Counter {
  #value = 0;

  /** Adds `by`, finite and at least 0; anything else is ignored, because it would corrupt every rate computed from the counter. */
  inc(by = 1): void {
    if (by >= 0 && by !== Number.POSITIVE_INFINITY) this.#value += by;
  }

  /** The sum. */
  get value(): number {
    return this.#value;
  }
}

/** A value that goes up and down. */
export class Gauge {
  #value = 0;

  /** Replaces the value. */
  set(value: number): void {
    this.#value = value;
  }

  /** Adds to the value; a negative number subtracts. */
  add(by: number): void {
    this.#value += by;
  }

  /** The value. */
  get value(): number {
    return this.#value;
  }
}

/** One metric's description: what it counts, and the labels that its values may carry. */
export interface MetricOptions<
  Labels extends Readonly<Record<string, readonly string[]>> = Readonly<Record<string, readonly string[]>>,
> {
  /** Prometheus name: letters, digits, `_` and `:`, not a digit first. Units at the end, for example `_seconds`. */
  readonly name: string;
  /** One sentence for the reader of a dashboard. */
  readonly help: string;
  /** Label names and the values that each may take. Any other value is counted under `other`, so that the series stay bounded. */
  readonly labels?: Labels;
}

type LabelValues<Labels> = { readonly [K in keyof Labels]: string };

/** All series of one metric. */
export interface MetricFamily<Metric, Labels = Readonly<Record<string, readonly string[]>>> {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  /** The series with these label values. Keep the answer on a hot path. */
  with(labels: LabelValues<Labels>): Metric;
  /** Every series that was asked for. */
  readonly series: ReadonlyMap<string, { readonly labels: Readonly<Record<string, string>>; readonly metric: Metric }>;
}

const OVERFLOW = "other";

/** Most values of one label, so that definitions cannot grow a family without bound; further ones are counted under `other`. */
const MAX_VALUES = 1000;

/** A family and what a second definition of it has to agree with. */
interface Definition {
  readonly family: MetricFamily<Counter> | MetricFamily<Gauge> | MetricFamily<Histogram>;
  readonly values: ReadonlyMap<string, Set<string>>;
  /** Of a histogram. */
  readonly bounds: string;
}

/**
 * The metrics of a process or of one system.
 *
 * Systems that share one may each define the same metric: a definition with the name, the kind, the help, the label names and the bounds of
 * an earlier one answers its family, whose labels take the values of both, up to 1000 for each label. Any other definition of a name that
 * is taken is refused.
 */
export class Metrics {
  readonly #definitions = new Map<string, Definition>();

  /** Defines a counter. @throws a `ModelwrightError` with code `CONFIG_INVALID` for a bad or taken name */
  counter<const L extends Readonly<Record<string, readonly string[]>>>(options: MetricOptions<L>): MetricFamily<Counter, L> {
    return this.#define("counter", options, () => new Counter());
  }

  /** Defines a gauge. @throws a `ModelwrightError` with code `CONFIG_INVALID` for a bad or taken name */
  gauge<const L extends Readonly<Record<string, readonly string[]>>>(options: MetricOptions<L>): MetricFamily<Gauge, L> {
    return this.#define("gauge", options, () => new Gauge());
  }

  /** Defines a histogram. @throws a `ModelwrightError` with code `CONFIG_INVALID` for a bad or taken name, or bad bounds */
  histogram<const L extends Readonly<Record<string, readonly string[]>>>(
    options: MetricOptions<L> & HistogramOptions,
  ): MetricFamily<Histogram, L> {
    const { min, max } = options;
    const bounds: HistogramOptions = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
    const { minExponent, maxExponent } = new Histogram(bounds).toJSON(); // refuses bad bounds here and not at the first series
    return this.#define("histogram", options, () => new Histogram(bounds), `${minExponent} to ${maxExponent}`);
  }

  /** Every metric, in the order of definition. */
  get families(): Iterable<MetricFamily<Counter> | MetricFamily<Gauge> | MetricFamily<Histogram>> {
    return [...this.#definitions.values()].map(({ family }) => family);
  }

  #define<M extends Counter | Gauge | Histogram, L extends Readonly<Record<string, readonly string[]>>>(
    kind: "counter" | "gauge" | "histogram",
    { name, help, labels = {} as L }: MetricOptions<L>,
    create: () => M,
    bounds = "",
  ): MetricFamily<M, L> {
    const issues = [];
    if (!/^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name))
      issues.push({ path: ["name"], message: `${JSON.stringify(name)} is not a metric name` });
    const defined = this.#definitions.get(name);
    if (defined !== undefined && !isSame(defined, { kind, help, labels, bounds }))
      issues.push({ path: ["name"], message: `${name} is defined already, with another kind, help, label names or bounds` });
    for (const label of Object.keys(labels)) {
      // Names that begin with __ belong to Prometheus itself, `le` to its histograms.
      if (!/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/.test(label) || label === "le")
        issues.push({ path: ["labels", label], message: "not a label name" });
    }
    if (issues.length > 0) throw invalidConfig(`metric ${name}`, issues);
    const values = defined?.values ?? new Map(Object.keys(labels).map((label) => [label, new Set<string>()]));
    for (const [label, known] of values) {
      for (const value of labels[label]!) if (known.size < MAX_VALUES) known.add(value);
    }
    if (defined !== undefined) return defined.family as unknown as MetricFamily<M, L>;
    const series = new Map<string, { labels: Readonly<Record<string, string>>; metric: M }>();
    // The sets grow in place with later definitions.
    const allowed = [...values];
    const family: MetricFamily<M, L> = {
      kind,
      name,
      help,
      series,
      with(given) {
        const carried = allowed.map(([label, known]) => [label, known.has(given[label]!) ? given[label]! : OVERFLOW] as const);
        const key = JSON.stringify(carried);
        let entry = series.get(key);
        if (entry === undefined) {
          entry = { labels: Object.fromEntries(carried), metric: create() };
          series.set(key, entry);
        }
        return entry.metric;
      },
    };
    this.#definitions.set(name, { family: family as unknown as MetricFamily<Counter>, values, bounds });
    return family;
  }
}

function isSame(
  { family, values, bounds }: Definition,
  given: Pick<MetricOptions, "help"> & { readonly kind: string; readonly labels: object; readonly bounds: string },
): boolean {
  const labels = Object.keys(given.labels);
  const sameLabels = labels.length === values.size && labels.every((label) => values.has(label));
  return family.kind === given.kind && family.help === given.help && bounds === given.bounds && sameLabels;
}
