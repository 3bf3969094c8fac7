import "../property-seed.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import type { ErrorDetails } from "../../src/core/errors.ts";
import type { JsonValue } from "../../src/core/json.ts";
import { mlflowFiles } from "../../src/mlflow/mlflow-files.ts";
import { readMlflowModel } from "../../src/mlflow/mlflow-model.ts";
import { yamlText } from "../../src/mlflow/mlflow-yaml.ts";
import { readYaml } from "../../src/mlflow/mlflow-yaml-reader.ts";
import { parseRegistration } from "../../src/registry/registration.ts";
import { sampleVersion } from "../registry/sample-version.ts";
import { checkedByPython, ourModels, pythonModels } from "./mlflow-cases.ts";

const text = (value: string) => new TextEncoder().encode(value);
const python = (name: string) => pythonModels.find((each) => each.name === name)!;
const folder = (name: string) => ({ MLmodel: text(python(name).yaml), "conda.yaml": text("x"), data: text("weights") });

describe("mlflowFiles", () => {
  it("still writes what Python has read as MLflow does", () => {
    // After a change: run test/mlflow/fixtures/mlflow-for-python.ts, then test/reference/mlflow.py check.
    expect(ourModels).toEqual(checkedByPython());
  });

  it.each(ourModels)("writes a file that is read back $name", ({ files, expected }) => {
    expect(readYaml(files["MLmodel"]!, yaml)).toEqual(expected);
  });

  it("leaves files alone that the version has", () => {
    const [onnx] = sampleVersion().files;
    const files = [onnx!, { ...onnx!, path: "requirements.txt" }];
    expect(Object.keys(mlflowFiles(sampleVersion(1, { files })))).toEqual(["MLmodel", "conda.yaml", "python_env.yaml"]);
    expect(mlflowFiles(sampleVersion(1, { files: [...files, { ...onnx!, path: "MLmodel" }] }))).toEqual({});
    expect(mlflowFiles(sampleVersion(1, { files: [{ ...onnx!, path: "MLmodel" }], flavor: "sklearn" }))).toEqual({});
  });

  it("pins the packages whose versions are known, and loads with those alone", () => {
    const files = mlflowFiles(sampleVersion(), { onnxVersion: "1.16.1", onnxruntimeVersion: "1.20.0", mlflowVersion: "2.20.3" });
    expect(new TextDecoder().decode(files["requirements.txt"])).toBe("mlflow==2.20.3\nonnx==1.16.1\nonnxruntime==1.20.0\n");
  });

  it.each<[string, ReturnType<typeof sampleVersion>["signature"]]>([
    ["an unknown rank", { inputs: [{ name: "x", type: "float32", dims: null }], outputs: [] }],
    ["a type that NumPy lacks", { inputs: [{ name: "x", type: "bfloat16", dims: [1] }], outputs: [] }],
    ["a name of objects for a type", { inputs: [{ name: "x", type: "constructor", dims: [1] }], outputs: [] }],
    ["nothing", { inputs: [], outputs: [] }],
  ])("leaves out a signature with %s, which MLflow would not load", (_, signature) => {
    const { MLmodel } = mlflowFiles(sampleVersion(1, { signature }));
    expect(readYaml(new TextDecoder().decode(MLmodel), yaml)).not.toHaveProperty("signature");
  });

  it("is for ONNX only", () => {
    const error = { code: "UNSUPPORTED", message: expect.stringContaining("fraud@1 has the flavor sklearn") };
    expect(() => mlflowFiles(sampleVersion(1, { flavor: "sklearn" }))).toThrow(expect.objectContaining(error));
  });
});

