// A page that loads an ONNX model from a server or a file, runs it on WebGPU or WebAssembly, and shows how fast.
import { type ElementType, InferenceSession, type Tensor, type Tensors } from "modelwright";
import { type TensorSpec, urlModel } from "modelwright/inference";
import { onnxWeb, webEnvironment } from "modelwright/onnx-web";

const element = <T extends HTMLElement = HTMLElement>(id: string) => document.getElementById(id) as T;
const input = (id: string) => element<HTMLInputElement>(id);
const wasmPaths = "/ort/";

async function showEnvironment(): Promise<void> {
  const { webgpu, webnn, threads, threadsReason, sharedMemory } = await webEnvironment();
  const card = webgpu.available
    ? `${[webgpu.vendor, webgpu.architecture].filter(Boolean).join(" ") || "available"}${webgpu.software ? ", emulated on the processor" : ""}`
    : webgpu.reason;
  fill("environment", [
    ["WebGPU", card],
    ["float16 shaders", webgpu.available && webgpu.shaderF16 ? "yes" : "no"],
    ["WebNN", webnn ? "yes" : "no"],
    ["Threads", threadsReason === undefined ? `up to ${threads}` : `1: ${threadsReason}`],
    ["Shared memory", sharedMemory ? "yes" : "no"],
  ]);
}

async function loadAndRun(): Promise<void> {
  const progress = element<HTMLProgressElement>("progress");
  const [file] = input("file").files ?? [];
  const model =
    file === undefined
      ? urlModel(input("url").value, {
          onProgress({ loadedBytes, totalBytes }) {
            progress.hidden = false;
            progress.value = totalBytes === undefined ? 0 : loadedBytes / totalBytes;
          },
        })
      : new Uint8Array(await file.arrayBuffer());
  const wasm = onnxWeb({ wasmPaths, threads: input("threads").valueAsNumber });
  const providers =
    element<HTMLSelectElement>("device").value === "wasm" ? [wasm] : [onnxWeb({ wasmPaths, device: "webgpu" }), wasm];

  say("Loading …");
  await using session = await InferenceSession.open({ model, providers });
  progress.hidden = true;
  const rows = input("rows").valueAsNumber;
  const tensors = randomTensors(session.inputs, rows);
  const times: number[] = [];
  let outputs: Tensors = {};
  const runs = input("runs").valueAsNumber;
  for (let i = 0; i < runs; i++) {
    const startedAt = performance.now();
    outputs = await session.run(tensors);
    times.push(performance.now() - startedAt);
    if (i % 20 === 0) say(`Run ${i + 1} of ${runs}`);
  }
  show(session, times, rows, outputs);
  say(`${file?.name ?? session.name}: ${runs} runs of ${rows} rows.`);
}

/** Random values in the shapes that the model takes; extents that are open become the number of rows. */
function randomTensors(specs: readonly TensorSpec[], rows: number): Tensors {
  return Object.fromEntries(
    specs.map(({ name, type, dims }) => {
      const extents = (dims ?? ["rows", 1]).map((extent) => (typeof extent === "number" ? extent : rows));
      const count = extents.reduce((product, extent) => product * extent, 1);
      return [name, { type, dims: extents, data: randomData(type, count) } as Tensor];
    }),
  );
}

function randomData(type: ElementType, count: number): Tensor["data"] {
  const whole = { length: count };
  if (type === "string") return Array.from(whole, () => "text");
  if (type === "float32") return Float32Array.from(whole, () => Math.random() * 2 - 1);
  if (type === "float64") return Float64Array.from(whole, () => Math.random() * 2 - 1);
  if (type === "float16") return Uint16Array.from(whole, () => (Math.random() < 0.5 ? 0x3c00 : 0xb800));
  if (type === "int64") return BigInt64Array.from(whole, () => BigInt(Math.floor(Math.random() * 10)));
  if (type === "int32") return Int32Array.from(whole, () => Math.floor(Math.random() * 10));
  if (type === "bool" || type === "uint8") return Uint8Array.from(whole, () => Math.floor(Math.random() * 2));
  throw new Error(`This page makes no values of ${type}`);
}

function show(session: InferenceSession, times: readonly number[], rows: number, outputs: Tensors): void {
  element("result").hidden = false;
  element("provider").textContent = session.provider;
  element("placement").textContent = session.placement.reason ?? "";
  element("fallbacks").replaceChildren(
    ...session.fallbacks.map(({ provider, reason }) => {
      const item = document.createElement("li");
      item.textContent = `${provider}: ${reason}`;
      return item;
    }),
  );
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (ratio: number) => sorted[Math.min(sorted.length - 1, Math.floor(ratio * sorted.length))] ?? 0;
  const totalMs = times.reduce((sum, time) => sum + time, 0);
  element("p50").textContent = milliseconds(quantile(0.5));
  element("p95").textContent = milliseconds(quantile(0.95));
  element("first").textContent = milliseconds(times[0] ?? 0);
  element("throughput").textContent = Math.round((rows * times.length * 1000) / totalMs).toLocaleString("en");
  drawChart(times, quantile(0.99));
  fill(
    "outputs",
    Object.entries(outputs).map(([name, { type, dims, data }]) => [
      `${name}: ${type} [${dims.join(", ")}]`,
      `${Array.from(data.slice(0, 6) as ArrayLike<unknown>, (value) => (typeof value === "number" ? value.toPrecision(4) : String(value))).join("  ")} …`,
    ]),
  );
}

/** A bar for each run, the slowest hundredth cut off at the top. */
function drawChart(times: readonly number[], topMs: number): void {
  const chart = element("chart");
  const width = 600 / times.length;
  chart.replaceChildren(
    ...times.map((time, i) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = Math.max(1, Math.min(1, time / (topMs || 1)) * 90);
      const place = { x: i * width, y: 90 - height, width: Math.max(0.5, width - 0.6), height };
      for (const [name, value] of Object.entries(place)) bar.setAttribute(name, value.toFixed(2));
      return bar;
    }),
  );
}

function fill(table: string, lines: readonly (readonly [string, string])[]): void {
  element(table).replaceChildren(
    ...lines.map(([name, value]) => {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.textContent = name;
      line.append(head);
      line.insertCell().textContent = value;
      return line;
    }),
  );
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

function say(text: string, failed = false): void {
  element("status").textContent = text;
  element("status").classList.toggle("failed", failed);
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const button = element<HTMLButtonElement>("go");
  button.disabled = true;
  loadAndRun()
    .catch((error: unknown) => say(error instanceof Error ? error.message : String(error), true))
    .finally(() => {
      button.disabled = false;
    });
});

showEnvironment().catch((error: unknown) => say(String(error), true));
