/**
 * Merges of a BPE vocabulary that has scores in their place, as sentencepiece's have.
 *
 * @module
 */

/** A pair that makes a token. */
interface Pair {
  readonly pair: [left: string, right: string];
  readonly score: number;
  /** Characters of both parts. */
  readonly lengths: readonly [left: number, right: number];
}

/**
 * The pairs of tokens that make a token, best score first; with equal scores the longer left part first.
 *
 * Source: transformers `tokenization_utils_base.py` (`generate_merges`).
 *
 * @param vocabulary tokens by id, with their kinds: only ordinary ones (1) are made of others
 * @param scores by id
 * @returns two tokens each, for `tokenizer.json`
 *
 * @example
 * ```ts
 * import { mergesOf } from "./gguf_merges.ts";
 * import { assertEquals } from "@std/assert";
 * const tokens = ["a", "b", "ab", "aba"], types = [1, 1, 1, 1];
 * assertEquals(mergesOf({ tokens, types }, [0, 0, -1, -2]), [["a", "b"], ["ab", "a"]]);
 * ```
 */
export function mergesOf(
  { tokens, types }: { readonly tokens: readonly string[]; readonly types: readonly number[] },
  scores: readonly number[],
): [left: string, right: string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const found: Pair[] = [];
  for (const [token, id] of ids) {
    if (types[id] !== 1 && types[id] !== 4) continue;
    const characters = [...token];
    const own: { readonly ids: readonly [number, number]; readonly found: Pair }[] = [];
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join(""), right = characters.slice(cut).join("");
      const first = ids.get(left), second = ids.get(right);
      if (first === undefined || second === undefined) continue;
      const lengths = [cut, characters.length - cut] as const;
      own.push({
        ids: [first, second],
        found: { pair: [left, right], score: scores[id], lengths },
      });
    }
    own.sort(({ ids: a }, { ids: b }) => a[0] - b[0] || a[1] - b[1]);
    found.push(...own.map((one) => one.found));
  }
  return found.sort((a, b) =>
    b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1]
  ).map(({ pair }) => pair);
}
