/** A coordinate of an SVG, to two places. What is no finite number is 0, so that no path can break. */
export function coordinate(value: number): string {
  if (!Number.isFinite(value)) return "0";
  return String(Math.round(Math.min(1e6, Math.max(-1e6, value)) * 100) / 100 + 0);
}

/** A share forced into [0, 1]; 0 for what is no number. */
export function unit(value: number): number {
  return value > 0 ? Math.min(1, value) : 0;
}

/** Round numbers from 0 on, about `steps` of them, the last at or above `max`. */
export function ticksTo(max: number, steps: number): readonly number[] {
  const top = Number.isFinite(max) && max > 0 ? max : 1;
  const rough = top / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9))!;
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}
