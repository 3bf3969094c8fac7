/** What stands where there is no number. */
const NONE = "–";

/** Numbers as a reader expects them: few digits, the same for the same thing, never `NaN`. */
export class NumberFormat {
  readonly #locale: string;
  readonly #whole: Intl.NumberFormat;
  readonly #tenths: Intl.NumberFormat;
  readonly #thousandths: Intl.NumberFormat;
  readonly #digits: Intl.NumberFormat;
  readonly #power: Intl.NumberFormat;
  readonly #time: Intl.DateTimeFormat;

  /** @param locale - a BCP 47 tag that is known to be well-formed */
  constructor(locale: string) {
    this.#locale = locale;
    this.#whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.#tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#thousandths = new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
    this.#digits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
    this.#power = new Intl.NumberFormat(locale, { notation: "scientific", maximumSignificantDigits: 3 });
    this.#time = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  }

  /** A number of rows. */
  count(value: number): string {
    return Number.isFinite(value) ? this.#whole.format(value) : NONE;
  }

  /** A share in [0, 1] as per cent; one that would round to nothing says that it is not nothing. */
  share(value: number): string {
    if (!Number.isFinite(value)) return NONE;
    if (value > 0 && value < 0.0005) return `< ${this.#tenths.format(0.1)} %`;
    return `${this.#tenths.format(100 * value + 0)} %`;
  }

  /** A share in whole per cent. */
  percent(value: number): string {
    return Number.isFinite(value) ? `${this.#whole.format(100 * value + 0)} %` : NONE;
  }

  /** An index or a distance, to three places; from 1000 on four digits. */
  index(value: number): string {
    if (!Number.isFinite(value)) return NONE;
    if (Math.abs(value) >= 1000) return this.value(value);
    return this.#thousandths.format(Math.round(1000 * value) / 1000 + 0);
  }

  /** A range of such. */
  interval(range: readonly [low: number, high: number]): string {
    return `${this.index(range[0])} to ${this.index(range[1])}`;
  }

  /** A probability; below a thousandth it does not matter how far. */
  probability(value: number): string {
    if (!Number.isFinite(value)) return NONE;
    return value < 0.001 ? `< ${this.#thousandths.format(0.001)}` : this.#thousandths.format(value);
  }

  /** An e-value, given its natural logarithm. */
  eValue(logarithm: number): string {
    if (!Number.isFinite(logarithm)) return NONE;
    const tens = logarithm / Math.LN10;
    if (tens < -2) return `< ${this.#digits.format(0.01)}`;
    if (tens < 4) return this.#digits.format(Number(Math.exp(logarithm).toPrecision(2)));
    // Beyond the greatest number its power of ten is known still.
    return tens < 300 ? this.#power.format(Number(Math.exp(logarithm).toPrecision(1))) : `1E${Math.floor(tens)}`;
  }

  /** A value of a feature, four digits. */
  value(value: number): string {
    if (!Number.isFinite(value)) return NONE;
    const size = Math.abs(value);
    return size !== 0 && (size < 1e-4 || size >= 1e9) ? this.#power.format(value) : this.#digits.format(value + 0);
  }

  /** A time in UTC, to the minute. */
  time(ms: number | null): string {
    return ms === null || !(Math.abs(ms) <= 8.64e15) ? NONE : this.#time.format(ms);
  }

  /** A day, or where a line of time is shorter than three days a day and a minute, in UTC. */
  tick(ms: number, spanMs: number): string {
    if (!(Math.abs(ms) <= 8.64e15)) return NONE;
    const minutes = spanMs < 3 * 86_400_000;
    const years = spanMs > 300 * 86_400_000;
    return new Intl.DateTimeFormat(this.#locale, {
      day: "numeric",
      month: "short",
      ...(years && { year: "2-digit" }),
      ...(minutes && { hour: "2-digit", minute: "2-digit" }),
      timeZone: "UTC",
    }).format(ms);
  }
}
