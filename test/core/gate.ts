/** A promise that the test settles by hand. */
export interface Gate<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** A gate that is still shut. */
export function gate<T = void>(): Gate<T> {
  let settle!: Omit<Gate<T>, "promise">;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}
