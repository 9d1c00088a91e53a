/**
 * Seeded random numbers with independent named streams: the only source of randomness in the
 * library.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { hash128 } from "./hash.ts";
import { normalQuantile } from "./normal.ts";

/** What a random stream starts from: an integer of at most 53 bits, or any text. */
export type Seed = number | string;

/** A typed array of numbers, or a plain array of anything. */
export type Shuffleable =
  | unknown[]
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array;

/**
 * A stream of random numbers: xoshiro128** (Blackman and Vigna 2018; period 2^128 - 1).
 *
 * The same seed gives the same numbers on every machine. {@link Random.fork} makes streams that
 * depend only on the seed and their label, not on how many numbers were drawn before, so that
 * work which is resumed, reordered or extended keeps its numbers.
 *
 * @example
 * ```ts
 * import { Random } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 * const random = new Random(7);
 * random.uniform();
 * const sample12 = random.fork("sample 12");
 * assertEquals(sample12.uniform(), new Random(7).fork("sample 12").uniform());
 * ```
 */
export class Random {
  readonly #path: string;
  readonly #state: Uint32Array;

  /**
   * Starts a stream.
   *
   * @param seed an integer (at most 53 bits) or a text
   * @throws {InputError} when a number is not a safe integer
   */
  constructor(seed: Seed) {
    if (typeof seed === "number" && !Number.isSafeInteger(seed)) {
      throw new InputError(`Cannot seed with ${seed}: wanted an integer of at most 53 bits`);
    }
    this.#path = typeof seed === "number" ? `n${seed}` : `s${seed}`;
    this.#state = hash128(this.#path);
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /**
   * A stream with a given state, as in the reference implementation.
   *
   * @param state four 32-bit words, not all zero
   * @throws {InputError} when there are not four words or all are zero
   */
  static fromState(state: ArrayLike<number>): Random {
    if (state.length !== 4 || Array.from(state).every((word) => word === 0)) {
      throw new InputError(
        `Cannot start from state [${Array.from(state)}]: wanted 4 words, not all zero`,
      );
    }
    const random = new Random(`state ${Array.from(state)}`);
    random.#state.set(state);
    return random;
  }

  /**
   * An independent stream named by `label`; drawing from either does not change the other.
   *
   * @param label what the stream is for, e.g. a sample's id
   */
  fork(label: Seed): Random {
    const name = String(label);
    return new Random(`${this.#path}/${name.length}:${name}`);
  }

  /** The next 32 random bits, an integer in [0, 2^32). */
  uint32(): number {
    const s = this.#state;
    const s1 = s[1];
    const times5 = Math.imul(s1, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9);
    s[2] ^= s[0];
    s[3] ^= s1;
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= s1 << 9;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result >>> 0;
  }

  /**
   * A number in [low, high), uniform over multiples of 2^-53 of the range.
   *
   * @param low smallest value, 0 by default
   * @param high upper end, excluded, 1 by default
   */
  uniform(low = 0, high = 1): number {
    const bits = (this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6);
    return low + (high - low) * bits / 9007199254740992;
  }

  /**
   * An integer in [0, limit), every one exactly equally likely (Lemire's rejection method).
   *
   * @param limit number of possible values, 1 to 2^32
   * @throws {InputError} when the limit is not an integer from 1 to 2^32
   */
  integer(limit: number): number {
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 4294967296)) {
      throw new InputError(`Cannot draw an integer below ${limit}: limit must be 1 to 2^32`);
    }
    if (limit > 2097152) return this.#largeInteger(limit);
    for (;;) {
      const product = this.uint32() * limit; // below 2^53, hence exact
      const value = Math.floor(product / 4294967296);
      const rest = product - value * 4294967296;
      if (rest >= limit || rest >= 4294967296 % limit) return value;
    }
  }

  /** As {@link Random.integer}, for limits whose product with 32 bits is not exact in a double. */
  #largeInteger(limit: number): number {
    const accepted = Math.floor(4294967296 / limit) * limit;
    for (;;) {
      const bits = this.uint32();
      if (bits < accepted) return bits % limit;
    }
  }

  /**
   * A normally distributed number, by inversion: one draw each, so streams stay aligned.
   *
   * @param mean centre, 0 by default
   * @param deviation standard deviation, 1 by default
   */
  normal(mean = 0, deviation = 1): number {
    const bits = (this.uint32() >>> 6) * 67108864 + (this.uint32() >>> 6);
    return mean + deviation * normalQuantile((bits + 0.5) / 4503599627370496); // never 0 or 1
  }

  /**
   * Shuffles in place (Fisher and Yates), every order equally likely.
   *
   * @returns the same array
   */
  shuffle<A extends Shuffleable>(values: A): A {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = values[i];
      values[i] = values[j];
      values[j] = swap;
    }
    return values;
  }

  /**
   * The integers 0 to `count - 1` in random order.
   *
   * @param count how many, 0 or more
   * @returns `[count]`
   */
  permutation(count: number): Uint32Array {
    return this.shuffle(countUp(count));
  }

  /**
   * `size` different integers from 0 to `count - 1`, in random order.
   *
   * @param count size of the population
   * @param size how many to take, 0 to `count`
   * @returns `[size]`
   * @throws {InputError} when more are wanted than there are
   */
  choice(count: number, size: number): Uint32Array {
    if (!(Number.isInteger(size) && size >= 0 && size <= count)) {
      throw new InputError(`Cannot choose ${size} of ${count}: size must be 0 to ${count}`);
    }
    const pool = countUp(count);
    for (let i = 0; i < size; i++) {
      const j = i + this.integer(count - i);
      const swap = pool[i];
      pool[i] = pool[j];
      pool[j] = swap;
    }
    return pool.slice(0, size);
  }
}

/** The integers from 0 to `count - 1`, in order. */
function countUp(count: number): Uint32Array {
  const values = new Uint32Array(count);
  for (let i = 0; i < count; i++) values[i] = i;
  return values;
}
