/**
 * The tables of docs/memory.md that follow from models' shapes.
 *
 * @module
 */
import { fits, memories, models, type Storage, weightBytes } from "./model_sizes.ts";

const storages: readonly Storage[] = ["bfloat16", "Q8_0", "Q4_K_M"];

/** Models by the smallest memory in which they run, with the bytes of their weights. */
function smallestMemory(): string[][] {
  const cell = (memory: number, i: number, storage: Storage) =>
    models.filter((own) =>
      fits(own, storage, memory) && (i === 0 || !fits(own, storage, memories[i - 1]))
    ).map((own) => `${own.name} (${(weightBytes(own, storage) / 1e9).toFixed(1)})`).join(", ");
  return [
    ["memory", ...storages],
    ...memories.map((memory, i) => [
      `${memory / 1e9} GB`,
      ...storages.map((storage) => cell(memory, i, storage) || "-"),
    ]),
  ];
}

/** By the names that the page uses. */
export const memoryTables = { fits: smallestMemory } as const;
