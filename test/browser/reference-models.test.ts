import { readFileSync } from "node:fs";
import type { Browser, Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { difference, type ReferenceCase, readTensors, type Tolerance } from "../inference/reference-case.ts";
import { requirement } from "../requirement.ts";
import { callIn, launchChromium, serveEngine, visit, withoutChromium } from "./fixtures/page-server.ts";
import type { ReferencePage } from "./fixtures/reference-page.ts";

const inChromium = await requirement("Chromium", withoutChromium);
const text = readFileSync(new URL("../reference/onnx-models.json", import.meta.url), "utf8");
const { cases } = JSON.parse(text) as { cases: readonly ReferenceCase[] };

/** Every twentieth case, and each that is listed below for what is special about it; all of them in test/soak, because WebGPU takes a minute. */
const isDue = (name: string, index: number) =>
  process.env["REFERENCE_MODELS"] === "all" || index % 20 === 0 || wrongOnWebGpu.has(name) || coarse.has(name);

/** Cases that ONNX Runtime answers otherwise than the specification says, on every device. A case that is right after all fails. */
const wrongEverywhere: ReadonlyMap<string, string> = new Map([
  ["fmod_int64_beyond_double", "element 0 of int64 is 0 instead of 1"],
  ["reduce_sum_int64_beyond_double", "element 0 of int64 is 9007199254740992 instead of 9007199254740993"],
  ["reduce_prod_int64_beyond_double", "element 0 of int64 is 9007199254740992 instead of 9007199254740993"],
]);

/** Cases that are answered wrong on WebGPU without a sign, with what is wrong. */
const wrongOnWebGpu: ReadonlyMap<string, string> = new Map([
  ...wrongEverywhere,
  // The kernel begins a slice of negative step at its other end: https://github.com/microsoft/onnxruntime/issues/24744
  ["slice_with_negative_step", "y: element 0 of float32"],
  // WGSL lets a device take numbers below 2^-126 for 0.
  ["subnormal_float32_are_kept", "y: element 0 of float32 is 0 instead of 2.8"],
]);

/** Functions that WGSL defines less exactly than others. @source WGSL, 15.7.4, accuracy of sin and cos: 2^-11 within [-pi, pi] */
const coarse: ReadonlyMap<string, Tolerance> = new Map([
  ["trigonometry", { absolute: 2 ** -11, relative: 1e-5, reason: "WGSL asks no more of sin and cos" }],
]);

/** Kinds of cases that the build for WebGPU cannot run, and how it says so. It loads what it has no kernel for on no device. */
const refusedOnWebGpu: readonly { readonly cases: readonly string[]; readonly says: RegExp }[] = [
  {
    // The build has no operators of ai.onnx.ml.
    says: /^MODEL_UNSUPPORTED .*No Op registered for \w+ with domain_version of 3/s,
    cases: [
      ...["tree_ensemble_classifier", "tree_ensemble_classifier_with_names", "tree_ensemble_regressor_sum"],
      ...["tree_ensemble_regressor_average", "linear_classifier_none", "linear_classifier_softmax", "linear_classifier_logistic"],
      ...["linear_classifier_with_names", "linear_regressor", "svm_regressor_linear", "svm_regressor_poly", "svm_regressor_rbf"],
      ...["svm_regressor_sigmoid", "scaler", "normalizer", "binarizer", "imputer", "imputer_int64", "feature_vectorizer"],
      ...["array_feature_extractor", "label_encoder_string_to_int64", "label_encoder_int64_to_string"],
      ...["label_encoder_string_to_float32", "category_mapper", "one_hot_encoder_int64", "one_hot_encoder_strings"],
    ],
  },
  {
    // Neither the device nor the build's part for the processor has a kernel for 64-bit floats, 16-bit integers and strings.
    says: /^MODEL_UNSUPPORTED .*(Provider type for \w+ node with name '' is not set|Failed to find kernel for Cast)/s,
    cases: [
      ...["arithmetic_float64", "arithmetic_float64_not_finite", "arithmetic_uint16", "arithmetic_int16", "compare_float64"],
      ...["cast_float32_to_integers_drops_the_fraction", "cast_float32_to_unsigned", "cast_float32_to_float64_and_back"],
      ...["cast_float16_to_others", "cast_float64_to_float32", "cast_float64_to_int64", "cast_int64_to_others"],
      ...["cast_int64_beyond_double_to_float64", "cast_uint8_to_others", "cast_int8_to_others", "cast_uint64_to_others"],
      ...["cast_bool_to_others", "cast_strings_to_numbers", "cast_strings_to_float64", "cast_integers_to_strings"],
      ...["strings_concat_reshape_slice", "strings_where", "strings_normalized", "matmul_float64"],
    ],
  },
];

/** Cases that compute with 16-bit floats on the device, which fail in a run where it has none, as SwiftShader. */
const float16OnWebGpu = [
  ...["gather_columns_float16", "cast_float32_to_float16_rounds_half_to_even"],
  ...["float16_matmul_exact", "float16_mlp", "float16_elementwise"],
];

inChromium("the reference models in Chromium", () => {
  let servers: Awaited<ReturnType<typeof serveEngine>>;
  let browser: Browser;
  let tab: Tab;
  let webGpu: { readonly available: boolean; readonly float16: boolean };
  const run = (...args: Parameters<ReferencePage["run"]>) => callIn<ReferencePage, "run">(tab, "run", ...args);

  beforeAll(async () => {
    const entries = {
      page: "test/browser/fixtures/reference-page.ts",
      "onnx-web-worker": "src/adapters/onnx-web/onnx-web-worker.ts",
    };
    servers = await serveEngine(entries, (path) => (path === "/onnx-models.json" ? text : undefined));
    browser = await launchChromium({ webGpu: true });
    tab = await visit(await browser.newPage(), servers.plain.origin);
    webGpu = await callIn<ReferencePage, "webGpu">(tab, "webGpu");
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    servers?.[Symbol.dispose]();
  });

  it("are named rightly where they are listed", () => {
    const listed = [
      ...wrongOnWebGpu.keys(),
      ...coarse.keys(),
      ...refusedOnWebGpu.flatMap((kind) => kind.cases),
      ...float16OnWebGpu,
    ];
    expect(listed.filter((name) => !cases.some((one) => one.name === name))).toEqual([]);
  });

  describe("on wasm", () => {
    for (const { name, outputs, tolerance } of cases.filter((each, i) => isDue(each.name, i))) {
      const wrong = wrongEverywhere.get(name);
      it(`answers ${name} ${wrong === undefined ? "as NumPy does" : "wrong, as is known"}`, { timeout: 60_000 }, async () => {
        const answer = await run(["wasm"], name);
        expect(answer).toMatchObject({ provider: "onnxruntime-web/wasm", fallbacks: [] });
        const found = difference(readTensors(outputs), readTensors(answer.outputs), tolerance);
        if (wrong === undefined) expect(found).toBeUndefined();
        else expect(found).toContain(wrong);
      });
    }
  });

  describe("on WebGPU", () => {
    const onWebGpu = (name: string, body: () => Promise<void>) =>
      it(name, { timeout: 120_000 }, async ({ skip }) => {
        skip(!webGpu.available && !process.env["CI"], "Chromium has no WebGPU here");
        await body();
      });

    for (const { name, outputs, tolerance } of cases.filter((each, i) => isDue(each.name, i))) {
      const wrong = wrongOnWebGpu.get(name);
      const refusal = refusedOnWebGpu.find((kind) => kind.cases.includes(name));
      const float16 = float16OnWebGpu.includes(name);
      if (refusal !== undefined) {
        onWebGpu(`refuses ${name}, which WebAssembly then answers as NumPy does`, async () => {
          const { failure } = await run(["webgpu"], name);
          expect(`${failure?.code} ${failure?.message}`).toMatch(refusal.says);
          const answer = await run(["webgpu", "wasm"], name);
          expect(answer).toMatchObject({ provider: "onnxruntime-web/wasm", fallbacks: [expect.stringMatching(/\w/)] });
          expect(difference(readTensors(outputs), readTensors(answer.outputs), tolerance)).toBeUndefined();
        });
      } else if (float16) {
        onWebGpu(`answers ${name} as NumPy does, on WebAssembly where the device has no 16-bit floats`, async () => {
          if (!webGpu.float16) {
            const { failure } = await run(["webgpu"], name);
            expect(failure?.message).toMatch(/requires f16 but the device does not support it/);
          }
          const answer = await run(["webgpu", "wasm"], name, { warmUp: true });
          expect(answer.provider).toBe(webGpu.float16 ? "onnxruntime-web/webgpu" : "onnxruntime-web/wasm");
          expect(difference(readTensors(outputs), readTensors(answer.outputs), tolerance)).toBeUndefined();
        });
      } else {
        onWebGpu(`answers ${name} ${wrong === undefined ? "as NumPy does" : "wrong, as is known"}`, async () => {
          const answer = await run(["webgpu"], name);
          expect(answer.failure).toBeUndefined();
          const found = difference(readTensors(outputs), readTensors(answer.outputs), coarse.get(name) ?? tolerance);
          if (wrong === undefined) expect(found).toBeUndefined();
          else expect(found).toContain(wrong);
        });
      }
    }
  });
});
