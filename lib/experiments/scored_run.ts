/**
 * Runs on heads that scores chose: what their records say of the scores, and a warning where samples
 * also chose the heads.
 *
 * @module
 */
import type { Experiment, ExperimentConfig, ExperimentRun } from "./experiment.ts";
import type { Json } from "./journal.ts";
import type { SamplesContext } from "./run_context.ts";
import { samplesInBoth, type ScoreOrigin, sharedSamplesWarning } from "./score_origin.ts";

/** The scores of a run. */
export interface RunScores {
  /** The scores. */
  readonly scores: { readonly sampleIds: readonly string[]; readonly origin?: ScoreOrigin };
  /** What `checkScoreOrigin` said of them. */
  readonly whose: Json | undefined;
  /** Names for the record, and who is told of samples that also chose the heads. */
  readonly options: SamplesContext & { readonly model?: string; readonly data?: string };
}

/** The run of an experiment on heads that scores chose; it frees what its configuration reuses. */
export function scoredRun<Config extends ExperimentConfig, Row, Result>(
  experiment: Experiment<Config, Row, Result>,
  config: Config,
  { scores: { sampleIds, origin }, whose, options }: RunScores,
): ExperimentRun<Config, Row, Result> {
  return {
    experiment,
    config,
    async about() {
      const units = await experiment.units(config, options);
      const both = await samplesInBoth(units, sampleIds, origin);
      const warning = sharedSamplesWarning(both, units.length);
      if (warning !== null) options.onNotice?.(warning);
      return { model: options.model, data: options.data, scores: whose, samplesInBoth: both };
    },
    [Symbol.dispose]: () => config.reuse?.[Symbol.dispose](),
  };
}
