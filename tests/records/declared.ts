/** Which cell of which table comes from which record: a column or a row more is one line here. */
import {
  accuracy,
  alsoInduction,
  calibratedShare,
  change,
  dense,
  heads,
  headsAbove,
  hybrid,
  keptWhenAbsent,
  ofSet,
  overDraws,
  type Recorded,
  topShare,
} from "./recorded.ts";

/** Records of a column, in data/results: where its scores, ablations and hybrid runs lie. */
export interface Column {
  readonly identify: string;
  readonly ablate: string;
  readonly all: string;
  readonly hybrid: string;
  /** Share of heads with full attention that the table tells of; null where there is no record. */
  readonly full: number | null;
  /** Sets of heads that two explanations name, ablated by themselves. */
  readonly sets?: string;
  readonly sentences?: { readonly ablate: string; readonly identify: string };
}

/** A small model's records: the same parts for each. */
const small = (name: string): Column => ({
  identify: `${name}/identify`,
  ablate: `${name}/ablate`,
  all: `${name}/ablate-all`,
  hybrid: `${name}/hybrid`,
  full: 0.125,
  sentences: { ablate: `${name}/ablate-sentences`, identify: `${name}/identify-sentences` },
});

const smol = (name: string): Column => ({
  identify: `${name}/identify`,
  ablate: `${name}/ablate-answer`,
  all: `${name}/ablate-all`,
  hybrid: `${name}/hybrid`,
  full: 0.2,
});

/** A model asked about one of several owners: from the question on only, dense only. */
const owners = (identify: string, ablate: string, sets?: string): Column => ({
  ...{ identify, ablate, sets, all: "none", hybrid: "none", full: null },
});

/** A table: its file and heading, the records of its columns, and what each row tells of them. */
export interface Declared {
  readonly file: string;
  readonly heading: string;
  readonly columns: Readonly<Record<string, Column>>;
  /** By label, in the table's order. */
  readonly rows: readonly (readonly [label: string, recorded: (column: Column) => Recorded])[];
}

type Row = Declared["rows"][number];

/** Models and texts that the first tables of README and docs/results.md tell of. */
const shown: Declared["columns"] = {
  "Qwen2.5-Coder-1.5B, 8 owners": owners("qwen-1.5b/identify", "qwen-1.5b/ablate"),
  "Qwen2.5-Coder-0.5B, 8 owners": owners("qwen/identify", "qwen/ablate", "qwen/ablate-sets"),
  "SmolLM2, 4 owners": owners(
    "smol/identify-owners",
    "smol/ablate-owners",
    "smol/ablate-sets",
  ),
  "SmolLM2, 1 owner": smol("smol"),
  "`smol-vision`": smol("smol-vision"),
  "`mini-natural`": small("mini-natural"),
  "`mini`": small("mini"),
};

const { "SmolLM2, 1 owner": _fewer, ...inReadme } = shown;

const concentration: readonly Row[] = [
  ["heads", (c) => heads(c.identify)],
  ["share of all RAM in the top 5% of heads", (c) => topShare(c.identify)],
];

const withoutTop: readonly Row[] = [
  ["accuracy, no head ablated", (c) => accuracy(c.ablate, "none")],
  ["from the question on, without the top 5%", (c) => accuracy(c.ablate, "core")],
  ["… without random 5%", (c) => overDraws(c.ablate, "random")],
];

const strictest: readonly Row[] = [
  ["… without 5% that look at the context as much", (c) => overDraws(c.ablate, "score-matched")],
  ["… without the lowest 5%", (c) => accuracy(c.ablate, "bottom")],
];

const hybridAttention: readonly Row[] = [
  ["hybrid attention: heads with full attention", (c) => c.full === null ? null : [100 * c.full]],
  ["… accuracy, dense", (c) => dense(c.hybrid)],
  ["… those with the highest RAM full", (c) => hybrid(c.hybrid, "core", c.full ?? 0)],
  ["… as many random heads full", (c) => hybrid(c.hybrid, "random", c.full ?? 0)],
];