describe("readMlflowModel", () => {
  it.each([
    ["sklearn", { flavor: "sklearn", framework: "scikit-learn 1.5.0", runId: "1234567890123456789012345678e123" }],
    [
      "xgboost",
      { framework: "xgboost 2.1.1", modelType: "xgboost.sklearn.XGBClassifier", runId: "0123456789abcdef0123456789abcdef" },
    ],
    ["pytorch", { flavor: "pytorch", framework: "pytorch 2.4.0", runId: undefined, inputSchema: undefined }],
    ["tensorflow", { flavor: "tensorflow", framework: "tensorflow 3.4.1", modelType: "keras" }],
    ["onnx", { flavor: "onnx", framework: undefined, outputSchema: undefined }],
    ["python_function", { flavor: "python_function", framework: undefined }],
  ])("reads what MLflow writes for %s", async (name, expected) => {
    expect(await readMlflowModel(folder(name))).toMatchObject(expected);
  });

  it("keeps every file, and what the MLmodel file says as MLflow says it", async () => {
    const files = folder("sklearn");
    const { value } = python("sklearn");
    const { metadata, inputSchema, outputSchema, ...model } = await readMlflowModel(files);
    const { flavors: _, metadata: user, run_id: __, signature, ...rest } = value;
    expect(model.files).toEqual(files);
    // Python's integers have no bounds; those that a double cannot hold stay text.
    expect(metadata).toEqual({ ...(user as object), huge: "12345678901234567890", mlflow: rest });
    expect([inputSchema, outputSchema]).toEqual(
      ["inputs", "outputs"].map((side) => JSON.parse((signature as Record<string, string>)[side]!)),
    );
  });

  it.each(pythonModels.map(({ name }) => [name]))("gives what a registry accepts for %s", async (name) => {
    const files = { ...folder(name), ...(name === "onnx" ? { "model.onnx": text("") } : {}) };
    const parsed = parseRegistration({ name: "fraud", ...(await readMlflowModel(files)) });
    expect(parsed.lineage).toEqual(name === "sklearn" || name === "xgboost" ? [{ kind: "run", ref: parsed.runId }] : []);
  });

  it("follows aliases, which PyYAML writes for what occurs twice", async () => {
    const { metadata } = await readMlflowModel(folder("aliases"));
    expect(python("aliases").yaml).toContain("*id001");
    expect(metadata).toMatchObject(python("aliases").value["metadata"] as object);
  });

  it("reads a stream of the MLmodel file and leaves the others to the registry", async () => {
    const bytes = text(python("pytorch").yaml);
    const stream = async function* () {
      for (const byte of bytes) yield Uint8Array.of(byte);
    };
    const untouched: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => {
        throw new Error("the registry reads this");
      },
    };
    const stored = { digest: `sha256:${"a".repeat(64)}` } as const;
    const { files } = await readMlflowModel({ MLmodel: stream(), data: untouched, env: stored });
    expect(files).toEqual({ MLmodel: bytes, data: untouched, env: stored });
  });

  it("takes the MLmodel file that is highest up, in a folder as well", async () => {
    const { flavor } = await readMlflowModel({
      "run/model/parts/a/MLmodel": text("no: flavors"),
      "run/model/MLmodel": text(python("xgboost").yaml),
    });
    expect(flavor).toBe("xgboost");
  });

  it("reads what it has written", async () => {
    const version = sampleVersion(1, { runId: "r1", metadata: { note: "é" } });
    const model = await readMlflowModel({ ...mlflowFiles(version), "model.onnx": text("") });
    expect(model).toMatchObject({ flavor: "onnx", runId: "r1", metadata: { note: "é" } });
    expect(model.inputSchema).toEqual([
      { name: "features", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, 2] } },
    ]);
  });

  it("takes names of objects for names", async () => {
    const { flavor, framework, metadata } = await readMlflowModel({
      MLmodel: text(
        "flavors: {constructor: {__proto___version: 1.0.0, __proto__: {}}}\nmetadata: {__proto__: {a: 1}}\n__proto__: 1",
      ),
    });
    expect([flavor, framework]).toEqual(["constructor", "constructor 1.0.0"]);
    expect(Object.entries(metadata!)).toEqual([
      ["mlflow", Object.fromEntries([["__proto__", 1]])],
      ["__proto__", { a: 1 }],
    ]);
  });

  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (let i = 0; i < 9; i++)
    bomb.push(`${"bcdefghij"[i]}: &${"bcdefghij"[i]} [${Array(9).fill(`*${"abcdefghij"[i]}`).join(", ")}]`);
  it.each<[string, string | Uint8Array, RegExp]>([
    ["no mapping", "- a", /the file is not a mapping/],
    ["nothing in it", "", /the file is not a mapping/],
    ["no flavors", "flavors: {}", /it has no flavors/],
    ["flavors that are text", "flavors: x", /flavors is not a mapping/],
    ["a flavor that is text", "flavors: {sklearn: x}", /the flavor sklearn is not a mapping/],
    ["a flavor that is no name", "flavors: {../x: {}}", /its flavor "\.\.\/x" is no name/],
    ["a signature that is text", "flavors: {x: {}}\nsignature: x", /signature is not a mapping/],
    ["a schema that is no JSON", "flavors: {x: {}}\nsignature: {inputs: '['}", /signature\.inputs is not JSON/],
    ["metadata that is a list", "flavors: {x: {}}\nmetadata: [1]", /metadata is not a mapping/],
    ["damaged YAML", "a: [", /cannot be read/],
    ["two documents", "a: 1\n---\nb: 2", /multiple documents/],
    ["a key twice", "a: 1\na: 2", /the key "a" twice/],
    ["a key that is a list", "? [a]\n: 1", /a key that is not text/],
    ["a tag of Python", "a: !!python/object/apply:os.system [x]", /[Uu]nresolved tag|tags are not read/],
    ["a tag of YAML", "a: !!binary aGk=", /tags are not read/],
    ["a tag on a key", "!!str a: 1", /a key that is not text/],
    ["an alias of nothing", "a: *b", /cannot be read/],
    ["an alias of itself", "a: &a [*a]", /nested deeper than 50/],
    ["a bomb of aliases", bomb.join("\n"), /more than 100000 nodes/],
    ["very many keys", Array.from({ length: 60_000 }, (_, i) => `k${i}: `).join("\n"), /more than 100000 nodes|bytes/],
    ["a deep nesting", `a: ${"[".repeat(60)}${"]".repeat(60)}`, /nested deeper than 50/],
    ["an endless nesting", "[".repeat(500_000), /nested deeper than 50/],
    ["an endless list of lists", "- ".repeat(250_000), /nested deeper than 50/],
    ["more bytes than a model has", "#".repeat(600_000), /more than 524288 bytes/],
    ["no UTF-8", Uint8Array.of(0x61, 0xff), /cannot be read/],
  ])("refuses a file with %s", async (_, content, reason) => {
    const error = await readMlflowModel({ MLmodel: typeof content === "string" ? text(content) : content }).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "MODEL_INVALID" });
    expect((error as Error).message).toMatch(reason);
    expect((error as { details: ErrorDetails["MODEL_INVALID"] }).details.reason).not.toBe("");
  });

  it("refuses a stream that does not end before anything is collected", async () => {
    let asked = 0;
    const endless = async function* () {
      for (;;) {
        asked += 1;
        yield new Uint8Array(100_000);
      }
    };
    await expect(readMlflowModel({ MLmodel: endless() })).rejects.toMatchObject({ code: "MODEL_INVALID" });
    expect(asked).toBeLessThan(10);
  });

  it("refuses a folder without a model, with two, or with a digest in its place", async () => {
    await expect(readMlflowModel({ "model.pkl": text("") })).rejects.toThrow(/there is none among the files/);
    await expect(readMlflowModel({ "a/MLmodel": text(""), "b/MLmodel": text("") })).rejects.toThrow(/b\/MLmodel is beside it/);
    const stored = { digest: `sha256:${"a".repeat(64)}` } as const;
    await expect(readMlflowModel({ MLmodel: stored })).rejects.toMatchObject({ code: "INPUT_INVALID" });
  });

  it("reads with the library that is handed in", async () => {
    let texts = 0;
    const parseDocument: typeof yaml.parseDocument = (...args) => {
      texts += 1;
      return yaml.parseDocument(...args);
    };
    expect(await readMlflowModel(folder("onnx"), { lib: { ...yaml, parseDocument } })).toMatchObject({ flavor: "onnx" });
    expect(texts).toBe(1);
  });
});

