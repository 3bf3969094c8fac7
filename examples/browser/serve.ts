// Builds the page with esbuild and serves it with the headers that allow threads: node examples/browser/serve.ts [port]
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { mlpModel } from "modelwright/onnx-format";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript",
  // Servers that do not know .mjs send it as bytes, which browsers refuse to run.
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".onnx": "application/octet-stream",
};

/** With both, the page is cross-origin isolated: it may share memory between threads. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Serves the page on a port of this machine; 0 takes a free one. */
export async function serve(port: number): Promise<{ readonly url: string; readonly server: Server }> {
  const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const { outputFiles } = await build({
    // The worker is an entry of its own, beside the page's script, which starts it.
    entryPoints: { main: here("main.ts"), "onnx-web-worker": "modelwright/onnx-web-worker" },
    outdir: "/",
    bundle: true,
    splitting: true,
    format: "esm",
    write: false,
    // The engine's files are served from /ort/, so they need not be in the bundle as well.
    conditions: ["onnxruntime-web-use-extern-wasm"],
  });
  const files = new Map<string, Uint8Array>(outputFiles.map(({ path, contents }) => [path, contents]));
  for (const name of ["index.html", "style.css"]) files.set(`/${name}`, await readFile(here(name)));
  files.set("/models/demo.onnx", demoModel());
  const engine = new URL(".", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

  const read = async (path: string): Promise<Uint8Array | undefined> => {
    const [, name] = /^\/ort\/([\w.-]+)$/.exec(path) ?? [];
    return name === undefined
      ? files.get(path === "/" ? "/index.html" : path)
      : readFile(new URL(name, engine)).catch(() => undefined);
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://host");
    const content = await read(pathname);
    const type = types[extname(pathname)] ?? (pathname === "/" ? types[".html"] : undefined) ?? "text/plain";
    response.writeHead(content === undefined ? 404 : 200, {
      "content-type": content === undefined ? "text/plain" : type,
      ...isolation,
    });
    response.end(content);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** A network with 64 columns, two hidden layers of 256 units and ten classes; its weights come out of a formula. */
function demoModel(): Uint8Array {
  const sizes = [64, 256, 256, 10];
  const weight = (unit: number, column: number) => Math.sin(unit * 12.9898 + column * 78.233) / 8;
  const layers = sizes.slice(1).map((units, i) => ({
    weights: Array.from({ length: units }, (_, unit) =>
      Array.from({ length: sizes[i] ?? 0 }, (_, column) => weight(unit, column)),
    ),
    bias: Array.from({ length: units }, (_, unit) => weight(unit, 1)),
    activation: i + 2 === sizes.length ? ("softmax" as const) : ("relu" as const),
  }));
  const columns = Array.from({ length: 64 }, (_, i) => `column_${i}`);
  return mlpModel({ columns, layers, output: "probabilities" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(Number(process.argv[2] ?? 8080));
  console.log(`Open ${url}`);
}
