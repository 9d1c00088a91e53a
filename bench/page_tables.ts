/**
 * The tables of docs/benchmarks.md, each a function of the records.
 *
 * @module
 */
import { median } from "../lib/stats/summary.ts";
import { cell, dash, filledColumns, number, ratio, type Table, whole } from "./page_cells.ts";
import { processorTimeTables } from "./page_processor_time.ts";
import type { Records } from "./page.ts";

const zen4 = {
  float32: ["zen4_prefill_float32", "zen4_prefill_float32_8k"],
  bfloat16: [
    "zen4_prefill_bfloat16",
    "zen4_prefill_bfloat16_8k",
    "zen4_prefill_bfloat16_16k",
  ],
};
const xeon = {
  float32: ["prefill_float32", "prefill_float32_8k"],
  bfloat16: ["prefill_bfloat16", "prefill_bfloat16_16k"],
};

/** A table with a row for each length and a column for each set of records. */
function byLength(
  records: Records,
  lengths: readonly number[],
  columns: readonly (readonly [
    header: string,
    names: readonly string[],
    program: string,
    value: string,
    show?: (value: unknown) => string,
  ])[],
): Table {
  return [
    ["tokens", ...columns.map(([header]) => header)],
    ...lengths.map((tokens) => [
      whole(tokens),
      ...columns.map(([, names, program, value, show]) =>
        cell(records.where(names, { tokens, program }), value, show)
      ),
    ]),
  ];
}

/** Speed-ups of hybrid prefill with their bounds. */
function hybrid(
  records: Records,
  lengths: readonly number[],
  sets: readonly (readonly [label: string, names: readonly string[], shares: readonly number[]])[],
): Table {
  const columns = sets.flatMap(([label, names, shares]) =>
    shares.flatMap((share) => {
      const program = `hybrid ${share}`;
      const header = `${label}, ${100 * share}% full`;
      return [
        [header, names, program, "denseOver"],
        ["bound", names, program, "bound", number],
      ] as const;
    })
  );
  return byLength(records, lengths, columns);
}

/** The shipped model on 4,096 visual tokens. */
function shipped(records: Records, name: string): Table {
  const rows = ["float32", "bfloat16"].flatMap((dtype) =>
    [0.05, 0.125].map((share) => {
      const found = records.where([name], { dtype, visual: 4096, program: `hybrid ${share}` });
      return [
        `${dtype}, ${100 * share}% full`,
        cell(found, "denseOver"),
        cell(found, "bound", number),
        cell(found, "denseOverWithEmbedding"),
      ];
    })
  );
  const without = ["float32", "bfloat16"].map((dtype) => {
    const found = records.where([name], { dtype, visual: 4096, program: "no attention" });
    const [decoder, all] = ["denseOver", "denseOverWithEmbedding"].map((key) => cell(found, key));
    return [`${dtype}, no attention at all`, decoder, "", all];
  });
  return [["heads", "decoder", "bound", "with embedding and vision tower"], ...rows, ...without];
}

/** Prefill and token of `generate`, ours and theirs. */
function decoding(records: Records, name: string): Table {
  const both = (value: unknown) =>
    (value as number[][]).map((times) => whole(median(times))).join(" / ");
  return [
    ["dtype, prompt", "prefill, ms", "ours over theirs", "token, ms", "ours over theirs"],
    ...records.rows(name).map((row) => [
      `${row.dtype}, ${whole(row.tokens)}`,
      both(row.prefillMs),
      ratio(row.prefillRatio),
      (row.stepMs as number[][]).map((times) => number(median(times), 1)).join(" / "),
      ratio(row.stepRatio),
    ]),
  ];
}

/** Weights in blocks, as plain numbers, and in llama.cpp; without columns of what was not measured. */
function packed(records: Records, name: string): Table {
  return filledColumns([
    [
      ...["program", "prefill, ms", "over float32 plain", "over llama.cpp"],
      ...["token, ms", "over bfloat16 plain", "over llama.cpp", "loaded, MB", "peak, MB"],
    ],
    ...records.rows(name).map((row) => [
      String(row.program),
      whole(median(row.prefillMs as number[])),
      ratio(row.prefillOverFloat32),
      ratio(row.prefillOverLlama),
      number(median(row.stepMs as number[]), 1),
      ratio(row.stepOverBfloat16),
      ratio(row.stepOverLlama),
      ...[row.memoryMB, row.peakMB].map((mb) => mb === null ? dash : whole(mb)),
    ]),
  ]);
}

