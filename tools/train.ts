/**
 * Trains the shipped small model from nothing.
 *
 *     deno task train                      all phases, hours on two cores; goes on where it stopped
 *     deno task train --quick              one small circuit in minutes, as a test of the trainer
 *     deno task train --phase images       one phase: pretrain, align, images, varied, lengths, long,
 *                                          finish, readouts, scenes, concentrate, finetune, export, sparse
 *     deno task train --phase sparse --full L3H1,L4H7   the sparsity-aware copy
 *     deno task train --phase varied --from data/models/mini-natural --work .cache/training/varied
 *                                          all varieties, three quarters of an hour of one core
 *     deno task train --phase varied --resume --work .cache/training/varied   goes on with it
 *     deno task train --phase lengths --work .cache/training/varied
 *                                          then at all lengths, about an hour
 *     deno task train --phase long --work .cache/training/varied
 *                                          then more of long contexts, three quarters of an hour
 *     deno task train --phase finish --work .cache/training/varied
 *                                          then what is still known badly by itself, two hours and a half
 *     deno task train --phase export --averaged --from .cache/training/varied/finish.safetensors \
 *       --and .cache/training/varied/lengths.safetensors --and .cache/training/varied/long.safetensors \
 *       --share 0.85 --model data/models/mini-varied
 *                                          the mean of the phases' average weights as a model
 *     deno task train --phase readouts --from data/models/mini-varied --work .cache/training/varied
 *     deno task train --phase scenes --work .cache/training/varied
 *                                          goes on from such a model, whose readouts learn first, an hour
 *
 * Options: --work (folder of checkpoints and logs), --model (folder to export to), --steps (of the
 * chosen phase), --from (checkpoint or exported model to start it from), --resume (refuses to begin
 * anew: the phase's checkpoint must be there), --averaged (exports the average of the weights), --and (another
 * checkpoint or exported model, or several: exports the mean with their weights), --share (of --from in that mean; the others
 * share the rest evenly, all the same without it).
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { gridOf, parseHeads } from "../lib/common/head_id.ts";
import { InputError } from "../lib/common/errors.ts";
import { loadCheckpoint } from "../lab/training/checkpoints.ts";
import { exportModel } from "../lab/training/export.ts";
import { loadExported } from "../lab/training/imported.ts";
import { sparseTreatment } from "../lab/training/head_treatment.ts";
import { ModelParameters } from "../lab/training/parameters.ts";
import { quickRun } from "../lab/training/quick_run.ts";
import { phases, shippedConfig, weightSeed } from "../lab/training/recipe.ts";
import {
  alignPhase,
  concentratePhase,
  finetunePhase,
  finishPhase,
  imagesPhase,
  lengthsPhase,
  longPhase,
  pretrainPhase,
  readoutsPhase,
  scenesPhase,
  sparsePhase,
  variedPhase,
} from "../lab/training/run_phases.ts";
import { meanWith } from "../lab/training/weight_average.ts";
import type { LogLine } from "../lab/training/train.ts";

const options = {
  work: { type: "string", default: ".cache/training/mini" },
  model: { type: "string", default: "data/models/mini" },
  phase: { type: "string" },
  steps: { type: "string" },
  from: { type: "string" },
  full: { type: "string" },
  resume: { type: "boolean", default: false },
  averaged: { type: "boolean", default: false },
  and: { type: "string", multiple: true },
  share: { type: "string" },
  quick: { type: "boolean", default: false },
} as const;

/** Ends the program for a mistake in its arguments or files. */
function refuse(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** The arguments of the command line. */
function readArguments() {
  try {
    return parseArgs({ args: [...Deno.args], options }).values;
  } catch (error) {
    if (error instanceof TypeError) refuse(`${error.message}; tools/train.ts lists the options`);
    throw error;
  }
}

const args = readArguments();
const file = (name: string) => join(args.work, `${name}.safetensors`);
const phaseNames = [
  "pretrain",
  "align",
  "images",
  "varied",
  "lengths",
  "long",
  "finish",
  "readouts",
  "scenes",
  "concentrate",
  "finetune",
  "export",
  "sparse",
] as const;

/** Writes a line to the log, and every tenth to the screen. */
function logTo(name: string): (line: LogLine) => void {
  const log = Deno.openSync(join(args.work, `${name}.jsonl`), { create: true, append: true });
  const encoder = new TextEncoder();
  return (line) => {
    log.writeSync(encoder.encode(JSON.stringify(line) + "\n"));
    if (line.step % 10 > 0) return;
    const milliseconds = Math.round(line.batchMs + line.stepMs);
    console.log(
      `${name} ${line.step}  stage ${line.stage}  ${line.visualTokens} visual tokens  loss ` +
        `${line.answerLoss.toFixed(3)}  right ${line.accuracy.toFixed(3)}  ${milliseconds} ms`,
    );
  };
}

/** Names of phases in `mini-training.csv`, still accepted. */
const formerNames: Readonly<Record<string, string>> = {
  circuit: "pretrain",
  pictures: "images",
  settle: "finetune",
};

/** Files that phases leave, where they are not called as the phase. */
const leftBy: Readonly<Record<string, string>> = {
  pretrain: "pretrained",
  concentrate: "concentrated",
  finetune: "finetuned",
};

/** The file that a phase leaves. */
const leftFile = (name: string) => file(leftBy[name] ?? name);

/** Refuses `--resume` where there is nothing to go on from. */
async function checkResumable(name: string): Promise<void> {
  const path = leftFile(name);
  if (!args.resume || await Deno.stat(path).then(() => true, () => false)) return;
  throw new InputError(
    `Cannot resume "${name}": there is no ${path}; wanted the folder of a run as --work, or no --resume`,
  );
}

/** Weights of a checkpoint, or of the folder of an exported model. */
async function weightsOf(path: string): Promise<ModelParameters> {
  const parameters = new ModelParameters(shippedConfig, weightSeed);
  if (!path.endsWith(".safetensors")) await loadExported(path, parameters);
  else await loadCheckpoint(path, parameters, null, { averaged: args.averaged });
  return parameters;
}

/** Phases that go on from another one's checkpoint, or from an exported model. */
const later: Readonly<
  Record<string, { readonly run: typeof variedPhase; readonly from: string }>
> = {
  images: { run: imagesPhase, from: file("aligned") },
  varied: { run: variedPhase, from: file("images") },
  lengths: { run: lengthsPhase, from: file("varied") },
  long: { run: longPhase, from: file("lengths") },
  finish: { run: finishPhase, from: file("long") },
  readouts: { run: readoutsPhase, from: "data/models/mini-varied" },
  scenes: { run: scenesPhase, from: file("readouts") },
  concentrate: { run: concentratePhase, from: file("images") },
  finetune: { run: finetunePhase, from: file("concentrated") },
};

/** Steps as asked for. @throws {InputError} for anything but a whole number from 1 on */
function stepsOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const steps = Number(given);
  if (Number.isInteger(steps) && steps > 0) return steps;
  throw new InputError(`Cannot train for --steps ${given}: wanted a whole number from 1 on`);
}

