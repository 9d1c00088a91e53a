/**
 * Any interventions side by side, on the same samples: what each costs against the model as it is.
 *
 * @module
 */
import { type AblationEffect, ablationEffect } from "../causal/effect.ts";
import type { Variant } from "../causal/head_mask.ts";
import { InputError } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import type { AnyModel } from "../model/network_of.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import type { AblateHeadsOptions } from "./ablate_heads.ts";
import { ablateSample, type AblationSample, type LazyAblationSample } from "./ablation_sample.ts";
import type { AblationRow } from "./ablation_table.ts";
import { compareVariantsNames } from "./known_options.ts";
import { checkSamples } from "./lazy_sample.ts";

/** What one variant costs, paired by sample. */
export interface VariantEffect {
  /** Its name. */
  readonly name: string;
  /** Number of samples. */
  readonly samples: number;
  /** The right answer's log-probability, in nats. */
  readonly logProb: AblationEffect;
  /** The share of right answers. */
  readonly accuracy: AblationEffect;
}

/** Settings of {@link compareVariants}. */
export type CompareVariantsOptions =
  & BootstrapOptions
  & Pick<AblateHeadsOptions, "scope" | "batchRows" | "maxNewTokens" | "onProgress">;

/**
 * Runs every sample with the model as it is and under each variant, all in one sweep, and says what
 * each variant costs.
 *
 * For a cell of a notebook; long runs that must resume and leave records are `ablateHeads`'s.
 *
 * @param variants masks by name; an empty list changes nothing
 * @returns one effect per variant, in their order; intervals are over samples
 * @throws {InputError} without samples or variants, and for masks that cannot be applied
 *
 * @example
 * ```ts
 * import { compareVariants } from "./compare_variants.ts";
 * import { zeroHeads } from "../causal/head_mask.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2, 3].map((i) => ({ ...plantedSample(1, i), domain: "planted" }));
 * const [lost] = await compareVariants(model, samples, { "without": zeroHeads(retrievalHeads) });
 * assert(lost.accuracy.drop.estimate > 0.5);
 * model.dispose();
 * ```
 */
export async function compareVariants(
  model: AnyModel,
  samples: readonly (AblationSample | LazyAblationSample)[],
  variants: Readonly<Record<string, Variant>>,
  options: CompareVariantsOptions = {},
): Promise<VariantEffect[]> {
  checkOptions(
    "compare variants",
    options,
    compareVariantsNames satisfies Record<keyof CompareVariantsOptions, true>,
  );
  checkSamples(samples, "ablationSamples");
  const names = Object.keys(variants);
  if (names.length === 0 || samples.length === 0) {
    throw new InputError(
      `Cannot compare ${names.length} variants on ${samples.length} samples: one of each needed`,
    );
  }
  const all: Variant[] = [[], ...Object.values(variants)];
  const rows: AblationRow[] = [];
  options.onProgress?.(0, samples.length);
  for (const sample of samples) {
    rows.push(await ablateSample(model, all, sample, options));
    options.onProgress?.(rows.length, samples.length);
  }
  const effect = (metric: "logProb" | "correct", variant: number) =>
    ablationEffect(
      rows.map((row) => row[metric][0]),
      rows.map((row) => row[metric][variant]),
      options,
    );
  return names.map((name, i) => ({
    name,
    samples: rows.length,
    logProb: effect("logProb", i + 1),
    accuracy: effect("correct", i + 1),
  }));
}
