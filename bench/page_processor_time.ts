/**
 * The tables of docs/benchmarks.md about machines that had other work to do as well, where processor
 * time is compared: one with AVX2 only, one with AVX-512 and no products in bfloat16.
 *
 * @module
 */
import { counted } from "../lib/common/text.ts";
import { median } from "../lib/stats/summary.ts";
import type { Records } from "./page.ts";
import { cell, ratio, type Table, whole } from "./page_cells.ts";

/** Records of an image to the first token. */
const firstTokens = [
  "zen3_first_token",
  "zen3_first_token_2_threads",
  "zen3_first_token_bfloat16",
  "icelake_first_token",
];

/** Records of vision towers. */
const towers = [
  "zen3_vision_tower",
  "zen3_vision_tower_tiles",
  "zen3_vision_tower_bfloat16",
  "icelake_vision_tower",
];

/** The page's name of the machine of a record, which the record's own name begins with. */
function machineOf(record: string): string {
  return record.startsWith("icelake") ? "Ice Lake" : "Zen 3";
}

/** The rows of several records, each with its machine. */
function withMachines(records: Records, names: readonly string[]) {
  return names.flatMap((name) =>
    records.rows(name).map((row) => ({ machine: machineOf(name), row }))
  );
}

/** These tables, by their names in the page. */
export const processorTimeTables: Readonly<Record<string, (records: Records) => Table>> = {
  "first-token": (records) => [
    [
      ...["machine", "from", "dtype", "threads", "layers", "ours, s", "theirs, s"],
      ...["by the clock", "processor time"],
    ],
    ...withMachines(records, firstTokens).map(({ machine, row }) => [
      machine,
      String(row.what).replace(" to first token", "").replace(" to patches", " to patches only"),
      String(row.dtype),
      String(row.threads),
      `${row.visionLayers} + ${row.layers}`,
      ((row.ms as number) / 1e3).toFixed(2),
      ((row.transformersMs as number) / 1e3).toFixed(2),
      ratio(row.ratio),
      ratio(row.cpuRatio),
    ]),
  ],
  "vision-tower": (records) => [
    ["machine", "tower", "size", "layers", "dtype", "ours over theirs", "largest difference"],
    ...withMachines(records, towers).map(({ machine, row }) => [
      machine,
      String(row.tower),
      String(row.tower).startsWith("qwen")
        ? `${whole((row.size as number) ** 2)} patches`
        : counted(row.size as number, "tile"),
      String(row.layers),
      String(row.dtype),
      ratio(row.ratio),
      (row.difference as number).toExponential(1),
    ]),
  ],
  "load-avx2": (records) => [
    ["held as", "MB of weights", "MB a second", "over reading the file", "peak over the weights"],
    ...records.rows("zen3_load").map((row) => [
      row.dtype === "two bytes" ? "float32 of two bytes" : String(row.dtype),
      whole(row.heldMegabytes),
      whole(row.megabytesPerSecond),
      (row.overReading as number).toFixed(2),
      (row.peakOverHeld as number).toFixed(2),
    ]),
  ],
  "hooks": (records) => [
    ["what", "over a plain prefill"],
    ...records.rows("zen3_hooks").slice(1).map((row) => [String(row.name), ratio(row.toPlain)]),
  ],
  "hooks-12-layers": (records) => [
    ["what", "over a plain prefill"],
    ...records.rows("zen3_hooks_12_layers").slice(1).map((row) => [
      String(row.name),
      ratio(row.toPlain),
    ]),
  ],
  "decode-hooks": (records) => [
    ["what", "a token, over a plain one"],
    ...records.rows("zen3_decode_hooks").slice(1).map((row) => [
      String(row.name),
      ratio(row.toPlain),
    ]),
  ],
  "prefill-processor-time": (records) => [
    [
      ...["machine", "tokens", "dense, ours over theirs", "by the clock", "over eager attention"],
      "hybrid, 5% full: times as fast as our dense",
    ],
    ...["zen3_prefill_float32", "icelake_prefill_float32"].flatMap((name) =>
      [1024, 2048].map((tokens) => {
        const [dense, hybrid, eager] = ["dense", "hybrid 0.05", "eager"].map((program) =>
          records.where([name], { tokens, program })[0]
        );
        const [plain, own, theirs] = [dense, hybrid, eager].map(({ cpuMs }) =>
          median(cpuMs as number[])
        );
        return [
          machineOf(name),
          whole(tokens),
          ratio(dense.cpuOverSdpa),
          ratio(dense.overSdpa),
          (plain / theirs).toFixed(2),
          (plain / own).toFixed(2),
        ];
      })
    ),
  ],
  "shipped-zen3": (records) => [
    ["visual tokens", "program", "decoder", "bound", "whole prompt", "bound of the whole prompt"],
    ...records.rows("zen3_shipped_prefill").filter(({ program }) => program !== "dense").map((
      row,
    ) => [
      whole(row.visual),
      String(row.program),
      ratio(row.denseOver),
      cell([row], "bound", (x) => (x as number).toFixed(2)),
      ratio(row.denseOverWithEmbedding),
      cell([row], "boundWithEmbedding", (x) => (x as number).toFixed(2)),
    ]),
  ],
};
