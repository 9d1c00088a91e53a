/**
 * What the head explorer shows, as its page holds it: types only, shared by the program that writes
 * the page and the client that reads it.
 *
 * @module
 */

/** A head as one number: layer times heads per layer, plus head. */
export type HeadIndex = number;

/** Everything that one page shows. */
export interface ExplorerData {
  /** Version of this layout. */
  readonly version: 1;
  /** Heading. */
  readonly title: string;
  /** Where the scores come from. */
  readonly origin: ExplorerOrigin;
  /** L. */
  readonly layers: number;
  /** N. */
  readonly heads: number;
  /** Values by head; the first is the score that ranks them. */
  readonly maps: readonly ExplorerMap[];
  /** Heads, best first. */
  readonly ranking: readonly HeadIndex[];
  /** Share of heads that counts as top. */
  readonly fraction: number;
  /** Heads whose attention the page holds, the most wanted first. */
  readonly kept: readonly HeadIndex[];
  /** The samples. */
  readonly samples: readonly ExplorerSample[];
  /** Images by number: data URLs. */
  readonly images: readonly string[];
  /** Ablated sets of heads, where there is a record. */
  readonly ablation: ExplorerAblation | null;
  /** Answers with windowed heads, where there is a record. */
  readonly speed: ExplorerSpeed | null;
}

/** Names and settings of a record. */
export interface ExplorerOrigin {
  /** Model. */
  readonly model: string;
  /** Data set. */
  readonly data: string;
  /** Samples behind the numbers. */
  readonly samples: number;
  /** Seed. */
  readonly seed: number;
  /** Backend. */
  readonly backend: string;
  /** Element type. */
  readonly dtype: string;
  /** When it was written. */
  readonly date: string;
  /** Version of the library. */
  readonly version: string;
}

/** One value per head. */
export interface ExplorerMap {
  /** Short name, as in links. */
  readonly id: string;
  /** What it is. */
  readonly label: string;
  /** One sentence about it. */
  readonly about: string;
  /** Whether values may lie on both sides of zero. */
  readonly diverging: boolean;
  /** `[L * N]`; null where it was not measured. */
  readonly values: readonly (number | null)[];
  /** 95% intervals, where known. */
  readonly ci95?: readonly (readonly [low: number, high: number] | null)[];
  /** Number of samples behind it. */
  readonly samples: number;
  /** Where it comes from, if from another record than the page's scores. */
  readonly origin?: ExplorerOrigin;
}

/** A grid of visual tokens over a image. */
export interface ExplorerGrid {
  /** Rows of tokens. */
  readonly rows: number;
  /** Columns of tokens. */
  readonly columns: number;
  /** What it shows, in pixels of the image: left, top, right, bottom. */
  readonly box: readonly number[];
  /** Token of the first row and column. */
  readonly start: number;
  /** Tokens from one row to the next. */
  readonly stride: number;
}

/** An image, a page or a frame, with its tokens. */
export interface ExplorerPanel {
  /** Number of the image in {@link ExplorerData.images}. */
  readonly image: number;
  /** Pixels of the original. */
  readonly width: number;
  /** Pixels of the original. */
  readonly height: number;
  /** Such as `page 2` or `3.5 s`. */
  readonly label: string;
  /** Its grids of tokens. */
  readonly grids: readonly ExplorerGrid[];
}

/** A query row that can be chosen. */
export interface ExplorerQuery {
  /** Index of the token. */
  readonly token: number;
  /** Its text. */
  readonly text: string;
  /** What it is; `last` is the prompt's last token, from which the answer begins. */
  readonly kind: "question" | "last" | "answer";
}

/** Half-open ranges of tokens. */
export type ExplorerSpans = readonly (readonly [start: number, end: number])[];

/** One sample. */
export interface ExplorerSample {
  /** Its id. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** The question. */
  readonly question: string;
  /** The right answers. */
  readonly answers: readonly string[];
  /** What the model said. */
  readonly said: string;
  /** Whether that is right. */
  readonly correct: boolean;
  /** Tokens of prompt and answer, T. */
  readonly tokens: number;
  /** Evidence tokens. */
  readonly evidence: ExplorerSpans;
  /** Visual tokens. */
  readonly visual: ExplorerSpans;
  /** Tokens that the median head looks at far beyond an even share. */
  readonly sinks: readonly number[];
  /** Its images in order. */
  readonly panels: readonly ExplorerPanel[];
  /** Text tokens as runs from a first token on. */
  readonly texts: readonly { readonly start: number; readonly pieces: readonly string[] }[];
  /** Query rows that can be chosen, besides the mean over the question. */
  readonly queries: readonly ExplorerQuery[];
  /** Score of every head on this sample by the record's rule, `[L * N]` packed; or null. */
  readonly scores: string | null;
  /** How many of the kept heads have a row here for the mean over the question. */
  readonly means: number;
  /** How many of them have one for each query, too. */
  readonly singles: number;
  /**
   * Attention, packed: a row of T for each of the first `means` heads, then for each of the first
   * `singles` heads one for each query.
   */
  readonly rows: string;
}

/** One set of heads that was removed. */
export interface ExplorerSet {
  /** Why these. */
  readonly condition: string;
  /** Share of heads. */
  readonly fraction: number;
  /** Which draw. */
  readonly draw: number;
  /** The heads. */
  readonly heads: readonly HeadIndex[];
  /** By metric: what is left, what is lost. */
  readonly metrics: Readonly<Record<string, ExplorerOutcome>>;
}

/** One metric of a set. */
export interface ExplorerOutcome {
  /** Mean. */
  readonly value: number;
  /** Its interval. */
  readonly ci95: readonly [low: number, high: number];
  /** Loss from the baseline. */
  readonly drop: number;
  /** Its interval. */
  readonly dropCi95: readonly [low: number, high: number];
  /** Probability of such a loss if nothing was lost. */
  readonly pValue: number;
}

/** An ablation record. */
export interface ExplorerAblation {
  /** Where it comes from. */
  readonly origin: ExplorerOrigin;
  /** Samples on which the heads were found as well. */
  readonly samplesInBoth: number;
  /** The sets; the first is empty. */
  readonly sets: readonly ExplorerSet[];
  /**
   * By id of a sample shown here: for each set whether the answer is right, and the log-probability
   * of the right answer.
   */
  readonly bySample: Readonly<
    Record<string, { readonly correct: readonly number[]; readonly logProb: readonly number[] }>
  >;
}

/** One setting of hybrid attention. */
export interface ExplorerSpeedRow {
  /** Who keeps full attention. */
  readonly policy: string;
  /** Share of heads that do. */
  readonly fullHeads: number;
  /** First tokens that all see. */
  readonly sink: number;
  /** Last tokens that all see. */
  readonly window: number;
  /** What the other heads see, where that is more than sink and window. */
  readonly pattern?: string;
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** Speed-up, where it was measured. */
  readonly speedup: number | null;
  /** Its interval. */
  readonly speedupCi95: readonly [low: number, high: number] | null;
  /** Accuracy with dense attention. */
  readonly dense: number;
  /** Accuracy with hybrid attention. */
  readonly sparse: number;
}

/** A speed record. */
export interface ExplorerSpeed {
  /** Where it comes from. */
  readonly origin: ExplorerOrigin;
  /** Its rows for accuracy. */
  readonly rows: readonly ExplorerSpeedRow[];
}