describe("YAML", () => {
  const json = fc
    .jsonValue({ depthSize: "medium", stringUnit: "binary", maxDepth: 20 })
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

  it("of ours is ASCII and reads back as it was, whatever it says", () => {
    fc.assert(
      fc.property(json, (value) => {
        const written = yamlText(value);
        expect(written).toMatch(/^[\n\u0020-\u007e]*$/);
        expect(readYaml(written, yaml)).toEqual(value);
        // A reader of YAML 1.2 agrees.
        expect(yaml.parse(written)).toEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("of PyYAML is read as PyYAML reads it", () => {
    const scalars = {
      text: [
        "1e5",
        "0o17",
        "1.2.3",
        "0x1f",
        "1_000",
        "12:30",
        "2024-01-01",
        "-",
        "+1e5",
        "._1",
        "12345678901234567890",
        ".inf",
        "-.5",
        "y",
      ],
      values: [0, -7, 7, 1.5, -0.5, 10000, 1e-5, true, false, true, false, null, null, null],
      source: ["0", "-7", "+7", "1.5", "-0.5", "1.0e+4", "1.0e-05", "yes", "No", "ON", "off", "~", "null", ""],
    };
    const lines = [...scalars.text, ...scalars.source].map((scalar) => `- ${scalar}`);
    expect(readYaml(lines.join("\n"), yaml)).toEqual([
      ...scalars.text.map((each) => (each === "-" ? [null] : each)),
      ...scalars.values,
    ]);
  });
});
