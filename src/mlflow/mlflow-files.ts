import { ModelwrightError } from "../core/errors.ts";
import type { JsonValue } from "../core/json.ts";
import { formatModelRef } from "../core/model.ts";
import type { VersionRecord } from "../registry/port.ts";
import { mlflowSignature } from "./mlflow-signature.ts";
import { yamlText } from "./mlflow-yaml.ts";

/** What {@link mlflowFiles} writes about the Python that is to load the model. */
export interface MlflowOptions {
  /** Version of the Python package `onnx`. @defaultValue not said, and any version is asked for */
  readonly onnxVersion?: string | undefined;
  /** Version of the Python package `onnxruntime`. @defaultValue any */
  readonly onnxruntimeVersion?: string | undefined;
  /** @defaultValue "3.11" */
  readonly pythonVersion?: string | undefined;
  /** The release of MLflow whose layout is written; newer ones read it, too. @defaultValue "2.20.3" */
  readonly mlflowVersion?: string | undefined;
  /** Execution providers of ONNX Runtime, the first that is there is used. @defaultValue CUDA, then the CPU, as MLflow's own */
  readonly providers?: readonly string[] | undefined;
}

/**
 * The files that make a registered ONNX model an MLflow model: `MLmodel`, `conda.yaml`, `python_env.yaml` and `requirements.txt`, by path.
 * With the version's own files beside them, Python's `mlflow.onnx.load_model(folder)` and `mlflow.pyfunc.load_model(folder)` load it. The
 * model's file keeps its path; where that is in a folder, the folder gets an `MLmodel`, too, because MLflow looks for one beside the
 * model. Paths that the version has are left out: what came from MLflow goes back unchanged. The same version gives the same bytes.
 *
 * The signature is left out where MLflow has no word for it: sequences, maps, an unknown rank, element types that NumPy lacks.
 *
 * @throws a {@link ModelwrightError} with code `UNSUPPORTED` for a version of another flavor that has no `MLmodel`
 * @source mlflow/onnx/__init__.py (`save_model`, `load_model`, `_OnnxModelWrapper`), mlflow/models/model.py (`Model.from_dict`),
 * mlflow/utils/environment.py, release 2.20
 *
 * @example
 * ```ts
 * import { ModelRegistry, memoryBlobs, memoryRegistry } from "modelwright";
 * import { mlflowFiles } from "modelwright/mlflow";
 *
 * const registry = new ModelRegistry({ store: memoryRegistry(), blobs: memoryBlobs() });
 * const { version, files } = await registry.load("fraud@production");
 * const folder = { ...files, ...mlflowFiles(version) }; // bytes by path
 * ```
 */
export function mlflowFiles(version: VersionRecord, options: MlflowOptions = {}): Readonly<Record<string, Uint8Array>> {
  const known = new Set(version.files.map(({ path }) => path));
  if (known.has("MLmodel")) return {};
  const model = version.files.find(({ path }) => path.endsWith(".onnx"))?.path;
  if (version.flavor !== "onnx" || model === undefined) {
    const ref = formatModelRef({ name: version.name, version: version.version });
    throw new ModelwrightError("UNSUPPORTED", `${ref} has the flavor ${version.flavor}; MLflow files are written for onnx`, {
      details: { feature: `MLflow files for the flavor ${version.flavor}` },
    });
  }
  const folder = model.slice(0, model.lastIndexOf("/") + 1);
  const written: readonly (readonly [string, string])[] = [
    ["MLmodel", yamlText(describe(version, model, options))],
    ...environment(options),
    ...(folder === "" ? [] : [[`${folder}MLmodel`, yamlText(describe(version, model.slice(folder.length), options))] as const]),
  ];
  const missing = written.filter(([path]) => !known.has(path));
  return Object.fromEntries(missing.map(([path, text]) => [path, new TextEncoder().encode(text)]));
}

function describe(version: VersionRecord, data: string, options: MlflowOptions): JsonValue {
  const { onnxVersion, pythonVersion = "3.11", mlflowVersion = "2.20.3" } = options;
  const { providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] } = options;
  const signature = version.signature === null ? undefined : mlflowSignature(version.signature);
  return {
    flavors: {
      onnx: {
        code: null,
        data,
        onnx_session_options: null,
        ...(onnxVersion === undefined ? {} : { onnx_version: onnxVersion }),
        providers,
      },
      python_function: {
        data,
        env: { conda: "conda.yaml", virtualenv: "python_env.yaml" },
        loader_module: "mlflow.onnx",
        python_version: pythonVersion,
      },
    },
    ...(Object.keys(version.metadata).length === 0 ? {} : { metadata: version.metadata }),
    mlflow_version: mlflowVersion,
    model_size_bytes: version.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    model_uuid: version.id.replaceAll("-", ""),
    ...(version.runId === null ? {} : { run_id: version.runId }),
    ...(signature === undefined ? {} : { signature }),
    utc_time_created: new Date(version.createdAt).toISOString().replace("T", " ").replace("Z", "000"),
  };
}

function environment(options: MlflowOptions): readonly (readonly [path: string, text: string])[] {
  const { onnxVersion, onnxruntimeVersion, pythonVersion = "3.11", mlflowVersion } = options;
  const packages = { mlflow: mlflowVersion, onnx: onnxVersion, onnxruntime: onnxruntimeVersion };
  const requirements = Object.entries(packages).map(([name, pinned]) => (pinned === undefined ? name : `${name}==${pinned}`));
  const dependencies = [`python=${pythonVersion}`, "pip", { pip: requirements }];
  const python = { python: pythonVersion, build_dependencies: ["pip"], dependencies: ["-r requirements.txt"] };
  return [
    ["conda.yaml", yamlText({ channels: ["conda-forge"], dependencies, name: "mlflow-env" })],
    ["python_env.yaml", yamlText(python)],
    ["requirements.txt", `${requirements.join("\n")}\n`],
  ];
}
