import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { matrixProducts } from "../../bench/models.ts";
import { onnx } from "../../src/adapters/onnx/index.ts";
import { ModelwrightError } from "../../src/core/errors.ts";
import { randomInt, randomNormal, seeded, systemRandom } from "../../src/core/random.ts";
import { tensor } from "../../src/core/tensor.ts";
import { InferenceSession } from "../../src/inference/index.ts";
import { childrenOf } from "./leftovers.ts";

const kills = Number(process.env["SOAK_ENGINE_KILLS"] ?? 100);
const WORKERS = 2;
const CALLERS = 8;
const MAX_ROWS = 2;

/** Waits for something that another process does, at most a minute. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endAt = performance.now() + 60_000; !holds(); await sleep(2)) {
    if (performance.now() > endAt) throw new Error(`Waited in vain for ${what}`);
  }
}

it(`${kills} engine processes that are killed in the middle of a run fail their own calls only, and are replaced`, async () => {
  // Some 10 ms, so that a kill meets a run.
  const model = matrixProducts(4);
  const random = seeded(17);
  const inputs = Array.from({ length: 16 }, () =>
    tensor(
      "float32",
      Float32Array.from({ length: 512 }, () => randomNormal(random)),
      [1, 512, 1],
    ),
  );
  const expected: number[] = [];
  {
    await using inline = await InferenceSession.open({ model, providers: [onnx({ placement: "inline" })], batching: false });
    for (const x of inputs) expected.push((await inline.run({ x }))["prediction"]!.data[0] as number);
  }
  const strangers = new Set(childrenOf(process.pid));
  const engines = () => childrenOf(process.pid).filter((pid) => !strangers.has(pid));
  const session = await InferenceSession.open({
    model,
    providers: [onnx({ isolation: "process", workers: WORKERS })],
    batching: { maxRows: MAX_ROWS },
  });
  await until("all workers", () => session.placement.instances === WORKERS);
  expect(engines()).toHaveLength(WORKERS);

  let going = true;
  let answered = 0;
  let lost = 0;
  const others: unknown[] = [];
  let largestError = 0;
  const caller = async (first: number) => {
    for (let i = first; going; i = (i + 1) % inputs.length) {
      try {
        const given = (await session.run({ x: inputs[i]! }))["prediction"]!.data[0] as number;
        largestError = Math.max(largestError, Math.abs(given - expected[i]!));
        answered += 1;
      } catch (error) {
        if (ModelwrightError.is(error, "MODEL_EXECUTOR_LOST") && error.details.replaced) lost += 1;
        else others.push(error);
        // A caller who asks again at once, without end, would be all that runs.
        await sleep(1);
      }
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, i) => caller(i));
  const dead = new Set<number>();
  let met = 0;
  let mostLost = 0;
  let longestMs = 0;
  for (let kill = 0; kill < kills; kill++) {
    const answeredBefore = answered;
    await until("answers", () => answered >= answeredBefore + 2 * WORKERS);
    await sleep(randomInt(systemRandom, 20));
    const lostBefore = lost;
    const living = engines();
    const known = new Set(living);
    const victim = living[randomInt(systemRandom, living.length)]!;
    dead.add(victim);
    process.kill(victim, "SIGKILL");
    const killedAt = performance.now();
    await until("another process", () => engines().some((pid) => !known.has(pid)));
    await until("a process that has loaded the model", () => session.placement.instances === WORKERS);
    longestMs = Math.max(longestMs, performance.now() - killedAt);
    if (lost > lostBefore) met += 1;
    mostLost = Math.max(mostLost, lost - lostBefore);
  }
  going = false;
  await Promise.all(callers);
  const { succeeded, failures, requests } = session.statistics()[0]!;
  console.log(
    `${kills} kills, ${met} of them in a run; ${answered} answers, ${lost} calls lost, at most ${mostLost} by one kill; ` +
      `the longest replacement took ${longestMs.toFixed(0)} ms`,
  );
  expect(others).toEqual([]);
  expect(dead.size, "processes killed").toBe(kills);
  expect(largestError).toBeLessThan(1e-6);
  expect(met, "kills that met a run").toBeGreaterThan(kills / 2);
  expect(mostLost, "calls that one kill has cost").toBeLessThanOrEqual(MAX_ROWS);
  expect({ requests, succeeded, failures }).toEqual({ requests: answered + lost, succeeded: answered, failures: lost });
  expect(session.health()).toMatchObject({ state: "ready", instances: WORKERS, waiting: 0 });
  await session.close();
  // They stay a while for the next model.
  await until("the end of all processes", () => engines().length === 0);
});
