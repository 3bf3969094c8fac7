import { BoundedCounts } from "../bucket/bounded-counts.ts";
import type { BucketReader, NameCounts } from "../bucket/bucket-reader.ts";
import { NumberCells } from "../bucket/number-cells.ts";
import { type NumberScale, timeScale } from "../bucket/number-scale.ts";

/** Error codes and classes that a report names, of all its buckets together. */
const MAX_NAMES = 1000;

/** Sums of buckets. */
export class TrafficSums {
  predictions = 0;
  positives = 0;
  errors = 0;
  logged = 0;
  dropped = 0;
  notSampled = 0;
  refused = 0;
  readonly latency = new NumberCells(timeScale);
  readonly errorLatency = new NumberCells(timeScale);
  readonly outputs: NumberCells;
  codes = new BoundedCounts(MAX_NAMES);
  classes = new BoundedCounts(MAX_NAMES);

  constructor(scale: NumberScale) {
    this.outputs = new NumberCells(scale);
  }

  get requests(): number {
    return this.predictions + this.errors;
  }

  /** Adds the bucket that was read. */
  addRead(bucket: BucketReader): void {
    this.predictions += bucket.predictions;
    this.positives += bucket.positives;
    this.errors += bucket.errors;
    this.logged += bucket.logged;
    this.dropped += bucket.dropped;
    this.notSampled += bucket.notSampled;
    this.refused += bucket.refused;
    this.latency.addSparse(bucket.latency);
    this.errorLatency.addSparse(bucket.errorLatency);
    this.outputs.addSparse(bucket.outputs);
    addNames(this.codes, bucket.codes);
    addNames(this.classes, bucket.classes);
  }

  addAll(other: TrafficSums): void {
    this.predictions += other.predictions;
    this.positives += other.positives;
    this.errors += other.errors;
    this.logged += other.logged;
    this.dropped += other.dropped;
    this.notSampled += other.notSampled;
    this.refused += other.refused;
    this.latency.addAll(other.latency);
    this.errorLatency.addAll(other.errorLatency);
    this.outputs.addAll(other.outputs);
    this.codes.addAll(other.codes);
    this.classes.addAll(other.classes);
  }

  clear(): void {
    this.predictions = 0;
    this.positives = 0;
    this.errors = 0;
    this.logged = 0;
    this.dropped = 0;
    this.notSampled = 0;
    this.refused = 0;
    this.latency.clear();
    this.errorLatency.clear();
    this.outputs.clear();
    this.codes = new BoundedCounts(MAX_NAMES);
    this.classes = new BoundedCounts(MAX_NAMES);
  }
}

function addNames(into: BoundedCounts, { names, counts, other }: NameCounts): void {
  for (let i = 0; i < names.length; i++) into.add(names[i]!, counts[i]);
  into.addOther(other);
}
