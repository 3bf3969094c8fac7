import type { FileContent } from "./stored-files.ts";

/**
 * The contents, with the first chunk of each stream asked for now. They are read one after the other, and a Node stream that fails
 * before anybody has asked it for anything would end the process.
 *
 * `stop` ends the streams that nobody has begun to read.
 */
export function startedStreams(files: Readonly<Record<string, FileContent>>): {
  readonly files: Readonly<Record<string, FileContent>>;
  readonly stop: () => void;
} {
  const unread = new Map<FileContent, AsyncIterator<Uint8Array>>();
  const start = (stream: AsyncIterable<Uint8Array>): FileContent => {
    const iterator = stream[Symbol.asyncIterator]();
    let first: Promise<IteratorResult<Uint8Array>> | undefined = (async () => iterator.next())();
    first.catch(() => {}); // whoever reads the stream is told
    const started: FileContent = {
      [Symbol.asyncIterator]: () => {
        unread.delete(started);
        const next = () => {
          const item = first ?? iterator.next();
          first = undefined;
          return item;
        };
        return { next, return: async () => (await iterator.return?.()) ?? { done: true, value: undefined } };
      },
    };
    unread.set(started, iterator);
    return started;
  };
  return {
    files: Object.fromEntries(
      Object.entries(files).map(([path, content]) => [path, Symbol.asyncIterator in content ? start(content) : content]),
    ),
    stop: () => {
      // Not awaited: a stream that is stuck must not keep the caller waiting.
      for (const iterator of unread.values()) (async () => iterator.return?.())().catch(() => {});
    },
  };
}
