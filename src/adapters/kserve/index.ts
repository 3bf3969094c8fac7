/**
 * Models on a server of the Open Inference Protocol v2: Triton, KServe, OpenVINO Model Server, MLServer. Runs on Node and in browsers.
 *
 * @module modelwright/kserve
 */

export { type KServeHealth, type KServeProvider, kserve } from "./kserve.ts";
export type { KServeFetch, KServeHeaders, KServeOptions } from "./kserve-options.ts";
export type { ServerDescription } from "./server-answers.ts";
