/**
 * What programs cost over a plain one, on a random decoder: what the benches of hooks have in common.
 *
 * @module
 */
import { nativeKernels } from "../lib/backend/native.ts";

import { type BackendDescription, useBackend } from "../lib/backend/select.ts";
import type { Hooks } from "../lib/hooks/hook_point.ts";
import type { VisionLanguageModel } from "../lib/model/vision_language_model.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { benchConfig, readModel, writeCheckpoint } from "./random_decoder.ts";
import { manifest, table, writeRecord } from "./report.ts";

/** Settings of these benches, as they are given. */
export interface DecoderSettings {
  readonly layers: string;
  readonly dtype: string;
  /** Threads; all by default. */
  readonly threads: string;
  readonly out: string;
}

/** A random decoder as a text-only model, with the backend that it runs on. */
export async function randomModel(
  settings: DecoderSettings,
): Promise<{ readonly backend: BackendDescription; readonly model: VisionLanguageModel }> {
  const config = benchConfig(Number(settings.layers));
  const threads = Number(settings.threads) || navigator.hardwareConcurrency;
  const backend = await useBackend("tensorflow", { threads });
  const kernels = nativeKernels({ dtype: settings.dtype as "float32" | "bfloat16" });
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  await writeCheckpoint(config, checkpoint);
  const model = await readModel(kernels, config, checkpoint);
  await Deno.remove(checkpoint);
  return { backend, model };
}

/** A hook that reads without keeping anything. */
export const reading = (name: string): { readonly hooks: Hooks } => ({
  hooks: { [name]: () => {} },
});

/** What one program costs. */
export interface OverPlain {
  readonly tokens: number;
  readonly name: string;
  /** Processor time of each run, in milliseconds. */
  readonly cpuMs: readonly number[];
  /** Median over that of the plain program, with its interval. */
  readonly toPlain: readonly [estimate: number, low: number, high: number];
}

/**
 * Runs programs in turn, each round from another one on.
 *
 * @param programs options by name, the plain one first
 * @param timed processor time of a run, or of the parts that it consists of
 */
export async function overPlain<Options>(
  tokens: number,
  programs: readonly (readonly [name: string, options: Options])[],
  rounds: number,
  timed: (options: Options) => Promise<readonly number[]>,
): Promise<OverPlain[]> {
  const times = programs.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      times[turn].push(...await timed(programs[turn][1]));
    }
  }
  return programs.map(([name], i) => {
    const { estimate, low, high } = ratioOfMediansInterval(times[i], times[0]);
    return { tokens, name, cpuMs: times[i], toPlain: [estimate, low, high] };
  });
}

/** Prints the costs, and writes the record. */
export function reportOverPlain(
  what: string,
  settings: DecoderSettings,
  backend: BackendDescription,
  rows: readonly OverPlain[],
): void {
  console.log(table(
    ["tokens", "what", "over plain"],
    rows.map(({ tokens, name, toPlain }) => [
      String(tokens),
      name,
      toPlain.map((x) => x.toFixed(3)).join(" "),
    ]),
  ));
  writeRecord(settings.out, { what, settings, machine: manifest(backend), rows });
}
