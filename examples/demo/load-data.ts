import { readFile } from "node:fs/promises";

const properties = [
  "radius",
  "texture",
  "perimeter",
  "area",
  "smoothness",
  "compactness",
  "concavity",
  "concave_points",
  "symmetry",
  "fractal_dimension",
] as const;

type Property = (typeof properties)[number];

/** Name of a measurement: mean, standard error or worst value of a property of the cell nuclei. */
export type Measurement = `mean_${Property}` | `${Property}_error` | `worst_${Property}`;

/** The 30 names, in the order of the data's columns. */
export const measurements: readonly Measurement[] = [
  ...properties.map((property) => `mean_${property}` as const),
  ...properties.map((property) => `${property}_error` as const),
  ...properties.map((property) => `worst_${property}` as const),
];

/** One tumour: its measurements, and whether it is malignant. */
export interface Sample {
  readonly values: Readonly<Record<Measurement, number>>;
  readonly malignant: boolean;
}

/** The Breast Cancer Wisconsin (Diagnostic) set; see examples/data/README.md. */
export async function loadSamples(): Promise<Sample[]> {
  const text = await readFile(new URL("../data/breast-cancer-wisconsin.csv", import.meta.url), "utf8");
  const [header, ...lines] = text.trim().split("\n");
  if (header !== ["diagnosis", ...measurements].join(",")) throw new Error("The columns of the data are not the expected ones");
  return lines.map((line) => {
    const [diagnosis, ...numbers] = line.split(",");
    const values = Object.fromEntries(measurements.map((name, i) => [name, Number(numbers[i])])) as Record<Measurement, number>;
    return { values, malignant: diagnosis === "malignant" };
  });
}
