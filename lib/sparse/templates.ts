/**
 * Template masks, as BlindSight (arXiv 2507.09071) uses them: each head gets the cheapest of a few masks
 * that keeps most of its attention on other samples. A rival of choosing full heads by what they look
 * up: it asks where a head looks, not why.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { HeadGrid } from "../common/head_id.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { type Pattern, type PromptLayout, sees } from "./patterns/pattern.ts";
import { patterns } from "./patterns/registry.ts";
import type { SparsePlan } from "./plan.ts";

/** Masks of a sink and a window, from the cheapest up. */
export function templateMasks(sink: number, window: number): Pattern[] {
  return [
    patterns.local({ sink, window: 1 }),
    patterns.local({ sink, window }),
    patterns.ownImage({ sink, window: 1 }),
    patterns.ownImage({ sink, window }),
  ];
}

/** A prompt on which heads are sorted, and its layout. */
export interface TemplatePrompt {
  /** The prompt. */
  readonly inputs: ModelInputs;
  /** Where its images and its question are. */
  readonly layout: PromptLayout;
}

/** How much of its attention each head keeps under each mask. */
export interface TemplateMasses {
  /** Layers and query heads. */
  readonly grid: HeadGrid;
  /** First tokens that every mask shows. */
  readonly sink: number;
  /** Last tokens that masks with a window show. */
  readonly window: number;
  /**
   * Share of attention kept, by mask of {@link templateMasks}: `[L, N]` row by row. Of rows of the context and rows from the
   * question on, those that keep less count.
   */
  readonly kept: readonly Float64Array[];
  /** Prompts behind it. */
  readonly samples: number;
}

/** Rows of a prompt that are looked at: evenly over the context, and all from the question on. */
function rowsOf(tokens: number, question: number, count: number): number[] {
  const step = Math.max(1, Math.floor(question / count));
  const context = Array.from({ length: Math.floor(question / step) }, (_, i) => (i + 1) * step - 1);
  return [...context, ...Array.from({ length: tokens - question }, (_, i) => question + i)];
}

/**
 * Measures how much of each head's attention the template masks keep. One pass for each prompt, with
 * the pattern of some rows only.
 *
 * @param prompts other ones than those on which the masks are used
 * @param options sink and window of the masks; `rows` of the context that are looked at, 64 by default
 * @throws {InputError} for no prompts
 *
 * @example
 * ```ts
 * import { templateMasses } from "./templates.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model } = plantedModel(createKernels("float32"), { seed: 1 });
 * const { inputs } = plantedSample(1, 0);
 * const layout = { images: [], question: null };
 * const { kept } = await templateMasses(model, [{ inputs, layout }], { sink: 4, window: 1000 });
 * assertEquals(kept[1].every((share) => share > 0.999), true); // the window holds everything
 * model.dispose();
 * ```
 */
export async function templateMasses(
  model: AnyModel,
  prompts: readonly TemplatePrompt[],
  { sink, window, rows: count = 64 }: {
    readonly sink: number;
    readonly window: number;
    readonly rows?: number;
  },
): Promise<TemplateMasses> {
  if (prompts.length === 0) {
    throw new InputError("Cannot choose template masks on 0 samples: 1 needed");
  }
  const network = networkOf(model), { grid } = network, heads = grid.layers * grid.heads;
  const masks = templateMasks(sink, window);
  /** Sums by mask, part (context, question) and head, and rows of each part. */
  const sums = masks.map(() => [new Float64Array(heads), new Float64Array(heads)]);
  const seenRows = [0, 0];
  for (const { inputs, layout } of prompts) {
    const tokens = inputs.inputIds.length, question = layout.question ?? tokens;
    const rows = rowsOf(tokens, question, count);
    for (const row of rows) seenRows[Number(row >= question)]++;
    const placed = masks.map((mask) => mask.placed?.(layout) ?? mask);
    // by mask and row: 1 for each key that is kept
    const visible = placed.map((mask) =>
      rows.map((row) =>
        Uint8Array.from({ length: row + 1 }, (_, key) => sees(mask, row, key) ? 1 : 0)
      )
    );
    await network.forward(inputs, {
      logits: "none",
      patternRows: {
        rows,
        onPattern(layer, pattern, k) {
          const values = k.readSync(pattern), keys = pattern.shape[3];
          for (let head = 0; head < grid.heads; head++) {
            rows.forEach((row, i) => {
              const at = (head * rows.length + i) * keys;
              visible.forEach((seen, mask) => {
                let sum = 0;
                for (let key = 0; key <= row; key++) sum += seen[i][key] * values[at + key];
                sums[mask][Number(row >= question)][layer * grid.heads + head] += sum;
              });
            });
          }
        },
      },
    });
  }
  const kept = sums.map((parts) =>
    Float64Array.from({ length: heads }, (_, head) =>
      Math.min(
        ...parts.flatMap((part, which) => seenRows[which] ? [part[head] / seenRows[which]] : []),
      ))
  );
  return { grid, sink, window, kept, samples: prompts.length };
}

/** A plan of template masks. */
export interface TemplatePlan {
  /** Which mask each head follows. */
  readonly plan: SparsePlan;
  /** Share of its attention that each head keeps at least, but for those that see everything. */
  readonly threshold: number;
  /** Heads that see everything. */
  readonly full: number;
}

/**
 * The template plan of a budget: the `count` heads that the best mask serves worst see everything, all
 * others have the cheapest mask that keeps as much of their attention as the next worst of them keeps.
 *
 * @param count heads that see everything
 * @throws {InputError} for a count beyond the number of heads
 *
 * @example
 * ```ts
 * import { templatePlan } from "./templates.ts";
 * import { assertEquals } from "@std/assert";
 * const kept = [Float64Array.of(0.9, 0.1, 0.2), Float64Array.of(0.95, 0.8, 0.3)];
 * const masses = { grid: { layers: 1, heads: 3 }, sink: 1, window: 8, kept, samples: 4 };
 * const { plan, threshold } = templatePlan(masses, 1);
 * assertEquals(plan.patterns[0].map(({ kind }) => kind), ["local", "local", "dense"]);
 * assertEquals(plan.patterns[0][0].parameters, { sink: 1, window: 1 });
 * assertEquals(threshold, 0.8);
 * ```
 */
export function templatePlan(masses: TemplateMasses, count: number): TemplatePlan {
  const { grid, sink, window, kept } = masses, total = grid.layers * grid.heads;
  if (!Number.isInteger(count) || count < 0 || count > total) {
    throw new InputError(
      `Cannot keep ${count} of ${total} heads full: the count must be 0 to ${total}`,
    );
  }
  const best = Float64Array.from(
    { length: total },
    (_, head) => Math.max(...kept.map((ofMask) => ofMask[head])),
  );
  const order = [...best.keys()].sort((a, b) => best[a] - best[b] || a - b);
  const full = new Set(order.slice(0, count));
  const threshold = count < total ? best[order[count]] : 1;
  const dense = patterns.dense(), masks = templateMasks(sink, window);
  const ofHead = (head: number): Pattern =>
    full.has(head) ? dense : masks[kept.findIndex((ofMask) => ofMask[head] >= threshold)];
  return {
    plan: {
      patterns: Array.from(
        { length: grid.layers },
        (_, layer) =>
          Array.from({ length: grid.heads }, (_, head) => ofHead(layer * grid.heads + head)),
      ),
    },
    threshold,
    full: count,
  };
}
