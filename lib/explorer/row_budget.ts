/**
 * How many rows of attention a page has room for.
 *
 * @module
 */
import { packFloats } from "./pack.ts";

/** Heads whose rows are kept one by one at most. */
const mostSingles = 24;

/** How many heads have a row for the mean over the question, and one for each query. */
export interface RowPlan {
  /** Heads with a mean. */
  readonly means: number;
  /** Heads with single rows. */
  readonly singles: number;
}

/** How many rows of T numbers fit into so many characters, at what they usually compress to. */
export function plannedRows(
  characters: number,
  tokens: number,
  kept: number,
  queries: number,
): RowPlan {
  const rows = Math.floor(characters * 3 / 4 / 2 / 0.7 / tokens);
  const means = Math.max(1, Math.min(kept, Math.floor(rows / 2)));
  const singles = Math.floor((rows - means) / Math.max(1, queries));
  return { means, singles: Math.max(1, Math.min(means, mostSingles, singles)) };
}

/**
 * Packs as many rows as fit: first the heads' means, then their rows by query.
 *
 * @param means row of a kept head, `[T]`
 * @param singles rows of a kept head by query, `[queries, T]`
 * @param plan how many to try first
 * @param characters that the packed text may take; one head is kept in any case
 */
export async function packedRows(
  means: (head: number) => Float32Array,
  singles: (head: number) => Float32Array,
  plan: RowPlan,
  characters: number,
): Promise<RowPlan & { readonly rows: string }> {
  let { means: m, singles: s } = plan;
  while (true) {
    const parts = [
      ...Array.from({ length: m }, (_, i) => means(i)),
      ...Array.from({ length: s }, (_, i) => singles(i)),
    ];
    const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => (values.set(part, at), at + part.length), 0);
    const rows = await packFloats(values);
    if (rows.length <= characters || m === 1 && s <= 1) return { means: m, singles: s, rows };
    if (s > 1) s = Math.floor(s * 0.75);
    else m = Math.max(1, Math.floor(m * 0.75));
  }
}
