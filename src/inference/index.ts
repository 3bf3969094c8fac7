export { InferenceSession } from "./inference-session.ts";
export type { ProviderFailure } from "./open-executor.ts";
export type { ExecutionProvider, Executor, TensorSpec, Tensors } from "./port.ts";
export type { Row, RowValue, Scalar } from "./row.ts";
export type { InferenceSessionOptions } from "./session-options.ts";