/** Ratios of our product to TensorFlow's, as the range over shapes. */
function product(records: Records): Table {
  const columns = [
    ["Zen 4, one core", "zen4_float_product"],
    ["Zen 4, two cores", "zen4_float_product_2_threads"],
    ["Ice Lake, one core", "icelake_float_product"],
  ];
  const range = (name: string, rows: number) => {
    const own = records.rows(name).filter(({ what }) => (what as string).startsWith(`${rows} x`))
      .map((row) => (row.ratio as number[])[0]);
    return own.length > 0 ? `${number(Math.min(...own))} to ${number(Math.max(...own))}` : dash;
  };
  const largest = (name: string) =>
    Math.max(...records.rows(name).map(({ difference }) => difference as number)).toExponential(1);
  const row = (what: string, value: (name: string) => string) => [
    what,
    ...columns.map(([, name]) => value(name)),
  ];
  return [
    ["what", ...columns.map(([header]) => header)],
    ...[256, 1024, 2048].map((rows) =>
      row(`products, ${whole(rows)} rows`, (name) => range(name, rows))
    ),
    ...[1024, 4096].map((tokens) =>
      row(
        `prefill of ${whole(tokens)}`,
        (name) => cell(records.where([name], { what: `prefill of ${tokens} tokens` }), "ratio"),
      )
    ),
    row("largest difference, of the largest value", largest),
  ];
}

