// What becomes of the host's event loop while a model runs for 400 ms, as InferenceSession places it and by onnxruntime-node: the
// largest gap between ticks of a timer of 1 ms, and the longest answer of GET /health, asked over a socket from another thread.
import { once } from "node:events";
import { Agent, createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { onnx } from "../src/adapters/onnx/index.ts";
import { seeded } from "../src/core/random.ts";
import { tensor } from "../src/core/tensor.ts";
import { InferenceSession } from "../src/inference/index.ts";
import { median } from "./closed-loop.ts";
import { hold } from "./goal.ts";
import { record } from "./measure.ts";
import { matrixProducts, normals } from "./models.ts";
import { rawSession, rawTensor } from "./raw-session.ts";

const RUN_MS = 400;
const ROUNDS = 9;
const ASK_EVERY_MS = 5;

if (isMainThread) await main();
else askForHealth(workerData as number);

/** Asks for the health until told to end; each time after `collect`, answers the longest that it took since the last. */
function askForHealth(port: number): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let longest = 0;
  let ended = false;
  const timer = setInterval(() => {
    const askedAt = performance.now();
    const request = get({ host: "127.0.0.1", port, path: "/health", agent }, (response) => {
      response.resume().on("end", () => {
        longest = Math.max(longest, performance.now() - askedAt);
      });
    });
    // What is open in the end is broken off.
    request.on("error", (error) => {
      if (!ended) throw error;
    });
  }, ASK_EVERY_MS);
  parentPort!.on("message", (message: "collect" | "end") => {
    if (message === "end") {
      ended = true;
      clearInterval(timer);
      agent.destroy();
      parentPort!.close();
      return;
    }
    parentPort!.postMessage(longest);
    longest = 0;
  });
}

interface Stall {
  readonly runMs: number;
  readonly gapMs: number;
  readonly healthMs: number;
}

async function main(): Promise<void> {
  const model = matrixProducts(await stepsFor(RUN_MS));
  const x = normals(seeded(13), 512);
  const dims = [1, 512, 1];
  await using session = await InferenceSession.open({ model, providers: [onnx()] });
  console.log(`placed by itself: ${session.placement.where} (${session.placement.reason ?? "no reason given"})`);
  const raw = await rawSession(model);
  const server = createServer((_, response) => response.end(JSON.stringify(session.health()))).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Worker(new URL(import.meta.url), { workerData: (server.address() as AddressInfo).port });
  const longestHealth = async () => {
    const answered = once(client, "message");
    client.postMessage("collect");
    return (await answered)[0] as number;
  };
  const stall = async (run: () => Promise<unknown>): Promise<Stall> => {
    await idle(100);
    await longestHealth();
    let gapMs = 0;
    let tickedAt = performance.now();
    const startedAt = tickedAt;
    const tick = () => {
      const now = performance.now();
      gapMs = Math.max(gapMs, now - tickedAt);
      tickedAt = now;
    };
    const timer = setInterval(tick, 1);
    await run();
    const runMs = performance.now() - startedAt;
    await idle(5);
    tick();
    clearInterval(timer);
    return { runMs, gapMs, healthMs: await longestHealth() };
  };
  const ours = () => session.run({ x: tensor("float32", x, dims) });
  const reference = () => raw.run({ x: rawTensor(x, dims) });
  for (const warm of [ours, reference]) await stall(warm);
  const stalls: { ours: Stall; reference: Stall }[] = [];
  for (let round = 0; round < ROUNDS; round++) stalls.push({ ours: await stall(ours), reference: await stall(reference) });
  const typical = (side: "ours" | "reference", what: keyof Stall) => median(stalls.map((it) => it[side][what]));
  for (const side of ["ours", "reference"] as const) {
    const [runMs, gapMs, healthMs] = (["runMs", "gapMs", "healthMs"] as const).map((what) => typical(side, what).toFixed(1));
    const worst = Math.max(...stalls.map((it) => it[side].gapMs)).toFixed(1);
    console.log(
      `${side === "ours" ? "InferenceSession" : "onnxruntime-node"}: run ${runMs} ms, largest gap ${gapMs} ms (of all rounds ${worst}), /health ${healthMs} ms`,
    );
  }
  hold({ name: "largest gap of a 1 ms timer", measured: typical("ours", "gapMs"), unit: "ms", at: "most", goal: 10, limit: 50 });
  hold({ name: "longest GET /health", measured: typical("ours", "healthMs"), unit: "ms", at: "most", goal: 10, limit: 50 });
  await record(
    "inference-event-loop",
    (["gapMs", "healthMs", "runMs"] as const).map((what) => ({
      name: { gapMs: "largest gap of a 1 ms timer", healthMs: "longest GET /health", runMs: "the run itself" }[what],
      ours: Number(typical("ours", what).toPrecision(4)),
      reference: Number(typical("reference", what).toPrecision(4)),
      unit: "ms",
      ratio: Number((typical("ours", what) / typical("reference", what)).toPrecision(4)),
    })),
  );
  client.postMessage("end");
  await once(client, "exit");
  server.close();
  await raw.release();
}

/** As many steps as make a run of about `runMs` on this machine. */
async function stepsFor(runMs: number): Promise<number> {
  const steps = 10;
  const raw = await rawSession(matrixProducts(steps));
  const feeds = { x: rawTensor(normals(seeded(13), 512), [1, 512, 1]) };
  const times: number[] = [];
  for (let i = 0; i < 7; i++) {
    const startedAt = performance.now();
    await raw.run(feeds);
    times.push(performance.now() - startedAt);
  }
  await raw.release();
  return Math.max(1, Math.round((steps * runMs) / median(times)));
}

function idle(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
