import type { CallOptions } from "../../core/call.ts";
import { Lifecycle } from "../../core/lifecycle.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { ExecutionRun, Executor, Tensors } from "../../inference/port.ts";
import { fromOrt } from "../onnxruntime/ort-tensor.ts";
import type { WebEngine, WebModel } from "./web-engine.ts";

/** How the executor shows itself. */
export interface WebExecutorFacts {
  readonly provider: string;
  readonly placementReason: string;
  readonly sharedMemory: boolean;
}

/** A model in a worker. */
export class WebExecutor implements Executor {
  readonly provider: string;
  readonly placement = "worker";
  readonly placementReason: string;
  readonly concurrency = 1;
  readonly sharedMemory: boolean;
  readonly #engine: WebEngine;
  readonly #model: WebModel;
  readonly #lifecycle: Lifecycle;

  constructor(engine: WebEngine, model: WebModel, { provider, placementReason, sharedMemory }: WebExecutorFacts) {
    this.provider = provider;
    this.placementReason = placementReason;
    this.sharedMemory = sharedMemory;
    this.#engine = engine;
    this.#model = model;
    this.#lifecycle = new Lifecycle(`The model on ${provider}`, () => engine.release(model));
  }

  run(inputs: Tensors, outputs: readonly string[], call?: CallOptions): Promise<ExecutionRun> {
    return this.#lifecycle.run(async () => {
      const fetches = outputs.length === 0 ? this.#model.outputs : outputs;
      const answer = await this.#engine.run(this.#model, inputs, fetches, call);
      const tensors: Record<string, Tensor> = {};
      for (const name of fetches) tensors[name] = fromOrt(answer.outputs[name]!);
      return { outputs: tensors, inferMs: answer.inferMs };
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.close();
  }
}
