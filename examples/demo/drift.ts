import { type Random, randomNormal } from "modelwright";
import type { Measurement, Sample } from "./load-data.ts";

/**
 * The samples as they would look after three changes at once:
 *
 * 1. unit change: `mean_area` arrives in hundreds of square units (divided by 100), as after an update of a scanner's software;
 * 2. noise: `mean_texture` and `worst_smoothness` get normal noise of half their usual spread, as from a worn lens;
 * 3. class-prior shift: two of three benign samples are missing, as when only suspicious cases are still sent.
 */
export function drifted(samples: readonly Sample[], random: Random): Sample[] {
  const textureNoise = spread(samples, "mean_texture") / 2;
  const smoothnessNoise = spread(samples, "worst_smoothness") / 2;
  return samples
    .filter(({ malignant }) => malignant || random.next() < 1 / 3)
    .map(({ values, malignant }) => ({
      malignant,
      values: {
        ...values,
        mean_area: values.mean_area / 100,
        mean_texture: values.mean_texture + textureNoise * randomNormal(random),
        worst_smoothness: values.worst_smoothness + smoothnessNoise * randomNormal(random),
      },
    }));
}

/** Standard deviation. */
function spread(samples: readonly Sample[], name: Measurement): number {
  const mean = samples.reduce((sum, { values }) => sum + values[name], 0) / samples.length;
  return Math.sqrt(samples.reduce((sum, { values }) => sum + (values[name] - mean) ** 2, 0) / samples.length);
}