async function runPhase(given: string): Promise<void> {
  const name = formerNames[given] ?? given;
  const steps = stepsOf(args.steps);
  await checkResumable(name);
  if (Object.hasOwn(later, name)) {
    const { run, from } = later[name];
    return await run({ from: args.from ?? from, to: leftFile(name), steps, onLine: logTo(name) });
  }
  switch (name) {
    case "pretrain":
      return await pretrainPhase({ to: file("pretrained"), steps, onLine: logTo("pretrain") });
    case "align": {
      const accuracy = await alignPhase({
        from: args.from ?? file("pretrained"),
        to: file("aligned"),
        steps,
        onStep: (step, { loss, accuracy }) => {
          if (step % 20 > 0) return;
          console.log(`align ${step}  loss ${loss.toFixed(3)}  right ${accuracy.toFixed(3)}`);
        },
      });
      console.log(`aligned: ${(100 * accuracy).toFixed(1)}% of the cells`);
      return;
    }
    case "export": {
      const parameters = await weightsOf(args.from ?? file("finetuned"));
      const others: ModelParameters[] = [];
      for (const path of args.and ?? []) others.push(await weightsOf(path));
      const share = args.share === undefined ? undefined : Number(args.share);
      if (share !== undefined && !(share >= 0 && share <= 1)) {
        throw new InputError(`Cannot take the share "${args.share}": wanted 0 to 1`);
      }
      if (others.length > 0) meanWith(parameters, others, share);
      for (const other of others) other.dispose();
      await exportModel(args.model, shippedConfig, parameters);
      parameters.dispose();
      return console.log(`exported to ${args.model}`);
    }
    case "sparse": {
      const full = parseHeads(args.full ?? "");
      if (full.length === 0) {
        throw new InputError("Cannot finish a sparse copy without --full, such as L3H1,L4H7");
      }
      const finish = { ...gridOf(shippedConfig.text), full, sink: 4, window: 16, dropout: 0.1 };
      return await sparsePhase({
        from: args.from ?? file("images"),
        to: file("sparse"),
        steps,
        onLine: logTo("sparse"),
        heads: (random) => sparseTreatment(finish, random),
      });
    }
    default:
      throw new InputError(`Cannot run phase "${name}": valid are ${phaseNames.join(", ")}`);
  }
}

/** Trains what the arguments ask for. */
async function main(): Promise<void> {
  await useBackend("auto");
  if (args.quick) {
    const { accuracy, chance, seconds } = await quickRun((step, right) => {
      if (step % 10 === 0) console.log(`quick ${step}  right ${right.toFixed(3)}`);
    });
    console.log(
      `${(100 * accuracy).toFixed(1)}% right on held-out contexts after ${seconds.toFixed(0)} s; ` +
        `chance ${(100 * chance).toFixed(1)}%`,
    );
  } else {
    await Deno.mkdir(args.work, { recursive: true });
    if (args.phase) await runPhase(args.phase);
    else {
      console.log(`phases: ${JSON.stringify(phases)}`);
      for (const name of ["pretrain", "align", "images", "concentrate", "finetune", "export"]) {
        await runPhase(name);
      }
    }
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  refuse(error.message);
}
