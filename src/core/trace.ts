/** What a trace says of an operation: bounded facts, never feature values or secrets. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** The message on a tracing channel; the platform adds `result` or `error`. */
export interface TraceContext {
  /** For example `registry.load`. */
  readonly operation: string;
  readonly attributes: TraceAttributes;
}

interface TracingChannel {
  readonly hasSubscribers: boolean;
  tracePromise<T>(work: () => Promise<T>, context: object): Promise<T>;
}

interface DiagnosticsChannel {
  tracingChannel(name: string): TracingChannel;
}

const diagnostics = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => DiagnosticsChannel | undefined } }
).process?.getBuiltinModule?.("diagnostics_channel");

const channels = new Map<string, TracingChannel>();

/**
 * Publishes the start, end and failure of `work` on the `diagnostics_channel` tracing channel `modelwright.<operation>`.
 * Without a subscriber, and on platforms without the module, it only calls `work`.
 *
 * @param operation - from a fixed set, for example `registry.load`: one channel is kept for each
 * @param attributes - called only when somebody listens
 */
export function traced<T>(operation: string, attributes: () => TraceAttributes, work: () => Promise<T>): Promise<T> {
  if (diagnostics === undefined) return work();
  let channel = channels.get(operation);
  if (channel === undefined) {
    channel = diagnostics.tracingChannel(`modelwright.${operation}`);
    channels.set(operation, channel);
  }
  if (!channel.hasSubscribers) return work();
  const context: TraceContext = { operation, attributes: attributes() };
  return channel.tracePromise(work, context);
}
