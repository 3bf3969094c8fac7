/** A source of random numbers. Inject {@link seeded} to make a system's choices repeatable. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform unsigned 32-bit integer. */
  uint32(): number;
}

/** Numbers asked of the platform at once, because a call costs as much as hundreds of numbers. */
const pool = new Uint32Array(128);
let used = pool.length;

/** The platform's cryptographic randomness. */
export const systemRandom: Random = {
  next: () => systemRandom.uint32() / 0x1_0000_0000,
  uint32: () => {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    const value = pool[used]!;
    pool[used++] = 0; // nobody shall find what was given away
    return value;
  },
};

/**
 * A fast repeatable generator: the same seed gives the same numbers on every platform. Not for secrets.
 *
 * @param seed - any integer; its low 32 bits count
 * @source sfc32 of C. Doty-Humphrey's PractRand (period about 2^127), seeded through splitmix32
 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const mix = () => {
    state = (state + 0x9e37_79b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0_aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a_2d97);
    return z ^ (z >>> 15);
  };
  let a = mix();
  let b = mix();
  let c = mix();
  let counter = 1;
  const uint32 = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) uint32();
  return { uint32, next: () => uint32() / 0x1_0000_0000 };
}

/**
 * Uniform integer in [0, `bound`), without modulo bias.
 *
 * @param bound - an integer in [1, 2^32]
 * @throws a `TypeError` for another bound, for which no number could be found
 */
export function randomInt(random: Random, bound: number): number {
  if (!(Number.isInteger(bound) && bound >= 1 && bound <= 0x1_0000_0000)) {
    throw new TypeError(`A random integer needs an integer bound from 1 to 2^32, but got ${bound}`);
  }
  const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
  for (;;) {
    const value = random.uint32();
    if (value < limit) return value % bound;
  }
}

/**
 * Standard normal deviate.
 *
 * @source G. E. P. Box, M. E. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Statist. 29 (1958)
 */
export function randomNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/**
 * Shuffles `items` in place and returns them.
 *
 * @source R. Durstenfeld, "Algorithm 235: Random permutation", Comm. ACM 7 (1964)
 */
export function shuffle<T>(random: Random, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
