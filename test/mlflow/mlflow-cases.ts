import { readFileSync } from "node:fs";
import type { JsonValue } from "../../src/core/json.ts";
import { type MlflowOptions, mlflowFiles } from "../../src/mlflow/mlflow-files.ts";
import type { VersionRecord } from "../../src/registry/port.ts";
import { sampleVersion } from "../registry/sample-version.ts";

interface OurCase {
  readonly name: string;
  /** Text by path; of the version's own files nothing but the path counts. */
  readonly files: Readonly<Record<string, string>>;
  /** What PyYAML has to make of `MLmodel`. */
  readonly expected: JsonValue;
}

interface PythonCase {
  readonly name: string;
  readonly yaml: string;
  readonly value: Readonly<Record<string, JsonValue>>;
}

const read = (name: string) => JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), "utf8"));

/** `MLmodel` files that PyYAML wrote, and what it reads in them; `test/reference/mlflow.py` writes them. */
export const pythonModels = (read("mlflow.json") as { readonly cases: readonly PythonCase[] }).cases;

/** What `test/reference/mlflow.py` has checked. */
export const checkedByPython = () => (read("mlflow-ours.json") as { readonly cases: readonly OurCase[] }).cases;

const file = (path: string, sizeBytes: number) => ({ path, digest: `sha256:${"b".repeat(64)}` as const, sizeBytes });
const signature = (inputs: string, outputs: string) => ({ signature: { inputs, outputs, params: null } });
const floats = (name: string, ...shape: number[]) => ({ name, type: "tensor", "tensor-spec": { dtype: "float32", shape } });
const flavors = (data: string, onnx: object, python = "3.11", providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]) => ({
  onnx: { code: null, data, onnx_session_options: null, ...onnx, providers },
  python_function: {
    data,
    env: { conda: "conda.yaml", virtualenv: "python_env.yaml" },
    loader_module: "mlflow.onnx",
    python_version: python,
  },
});
const common = {
  mlflow_version: "2.20.3",
  model_size_bytes: 100,
  model_uuid: "0190a1b2c3d47abc8def000000000001",
  utc_time_created: "2026-01-01 05:17:31.634000",
};
const types = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"];
const hostile = Object.fromEntries([
  ["__proto__", { text: "a\n- b: *x\n\u2028\u0085\u007f\u0000😀 # no: comment", yes: "yes" }],
  ["k".repeat(250), [1, -0.5, 1e21, 1e-7, 12345678901234567000, true, null, [], {}, [[{ a: [1, { b: 2 }] }]]]],
  ["é".repeat(250), "a long key in escapes"],
]);

const versions: readonly (readonly [name: string, version: VersionRecord, options: MlflowOptions, expected: object])[] = [
  [
    "as it is by default",
    sampleVersion(),
    {},
    {
      ...common,
      flavors: flavors("model.onnx", {}),
      ...signature(JSON.stringify([floats("features", -1, 2)]), JSON.stringify([floats("score", -1, 1)])),
    },
  ],
  [
    "with every option, weights beside the model, a run and hostile metadata",
    sampleVersion(1, {
      files: [file("net.onnx", 60), file("net.data", 40)],
      runId: "12345678e9",
      metadata: hostile,
      signature: null,
    }),
    {
      onnxVersion: "1.10",
      onnxruntimeVersion: "1.20.0",
      pythonVersion: "3.10",
      mlflowVersion: "3.11.2",
      providers: ["CPUExecutionProvider"],
    },
    {
      ...common,
      mlflow_version: "3.11.2",
      run_id: "12345678e9",
      metadata: hostile,
      flavors: flavors("net.onnx", { onnx_version: "1.10" }, "3.10", ["CPUExecutionProvider"]),
    },
  ],
  [
    "with the model in a folder and one side that MLflow cannot say",
    sampleVersion(1, {
      files: [file("net/deep/model.onnx", 100), file("net/deep/weights.bin", 0)],
      signature: {
        inputs: [...types, "string", "complex64", "complex128"].map((type, i) => ({
          name: `in ${i}`,
          type,
          dims: [i, "?", "n"],
        })),
        outputs: [{ name: "map", type: "other", dims: null }],
      },
    }),
    {},
    {
      ...common,
      flavors: flavors("net/deep/model.onnx", {}),
      signature: {
        inputs: JSON.stringify(
          [...types, "str", "complex64", "complex128"].map((dtype, i) => ({
            name: `in ${i}`,
            type: "tensor",
            "tensor-spec": { dtype, shape: [i, -1, -1] },
          })),
        ),
        outputs: null,
        params: null,
      },
    },
  ],
];

/** Versions written as MLflow models. */
export const ourModels: readonly OurCase[] = versions.map(([name, version, options, expected]) => {
  const written = Object.entries(mlflowFiles(version, options)).map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]);
  const own = version.files.map(({ path }) => [path, ""]);
  return { name, files: Object.fromEntries([...own, ...written]), expected: expected as JsonValue };
});
