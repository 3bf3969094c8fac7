import type { CallOptions, Runtime } from "../../core/call.ts";
import { withDeadline } from "../../core/deadline.ts";
import { ModelwrightError } from "../../core/errors.ts";
import type { ModelIdentity } from "../../core/model.ts";
import { invalidConfig } from "../../core/options.ts";
import type { ExecutionProvider } from "../../inference/port.ts";
import { binaryTypes, jsonTypes } from "./datatypes.ts";
import { KServeClient } from "./kserve-client.ts";
import { KServeExecutor } from "./kserve-executor.ts";
import { isPathPart, type KServeOptions, parseKServeOptions } from "./kserve-options.ts";
import { readModelMetadata } from "./model-metadata.ts";
import { describesTrue, readJson, readServer, type ServerDescription } from "./server-answers.ts";

/** How a server is. */
export interface KServeHealth {
  /** Whether it answers that it lives; false when it does not answer. */
  readonly live: boolean;
  /** Whether it answers that all its models can be asked. */
  readonly ready: boolean;
  /** What it says that it is; undefined when it does not say. */
  readonly server: ServerDescription | undefined;
}

/** A provider whose model is on a server. */
export interface KServeProvider extends ExecutionProvider {
  /**
   * Asks the server how it is, once.
   *
   * @throws a {@link ModelwrightError} with code `MODEL_UNAVAILABLE` when the server refuses the headers (401, 403)
   */
  health(call?: CallOptions): Promise<KServeHealth>;
}

/**
 * Runs a model that is on a server of the Open Inference Protocol v2, such as Triton, KServe, OpenVINO Model Server or MLServer, over
 * HTTP. Portable: it needs `fetch` and nothing else.
 *
 * Loading asks the server for what the model takes and gives, and whether it is ready; the bytes that the session has are not sent.
 * When the server cannot be used, loading rejects with `MODEL_UNAVAILABLE` and the session tries the next provider.
 *
 * A failure that may pass (no connection, an answer cut short, HTTP 408, 425, 429, 502, 503, 504, 500 without a word) is tried again, up
 * to `attempts` times in all, after a random and growing wait, or later when the server asks for it with `Retry-After`. A wait of more
 * than 30 s is not waited for. A caller's abort or time limit ends the request and the waiting.
 *
 * What the server answers is checked: names, types, shapes against the length of the data, all sizes. An answer that contradicts itself
 * is `MODEL_RUN_FAILED`. The protocol does not tell how long the engine worked, so `inferMs` is the round trip of the request that was
 * answered: with the network, and with the server's own queue, but without waiting here and without tries that failed.
 *
 * @throws a {@link ModelwrightError} with code `CONFIG_INVALID`
 * @example
 * ```ts
 * import { kserve } from "modelwright/kserve";
 *
 * const remote = kserve({ url: "https://ml.example.com", model: "fraud" });
 * const { ready } = await remote.health({ timeoutMs: 1000 });
 * ```
 */
export function kserve(options: KServeOptions, runtime: Pick<Runtime, "clock" | "random"> = {}): KServeProvider {
  const checked = parseKServeOptions(options);
  const { tensors, concurrency, compressAboveBytes } = checked;
  const name = checked.name ?? `kserve/${new URL(checked.url).host}`;
  const client = new KServeClient(name, checked, runtime);
  const { failures, clock } = client;

  const health = async (signal: AbortSignal | undefined): Promise<KServeHealth> => {
    const ask = async (path: string) => {
      try {
        return await client.sendOnce({ operation: "ask for the server's health", path }, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const refused = ModelwrightError.is(error, "MODEL_UNAVAILABLE") && [401, 403].includes(error.details.status ?? 0);
        if (refused || !ModelwrightError.is(error, "MODEL_UNAVAILABLE")) throw error;
        return undefined;
      }
    };
    const [live, ready, server] = await Promise.all(["/v2/health/live", "/v2/health/ready", "/v2"].map(ask));
    return {
      live: live !== undefined && describesTrue(live, "live"),
      ready: ready !== undefined && describesTrue(ready, "ready"),
      server: server && readServer(server),
    };
  };

  /** Whether the server says that it knows binary data. One that does not describe itself is taken at its silence. */
  const knowsBinary = async (signal: AbortSignal | undefined): Promise<boolean> => {
    try {
      const answer = await client.send({ operation: "ask what the server can do", path: "/v2" }, signal, readServer);
      return answer?.extensions.includes("binary_tensor_data") ?? false;
    } catch (error) {
      signal?.throwIfAborted();
      if (ModelwrightError.is(error, "MODEL_UNAVAILABLE") && error.details.status !== undefined && !error.retryable) return false;
      throw error;
    }
  };

  /** Some servers have no such question; that the model has metadata must do. */
  const checkReady = async (path: string, signal: AbortSignal | undefined): Promise<void> => {
    const request = { operation: "ask whether the model is ready", path: `${path}/ready` };
    const notReady = () => failures.unavailable(request.operation, "it is not ready yet", { retryable: true });
    try {
      await client.send(request, signal, (answer) => {
        if (!describesTrue(answer, "ready")) throw notReady();
      });
    } catch (error) {
      signal?.throwIfAborted();
      const status = ModelwrightError.is(error, "MODEL_UNAVAILABLE") ? error.details.status : undefined;
      if (status === 404 || status === 405 || status === 501) return;
      throw status === 400 ? notReady() : error;
    }
  };

  const load = async (identity: ModelIdentity, signal: AbortSignal | undefined): Promise<KServeExecutor> => {
    const model = checked.model ?? identity.name;
    if (model === undefined || !isPathPart(model)) {
      throw invalidConfig("kserve", [{ path: ["model"], message: "expected a name, because the session's model has none" }]);
    }
    const version = checked.version === undefined ? undefined : String(checked.version);
    const versions = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
    const path = `/v2/models/${encodeURIComponent(model)}${versions}`;
    const [binary, metadata] = await allOf(signal, (together) => [
      tensors === "auto" ? knowsBinary(together) : Promise.resolve(tensors === "binary"),
      client.send({ operation: "ask for the model's metadata", path }, together, (answer) => readJson(answer)),
    ]);
    const described = readModelMetadata(metadata, binary ? binaryTypes : jsonTypes);
    await checkReady(path, signal);
    return new KServeExecutor({
      provider: name,
      client,
      path: `${path}/infer`,
      interface: described,
      model: { name: model, ...(version !== undefined && /^[1-9]\d{0,14}$/.test(version) && { version: Number(version) }) },
      version,
      binary,
      concurrency,
      compressAboveBytes,
    });
  };

  return {
    spec: "execution/1",
    name,
    capabilities: { elementTypes: tensors === "json" ? jsonTypes : binaryTypes, model: "own" },
    load: ({ identity }, call) => withDeadline(call, (signal) => load(identity, signal), clock),
    health: (call) => withDeadline(call, health, clock),
  };
}

/** Both answers, or the first failure; the other request is then cancelled. */
async function allOf<A, B>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => readonly [Promise<A>, Promise<B>],
): Promise<[A, B]> {
  const controller = new AbortController();
  try {
    return await Promise.all(start(signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])));
  } finally {
    controller.abort();
  }
}
