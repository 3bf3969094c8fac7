// Every reference model in Chromium, on wasm and WebGPU; `npm test` runs some of them.
process.env["REFERENCE_MODELS"] = "all";
await import("../browser/reference-models.test.ts");