/** Every table, by its name in the page. */
export const tables: Readonly<Record<string, (records: Records) => Table>> = {
  "dense-prefill": (records) =>
    byLength(records, [1024, 2048, 4096, 8192], [
      ["bfloat16, Zen 4", zen4.bfloat16, "dense", "overSdpa"],
      ["bfloat16, Xeon, quiet", ["prefill_bfloat16_quiet"], "dense", "overSdpa"],
      ["float32, Zen 4", zen4.float32, "dense", "overSdpa"],
      ["float32, Xeon, quiet", ["prefill_float32_quiet"], "dense", "overSdpa"],
    ]),
  ...processorTimeTables,
  "shared-questions": (records) => [
    ["pages", "questions", "tokens", "shared, s", "separate, s", "shared over separate"],
    ...records.rows("zen3_shared_questions").map((row) => [
      ...[row.pages, row.questions, row.tokens].map(whole),
      ...[row.shared, row.separate].map((ms) => number(median(ms as number[]) / 1e3, 1)),
      ratio(row.ratio),
    ]),
  ],
  "decode-window": (records) => [
    ["keys", "microseconds, with the window", "whole"],
    ...records.rows("zen3_decode_window").map((row) => [
      whole(row.keys),
      whole(row.windowUs),
      whole(row.wholeUs),
    ]),
  ],
  "dense-prefill-busy": (records) =>
    byLength(records, [1024, 2048, 4096, 8192], [
      ["bfloat16", xeon.bfloat16, "dense", "overSdpa"],
      ["float32", xeon.float32, "dense", "overSdpa"],
    ]),
  "eager": (records) => [
    ["tokens", "ours over eager"],
    ...[1024, 2048, 4096].map((tokens) => {
      const ms = (program: string) =>
        records.where(["prefill_float32_quiet"], { tokens, program })[0].medianMs as number;
      return [whole(tokens), number(ms("dense") / ms("eager"))];
    }),
  ],
  "float-product": product,
  "hybrid-zen4": (records) =>
    hybrid(records, [1024, 2048, 4096, 8192, 16384], [
      ["float32", zen4.float32, [0.05, 0.125]],
      ["bfloat16", zen4.bfloat16, [0.05, 0.125]],
    ]),
  "hybrid-xeon": (records) =>
    hybrid(records, [1024, 2048, 4096, 8192, 16384], [
      ["bfloat16", xeon.bfloat16, [0.05, 0.125, 0.25]],
    ]),
  "hybrid-xeon-float32": (records) =>
    hybrid(records, [1024, 2048, 4096, 8192], [["float32", xeon.float32, [0.05, 0.125]]]),
  "hybrid-sdpa": (records) =>
    byLength(records, [2048, 4096, 8192], [
      ["float32, 5%, Zen 4", zen4.float32, "hybrid 0.05", "overSdpa"],
      ["float32, 12.5%, Zen 4", zen4.float32, "hybrid 0.125", "overSdpa"],
      ["bfloat16, 5%, Zen 4", zen4.bfloat16, "hybrid 0.05", "overSdpa"],
      ["bfloat16, 5%, Xeon", xeon.bfloat16, "hybrid 0.05", "overSdpa"],
      ["float32, 5%, Xeon", xeon.float32, "hybrid 0.05", "overSdpa"],
    ]),
  "shipped-zen4": (records) => shipped(records, "zen4_shipped_prefill"),
  "shipped-xeon": (records) => shipped(records, "shipped_prefill"),
  "shipped-window64": (records) => shipped(records, "shipped_prefill_window64"),
  "ram": (records) => [
    ["tokens", "RAM over our prefill", "over eager maps", "peak above the weights", "theirs"],
    ...records.rows("ram_pass", "memory").map(({ tokens, oursMb, transformersMb }) => {
      const found = records.where(["ram_pass"], { tokens, program: "RAM" });
      return [
        whole(tokens),
        cell(found, "toPrefill"),
        cell(found, "toTransformers"),
        `${whole(oursMb)} MB`,
        transformersMb === null ? dash : `${whole(transformersMb)} MB`,
      ];
    }),
  ],
  "sweep": (records) => [
    ["program", "ms a sample", "times as fast as whole runs", "as PyTorch hooks in transformers"],
    ...records.rows("ablation_sweep").map((row) => [
      String(row.program),
      whole(row.medianMs),
      ratio(row.timesWholeRuns, 1),
      ratio(row.timesTransformers, 1),
    ]),
  ],
  "decoding": (records) => decoding(records, "generate"),
  "decoding-smol": (records) => decoding(records, "smol_generate"),
  "packed-qwen": (records) => packed(records, "zen3_packed_qwen"),
  "packed-qwen-token": (records) => packed(records, "zen3_packed_qwen_token"),
  "packed-qwen-icelake": (records) => packed(records, "icelake_packed_qwen"),
  "packed-4b": (records) => packed(records, "zen3_packed_4b"),
  "packed-4b-1k": (records) => packed(records, "zen3_packed_4b_1k"),
  "packed-smol": (records) => packed(records, "zen3_packed_smol"),
  "load": (records) => [
    ["held as", "MB of weights", "MB a second", "peak over the weights"],
    ...records.rows("load").map((row) => [
      String(row.dtype),
      whole(row.heldMegabytes),
      whole(row.megabytesPerSecond),
      number(row.peakOverHeld),
    ]),
  ],
  "memory": (records) => {
    const peak = (name: string, tokens: number, dtype: string) =>
      cell(records.where([name], { tokens, dtype }), "megabytes", (mb) => `${whole(mb)} MB`);
    const plain = (mb: unknown) => `${whole(mb)} MB`;
    return [
      [
        ...["tokens", "float32", "float32, Zen 4", "float32, Zen 3", "bfloat16"],
        "scores of one layer in plain float32",
      ],
      ...[1024, 4096, 8192].map((tokens) => [
        whole(tokens),
        peak("memory", tokens, "float32"),
        peak("zen4_memory", tokens, "float32"),
        peak("zen3_memory", tokens, "float32"),
        peak("memory", tokens, "bfloat16"),
        cell(
          records.where(["memory"], { tokens, dtype: "float32" }),
          "plainScoresMegabytes",
          plain,
        ),
      ]),
    ];
  },
  "cache": (records) => [
    ["tokens", "cache, dense", "hybrid", "by the cost model", "token, dense", "token, hybrid"],
    ...[1024, 4096, 8192].map((tokens) => {
      const [dense, sparse] = ["dense", "hybrid"].map((attention) =>
        records.where(["cache"], { tokens, attention })
      );
      const mb = (value: unknown) => `${number(value, 1)} MB`;
      const ms = (value: unknown) => `${number(value, 1)} ms`;
      return [
        whole(tokens),
        cell(dense, "afterPrompt", mb),
        cell(sparse, "afterPrompt", mb),
        cell(sparse, "predicted", mb),
        cell(dense, "medianMs", ms),
        cell(sparse, "medianMs", ms),
      ];
    }),
  ],
};
