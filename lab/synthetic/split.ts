/**
 * Training and test samples that cannot meet: separate random streams, and compositions that only
 * test questions ask about.
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";

/** Which samples: those to learn from, or those to be judged by. */
export type Split = "train" | "test";

/** Both splits. */
export const splits: readonly Split[] = ["train", "test"];

/** One in this many (key, answer) pairs is kept from training. */
export const heldOutPairRatio = 8;

/**
 * The random stream of one sample. Streams of different splits, domains or seeds are different by
 * construction, because all three name the stream.
 *
 * @param split of the sample
 * @param domain name of the sample's domain
 * @param seed any integer, free to be the same in both splits
 */
export function sampleRandom(split: Split, domain: string, seed: number): Random {
  return new Random(`tasks/${split}/${domain}/${seed}`);
}

/**
 * Whether an answer beside a key is held out: no training image shows the two together.
 *
 * @param key index of the key in its section, 0 to 63
 * @param answer index of the answer in its section, 0 to 63
 *
 * @example
 * ```ts
 * import { isHeldOutPair } from "./split.ts";
 * import { assertEquals } from "@std/assert";
 * const held = Array.from({ length: 4096 }, (_, i) => isHeldOutPair(i >> 6, i & 63));
 * assertEquals(held.filter(Boolean).length, 512);
 * ```
 */
export function isHeldOutPair(key: number, answer: number): boolean {
  return (key * 3 + answer * 5 + (key >> 3) + (answer >> 3)) % heldOutPairRatio === 0;
}

/**
 * Whether a colour and shape are held out: no training question names this object in two words
 * (it may stand in training images, and be asked for by its one-token name).
 *
 * One object of each colour and of each shape is held out.
 *
 * @param object index in the section `objects`, 0 to 63
 */
export function isHeldOutObject(object: number): boolean {
  return object >= 56;
}