/** The tables. */
export const tables: readonly Declared[] = [
  {
    file: "README.md",
    heading: "## What it finds",
    columns: inReadme,
    rows: [...concentration, ...withoutTop, ...strictest, ...hybridAttention],
  },
  {
    file: "docs/results.md",
    heading: "## Heads that answers need",
    columns: shown,
    rows: [
      ...concentration,
      ["of their RAM left when the thing asked for is absent", (c) => keptWhenAbsent(c.identify)],
      ["of the top 5%, also top induction heads", (c) => alsoInduction(c.identify)],
      ...withoutTop,
      ["… without 5% of the same layers", (c) => overDraws(c.ablate, "layer-matched")],
      ...strictest,
      [
        "… without top calibrated heads that are no top induction heads",
        (c) => c.sets ? ofSet(c.sets, "retrieval-not-induction") : null,
      ],
      [
        "… without top induction heads that are no top calibrated heads",
        (c) => c.sets ? ofSet(c.sets, "induction-not-retrieval") : null,
      ],
      ["from the first token on, without the top 5%", (c) => accuracy(c.all, "core")],
      ["… without random 5%", (c) => overDraws(c.all, "random")],
      ["… without 5% that look at the context as much", (c) => overDraws(c.all, "score-matched")],
      ["… without the lowest 5%", (c) => accuracy(c.all, "bottom")],
      [
        "whole sentences: share of RAM in the top 5%",
        (c) => c.sentences ? topShare(c.sentences.identify) : null,
      ],
      [
        "… accuracy, no head ablated",
        (c) => c.sentences ? accuracy(c.sentences.ablate, "none") : null,
      ],
      [
        "… from the question on, without the top 5%",
        (c) => c.sentences ? accuracy(c.sentences.ablate, "core") : null,
      ],
      ["… without random 5%", (c) => c.sentences ? overDraws(c.sentences.ablate, "random") : null],
      [
        "… without the lowest 5%",
        (c) => c.sentences ? accuracy(c.sentences.ablate, "bottom") : null,
      ],
      ...hybridAttention,
    ],
  },
  {
    file: "data/models/README.md",
    heading: "## Heads",
    columns: {
      "`mini-natural`": small("mini-natural"),
      "`mini-varied`": small("mini-varied"),
      "`mini`": small("mini"),
    },
    rows: [
      ["heads with RAM above 0.5, first and last layer", (c) => headsAbove(c.identify)],
      ["share of all RAM in the top 5%", (c) => topShare(c.identify)],
      ["share of all calibrated RAM in the top 5%", (c) => calibratedShare(c.identify)],
      ["of the top 5%, also top induction heads", (c) => alsoInduction(c.identify)],
      ["accuracy, no head ablated", (c) => accuracy(c.ablate, "none")],
      ["from the question on, without the top 5%", (c) => accuracy(c.ablate, "core")],
      ["… change in points", (c) => change(c.ablate, "core")],
      ["… without random 5%", (c) => overDraws(c.ablate, "random")],
      ["… without 5% of the same layers", (c) => overDraws(c.ablate, "layer-matched")],
      [
        "… without 5% that look at the context as much",
        (c) => overDraws(c.ablate, "score-matched"),
      ],
      ["… without the lowest 5%", (c) => accuracy(c.ablate, "bottom")],
      ["… without the top 12.5%", (c) => accuracy(c.ablate, "core", 0.125)],
      ["… without random 12.5%", (c) => overDraws(c.ablate, "random", 0.125)],
      ["from the first token on, without the top 5%", (c) => accuracy(c.all, "core")],
      ["… without random 5%", (c) => overDraws(c.all, "random")],
      ["… without the lowest 5%", (c) => accuracy(c.all, "bottom")],
    ],
  },
  {
    file: "data/models/README.md",
    heading: "## Hybrid attention",
    columns: {
      "`mini`": small("mini"),
      "`mini-natural`": small("mini-natural"),
      "`mini-varied`": small("mini-varied"),
    },
    rows: [
      ["dense", (c) => dense(c.hybrid)],
      ["5% full", (c) => hybrid(c.hybrid, "core", 0.05)],
      ["12.5% full", (c) => hybrid(c.hybrid, "core", 0.125)],
      ["25% full", (c) => hybrid(c.hybrid, "core", 0.25)],
      ["12.5% random heads full", (c) => hybrid(c.hybrid, "random", 0.125)],
      ["all local", (c) => hybrid(c.hybrid, "local", 0)],
    ],
  },
];
