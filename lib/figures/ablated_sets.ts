/**
 * What is left without sets of heads, and without as many control heads: straight from the ablate
 * command's `results.json`.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { counted } from "../common/text.ts";
import { bars } from "./bars.ts";
import type { Figure } from "./figure.ts";
import { joinSentences } from "./records.ts";
import { formatPercent } from "./text.ts";

/** The keys of a row that are drawn. */
export interface AblatedSetRow {
  /** `none`, `core`, `set` or a control's name. */
  readonly condition: string;
  /** Name of a set. */
  readonly set?: string;
  /** The heads. */
  readonly heads: readonly (readonly [layer: number, head: number])[];
  /** Domain, or `all`. */
  readonly domain: string;
  /** Only rows of `accuracy` are drawn. */
  readonly metric: string;
  /** Number of samples. */
  readonly samples: number;
  /** Mean over samples. */
  readonly value: number;
  /** Its 95% interval. */
  readonly ci95: readonly [low: number, high: number];
  /** The comparison with each kind of control. */
  readonly againstControls?: Readonly<
    Record<
      string,
      {
        readonly draws: number;
        readonly value: number;
        readonly valueCi95: readonly [low: number, high: number];
        readonly range: readonly [low: number, high: number];
      }
    >
  >;
}

/** Options of {@link ablatedSets}. */
export interface AblatedSetsOptions {
  /** Heading. */
  readonly title: string;
  /** What `core` is called; `core` by default. */
  readonly core?: string;
  /** A dotted line at the accuracy of guessing. */
  readonly chance?: number;
  /** More sentences for the caption. */
  readonly caption?: string;
}

/**
 * Accuracy of the whole model, without each set of heads, and below each set without its controls: mean
 * of their draws, with the lowest and highest draw in the label. Where there are several sets, they and
 * their controls are numbered.
 *
 * @param rows of `results.json`
 * @throws {InputError} when there is no set of heads among them
 *
 * @example
 * ```ts
 * import { ablatedSets } from "./ablated_sets.ts";
 * import { assertEquals } from "@std/assert";
 * const about = { domain: "all", metric: "accuracy", samples: 40 };
 * const figure = ablatedSets([
 *   { ...about, condition: "none", heads: [], value: 0.9, ci95: [0.8, 0.95] },
 *   { ...about, condition: "core", heads: [[3, 1]], value: 0.1, ci95: [0.02, 0.2] },
 * ], { title: "Without the best head" });
 * assertEquals(figure.data[0].x, [90, 10]);
 * ```
 */
export function ablatedSets(rows: readonly AblatedSetRow[], options: AblatedSetsOptions): Figure {
  const own = rows.filter(({ metric, domain }) => metric === "accuracy" && domain === "all");
  const sets = own.filter(({ condition, heads }) =>
    (condition === "core" || condition === "set") && heads.length > 0
  );
  if (sets.length === 0) {
    throw new InputError("Cannot draw ablated sets: there is no row of core or of a set of heads");
  }
  const lines: {
    readonly name: string;
    readonly value: number;
    readonly ends: readonly [low: number, high: number];
  }[] = [];
  for (const { value, ci95 } of own.filter(({ condition }) => condition === "none")) {
    lines.push({ name: "no head removed", value, ends: ci95 });
  }
  const drawn = new Set<number>();
  sets.forEach(({ condition, set, heads, value, ci95, againstControls = {} }, i) => {
    const number = sets.length > 1 ? `${i + 1}. ` : "";
    const name = condition === "core" ? options.core ?? "core" : set ?? "set";
    const size = counted(heads.length, "head");
    lines.push({ name: `${number}${name}, ${size}`, value, ends: ci95 });
    for (const [control, { draws, value, valueCi95, range }] of Object.entries(againstControls)) {
      const [low, high] = range.map(formatPercent);
      if (draws > 1) drawn.add(draws);
      const spread = draws > 1 ? ` (${low} to ${high})` : "";
      lines.push({ name: `${number}${control}${spread}`, value, ends: valueCi95 });
    }
  });
  const { chance } = options;
  return bars(lines.map(({ name }) => name), [{
    name: "right answers",
    values: lines.map(({ value, ends: [low, high] }) => ({ value, low, high })),
  }], {
    title: options.title,
    valueTitle: "right answers",
    percent: true,
    line: chance === undefined ? undefined : { value: chance, label: "guessing" },
    caption: joinSentences(
      `n = ${sets[0].samples}; whiskers: 95% intervals, of controls over samples and draws`,
      drawn.size > 0
        ? `in brackets the lowest and highest of ${[...drawn].join(" or ")} draws`
        : undefined,
      options.caption,
    ),
  });
}
