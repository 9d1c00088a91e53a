/**
 * The tables of docs/memory.md: what follows from models' shapes, and what was measured.
 *
 * @module
 */
import type { Records } from "./page.ts";
import { type Table, whole } from "./page_cells.ts";
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

/** Qwen3-VL with random weights as a pair of GGUF files. */
function large(records: Records): Table {
  const gigabytes = (megabytes: unknown) => ((megabytes as number) / 1e3).toFixed(2);
  return [
    [
      ...["model", "`--dtype`", "files, GB", "loaded, GB", "largest, GB", "bound, GB"],
      ...["reading, s", "loading, s", "prompt, s", "a token, s"],
    ],
    ...records.rows("zen3_large_gguf").map((row) => [
      `Qwen3-VL-${String(row.size).toUpperCase()}`,
      String(row.dtype),
      ...["fileMB", "loadedMB", "peakMB", "boundMB"].map((name) => gigabytes(row[name])),
      ...["readSeconds", "loadSeconds"].map((name) => (row[name] as number).toFixed(1)),
      whole(row.prefillSeconds),
      (row.stepSeconds as number).toFixed(1),
    ]),
  ];
}

/** By the names that the page uses. */
export const memoryTables: Readonly<Record<string, (records: Records) => Table>> = {
  fits: smallestMemory,
  large,
};
