/** What a filter or an order looks at: an attribute of the record itself, or one of its tags, metrics, params or aliases by key. */
export interface SearchField {
  readonly entity: "attribute" | "tag" | "metric" | "param" | "alias" | "dataset";
  /** Name of the attribute, or key of the tag, metric or param. Of an alias or a data set: `name`, `digest` or `context`. */
  readonly key: string;
}

/** Text, or a finite number. Metrics and times (milliseconds since the epoch) are numbers. */
export type SearchValue = string | number;

/**
 * A condition on records.
 *
 * A comparison with what a record does not have is false, also `!=`; `not` turns it true. A number compares with numbers and text with
 * text: a comparison across the two is false; NaN is as if it were not there, an infinity is the greatest number. What a record may have several of (aliases, data sets) matches when any one does.
 * `like` knows `%` and `_`, has no escape, and minds case; `ilike` does not mind the case of ASCII letters.
 */
export type Filter =
  | { readonly op: "and" | "or"; readonly of: readonly Filter[] }
  | { readonly op: "not"; readonly of: Filter }
  | {
      readonly op: "=" | "!=" | "<" | "<=" | ">" | ">=";
      readonly field: SearchField;
      readonly value: SearchValue;
    }
  | { readonly op: "like" | "ilike"; readonly field: SearchField; readonly value: string }
  | { readonly op: "in"; readonly field: SearchField; readonly values: readonly SearchValue[] }
  | { readonly op: "exists"; readonly field: SearchField };

/**
 * One key of an order. Records that lack it come last, in either direction; where some have
 * numbers and some text, numbers come first. Of a text the first 255 characters count.
 */
export interface SearchOrder {
  readonly field: SearchField;
  readonly direction: "asc" | "desc";
}

/** Which records to answer, in which order. */
export interface SearchQuery {
  /** @defaultValue every record */
  readonly where?: Filter | undefined;
  /** Ties, and records without an order, come in the store's own order. */
  readonly orderBy?: readonly SearchOrder[] | undefined;
  /** Most records to answer, at least 1. */
  readonly limit: number;
  /** `next` of the page before, of the same filter and order. */
  readonly after?: string | undefined;
}

/** A part of an answer. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where to go on; undefined behind the last record. Opaque. */
  readonly next: string | undefined;
}
