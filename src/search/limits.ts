/** Greatest sizes of a query, so that nobody can keep a store busy with one. */
export const LIMITS = {
  /** Comparisons in a filter; `and` and `or` of nothing count as one. */
  conditions: 100,
  /** Levels of a filter, and of parentheses in its text. */
  depth: 20,
  /** Values of one `in`. */
  values: 1_000,
  /** Values of all `in` together: databases take no more parameters than some ten thousand. */
  allValues: 10_000,
  /** Characters of a value. */
  text: 8_000,
  /** Characters of a key. */
  key: 250,
  /** Keys of an order. */
  orders: 10,
  /** Records of a page; what MLflow allows. */
  page: 50_000,
  /** Characters of a filter or an order that is written as text. */
  source: 1_000_000,
  /** Characters of a cursor. A place can hold a description of 100 000 characters. */
  cursor: 2_097_152,
} as const;

/**
 * Characters of a text that an order goes by; texts that begin with the same ones come in the natural order. MariaDB sorts by 1024 bytes
 * only, and a page has to begin where the one before ended.
 */
export const ORDERED_CHARACTERS = 255;
