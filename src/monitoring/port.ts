import type { CallOptions } from "../core/call.ts";

/**
 * What a model answered: a number (a regression's value, or the probability of the positive class), a class, or a probability for each
 * class. Numbers are finite; -0 is kept as 0.
 */
export type PredictionOutput = number | string | Readonly<Record<string, number>>;

/** The truth: a number (0 or 1 for two classes), which is finite, or a class. -0 is kept as 0. */
export type PredictionLabel = number | string;

/** A prediction to be logged. */
export interface NewPrediction {
  /** Unique for the model; 1 to 128 characters. */
  readonly id: string;
  /** Of the model, for example `7`. 1 to 128 characters. */
  readonly version: string;
  /** When it was made, whole milliseconds since the epoch. */
  readonly at: number;
  /** A part of the traffic that is looked at by itself, 1 to 128 characters; null for none. */
  readonly segment: string | null;
  readonly output: PredictionOutput;
}

/** A logged prediction, with its label once that is known. */
export interface LoggedPrediction extends NewPrediction {
  readonly label: PredictionLabel | null;
  /** When the label was known, milliseconds since the epoch. */
  readonly labelledAt: number | null;
}

/** A label that came in. */
export interface NewLabel {
  /** Of the prediction. */
  readonly id: string;
  readonly label: PredictionLabel;
  /** When the truth was known, whole milliseconds since the epoch. */
  readonly at: number;
  /** Whether it takes the place of another label, as a correction. */
  readonly replaces: boolean;
}

/**
 * What became of a label: `joined` to its prediction; `unchanged`, the same one was there, and keeps its time; `corrected`, it took
 * another one's place; `conflict`, another one is there and stays; `late`, it came after the label window, whatever is there; `unknown`,
 * no prediction has the id.
 */
export type LabelOutcome = "joined" | "unchanged" | "corrected" | "conflict" | "late" | "unknown";

/** Which predictions to read. */
export interface PredictionQuery {
  /** Made at or after, milliseconds since the epoch. */
  readonly from: number;
  /** Made before. */
  readonly to: number;
  readonly version?: string | undefined;
  readonly segment?: string | undefined;
  /** Only those with a label, or only those without. @defaultValue both */
  readonly labelled?: boolean | undefined;
  /** Most to answer, 1 to 10 000. */
  readonly limit: number;
  /** What the previous page answered as `next`. */
  readonly cursor?: string | undefined;
}

/** Predictions in the order of `at`, then of the code points of `id`. */
export interface PredictionPage {
  readonly predictions: readonly LoggedPrediction[];
  /** Reads on behind the last one, also when others were added meanwhile; undefined at the end. */
  readonly next: string | undefined;
}

/** Sums over a span of time, kept by one writer, for one series. */
export interface StoredBucket {
  /** What is summed, for example a model version. 1 to 128 characters. */
  readonly series: string;
  /** When the span begins, whole milliseconds since the epoch. */
  readonly at: number;
  /** Who summed: a process writes its own buckets only, and replaces them as they grow. 1 to 64 characters. */
  readonly writer: string;
  readonly content: Uint8Array;
}

/** Which buckets to read. */
export interface BucketQuery {
  /** That begin at or after, milliseconds since the epoch. */
  readonly from: number;
  /** That begin before. */
  readonly to: number;
  readonly series?: string | undefined;
}

/** What is no longer kept. */
export interface MonitoringRetention {
  /** Predictions made before, milliseconds since the epoch. */
  readonly predictionsBefore?: number | undefined;
  /** Predictions beyond this many, the oldest first. */
  readonly maxPredictions?: number | undefined;
  /** Buckets that begin before, milliseconds since the epoch. */
  readonly bucketsBefore?: number | undefined;
}

/**
 * Port: predictions with their labels, and sums over time, of models. A model is a name of 1 to 128 characters.
 *
 * What is given is copied. Names, that is all texts but classes, are free of NUL characters and lone surrogates. What is not as it is
 * said here is refused with `INPUT_INVALID`, before anything of the call is written.
 */
export interface MonitoringStore extends AsyncDisposable {
  readonly spec: "monitoring/1";
  /** Shown in errors and traces. */
  readonly name: string;
  readonly capabilities: {
    /** Whether what was answered survives the end of the process. */
    readonly durable: boolean;
  };
  /** Adds predictions, all or none, and answers how many were new: an id that is there, or comes again, keeps what it has. */
  addPredictions(model: string, predictions: readonly NewPrediction[], call?: CallOptions): Promise<number>;
  /**
   * Joins labels to their predictions, all or none, in the order given; what became of each. A label whose time is more than
   * `windowMs` (at least 0; infinity for no end) after its prediction's is late.
   */
  addLabels(
    model: string,
    labels: readonly NewLabel[],
    options: { readonly windowMs: number },
    call?: CallOptions,
  ): Promise<readonly LabelOutcome[]>;
  /** Reads predictions in pages. */
  predictions(model: string, query: PredictionQuery, call?: CallOptions): Promise<PredictionPage>;
  /** Stores buckets, all or none; one of the same series, time and writer takes the place of what is there. */
  putBuckets(model: string, buckets: readonly StoredBucket[], call?: CallOptions): Promise<void>;
  /** Buckets in the order of `at`, then of the code points of `series` and `writer`. The call's `timeoutMs` limits each step. */
  buckets(model: string, query: BucketQuery, call?: CallOptions): AsyncIterable<StoredBucket>;
  /** Removes what is no longer kept; how many of each. Much of it may go step by step, so that others can write in between. */
  remove(
    model: string,
    retention: MonitoringRetention,
    call?: CallOptions,
  ): Promise<{ readonly predictions: number; readonly buckets: number }>;
}
