import type { OrtSessionOptions, OrtValueMetadata } from "./library.ts";

/** A tensor on its way to or from an engine in another thread or process. */
export interface EngineTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** float16 as words, whatever the platform has. */
  readonly data: ArrayBufferView | readonly string[];
}

/** What an engine is asked, in the order of asking; one request is worked on at a time. `id` comes back in the reply. */
export type EngineRequest =
  | {
      readonly kind: "load";
      readonly id: number;
      /** Names the model in later requests. */
      readonly model: number;
      readonly bytes: Uint8Array;
      readonly options: OrtSessionOptions;
    }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly model: number;
      readonly feeds: Readonly<Record<string, EngineTensor>>;
      readonly fetches: readonly string[];
    }
  | { readonly kind: "release"; readonly id: number; readonly model: number };

/** What an engine answers to a request of the same kind. */
export type EngineAnswer =
  | {
      readonly kind: "load";
      readonly inputs: readonly OrtValueMetadata[];
      readonly outputs: readonly OrtValueMetadata[];
      /** How long the engine took to create the session, ms. */
      readonly createMs: number;
    }
  | { readonly kind: "run"; readonly outputs: Readonly<Record<string, EngineTensor>>; readonly inferMs: number }
  | { readonly kind: "release" };

/** The reply to the request with this id. Errors cross as text, because engines give them nothing else. */
export type EngineReply =
  | { readonly id: number; readonly answer: EngineAnswer }
  | { readonly id: number; readonly failure: EngineFailure };

/** Why an engine could not answer. */
export interface EngineFailure {
  /** What the engine said. */
  readonly reason: string;
  /** `peer`: its library could not be imported. `device`: the device is gone, so that nothing works there any more. */
  readonly kind: "engine" | "peer" | "device";
}
