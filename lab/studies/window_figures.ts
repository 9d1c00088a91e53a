/**
 * A model whose local layers see a window, on texts with the answer within it and beyond.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { AblationResult } from "../../lib/experiments/ablation_table.ts";
import type { HybridQualityRow } from "../../lib/experiments/hybrid_quality.ts";
import { bars, curves, type Figure } from "../../lib/figures/mod.ts";
import {
  filterSamples,
  gridOfScores,
  type HeadScores,
  meanScores,
} from "../../lib/heads/head_scores.ts";
import { windowDomains } from "./owner_samples.ts";

const places = Object.values(windowDomains);

/**
 * What all heads of either kind of layer move together.
 *
 * @param scores calibrated scores whose domains are those of `windowOwners`
 * @param globalLayers layers that see everything
 */
export function windowMovement(scores: HeadScores, globalLayers: readonly number[]): Figure {
  const { heads } = gridOfScores(scores);
  const sums = places.map((place) => {
    const map = meanScores(filterSamples(scores, (_, domain) => domain === place));
    return [true, false].map((global) =>
      map.reduce(
        (sum, value, i) =>
          globalLayers.includes(Math.floor(i / heads)) === global ? sum + Math.max(0, value) : sum,
        0,
      )
    );
  });
  return bars(
    places,
    ["global layers", "local layers"].map((name, kind) => ({
      name,
      values: sums.map((sum) => ({ value: sum[kind] })),
    })),
    {
      title: "Calibrated scores of all heads together, by where the answer stands",
      valueTitle: "sum of calibrated scores",
      caption: `n = ${scores.shape[0]} texts, half of each`,
    },
  );
}

/** The row of a set of heads, or of the whole model. */
function rowAt(rows: readonly AblationResult[], place: string, set?: string): AblationResult {
  const found = rows.find((row) =>
    row.domain === place && row.metric === "accuracy" && row.set === set &&
    row.condition === (set ? "set" : "none")
  );
  if (found) return found;
  throw new InputError(`Cannot draw answers ${place}: the record has no set "${set}"`);
}

/** Right answers without sets of heads, by where the answer stands; controls are of `global-4`. */
export function windowLosses(rows: readonly AblationResult[]): Figure {
  const sets = [undefined, "global", "global-4", "local-4"];
  const labels = ["all heads", "no global layer", "best 4 global", "best 4 local", "4 at random"];
  const series = places.map((place) => {
    const { value, valueCi95: [low, high] } =
      rowAt(rows, place, "global-4").againstControls!.random;
    const own = sets.map((set) => {
      const { value, ci95: [low, high] } = rowAt(rows, place, set);
      return { value, low, high };
    });
    return { name: place, values: [...own, { value, low, high }] };
  });
  return bars(labels, series, {
    title: "Right answers without heads, by where the answer stands",
    valueTitle: "right answers",
    percent: true,
    caption: `n = ${rowAt(rows, places[0]).samples} texts of each; from the question on; 95%`,
  });
}

/** Right answers without the heads of each layer alone. */
export function layerLosses(
  rows: readonly AblationResult[],
  globalLayers: readonly number[],
): Figure {
  const own = rows.filter(({ condition, metric, domain }) =>
    condition === "layer" && metric === "accuracy" && domain === "all"
  );
  return curves([{
    name: "without the layer",
    x: own.map(({ draw }) => draw),
    y: own.map(({ value }) => value),
    low: own.map(({ ci95: [low] }) => low),
    high: own.map(({ ci95: [, high] }) => high),
  }], {
    title: "Right answers without one layer's heads",
    xTitle: `layer (global: ${globalLayers.join(", ")})`,
    yTitle: "right answers",
    xTicks: "number",
    yPercent: true,
    caption: `n = ${own[0].samples} texts; from the question on; band: 95%`,
  });
}

/**
 * Right answers where only some layers' heads see the whole text.
 *
 * @param rows of `tools/study_owners.ts`: `core` are the global layers' heads, `bottom` the local ones'
 */
export function windowHybrid(rows: readonly HybridQualityRow[]): Figure {
  const [{ denseValue, dense95, samples, sink, window, tokens }] = rows;
  const names: Readonly<Record<string, string>> = {
    core: "global layers",
    bottom: "local layers",
    local: "no layer",
    random: "as many heads at random",
  };
  const shown = rows.map(({ policy, draw, sparseValue: value, ci95: [low, high] }) => ({
    label: names[policy] + (draw === undefined ? "" : `, draw ${draw + 1}`),
    value: { value, low, high },
  }));
  const dense = { value: denseValue, low: dense95[0], high: dense95[1] };
  return bars(["every layer", ...shown.map(({ label }) => label)], [{
    name: "right answers",
    values: [dense, ...shown.map(({ value }) => value)],
  }], {
    title: "Right answers, by whose heads see the whole text",
    valueTitle: "right answers",
    percent: true,
    caption:
      `n = ${samples} texts of ${Math.round(tokens)} tokens; the others see the first ${sink} ` +
      `and the last ${window}; 95%`,
  });
}
