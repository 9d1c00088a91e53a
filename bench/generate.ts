/**
 * Prefill and decoding of a language model: ours against transformers' `generate` with SDPA, with the
 * same weights, threads and element type, in turn.
 *
 *     deno run -A bench/generate.ts [--model random|smol|DIR] [--python PYTHON]
 *         [--tokens 512,2048] [--new 32] [--dtype float32,bfloat16] [--rounds 5] [--layers 12]
 *         [--threads N] [--out out/bench_generate.json]
 *
 * `random` is the decoder of the other measurements, as transformers' Qwen3. PYTHON is an interpreter
 * that has torch and transformers (for `smol` also gguf and accelerate); without one, only ours is
 * measured. In float32 the generated tokens must be equal.
 * @module
 */
import { fileURLToPath } from "node:url";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { generate } from "../lib/model/generate.ts";
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../lib/model/vision_language_model.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { PythonPeer } from "./python_peer.ts";
import {
  benchConfig,
  promptIds,
  readModel,
  textInputs,
  transformersConfig,
  writeCheckpoint,
} from "./random_decoder.ts";
import { manifest, numbers, options, table, writeRecord } from "./report.ts";

type BenchDType = "float32" | "bfloat16";

/** What one program gives on one prompt. */
interface Outcome {
  /** Token ids to the logits of the last position. */
  readonly prefillMs: number;
  /** Each token after the first. */
  readonly stepMs: readonly number[];
  readonly made: readonly number[];
}

const settings = options(Deno.args, {
  model: "random",
  python: "",
  tokens: "512,2048",
  new: "32",
  dtype: "float32,bfloat16",
  rounds: "5",
  layers: "12",
  threads: "",
  out: "out/bench_generate.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const config = benchConfig(Number(settings.layers));
const isRandom = settings.model === "random";
const backend = await useBackend("tensorflow", { threads });
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });

/** The model in an element type, and where transformers finds the same weights. */
async function load(dtype: BenchDType): Promise<{ model: VisionLanguageModel; peer: string[] }> {
  if (isRandom) {
    const { rope_parameters: { rope_theta }, ...sizes } = transformersConfig(config);
    // all axes of a text prompt have one position, so the plain rotary embedding is the same
    const rope_parameters = { rope_type: "default", rope_theta };
    const settings = { ...sizes, rope_parameters, tie_word_embeddings: true };
    const model = await readModel(nativeKernels({ dtype }), config, checkpoint);
    return { model, peer: [checkpoint, String(threads), dtype, JSON.stringify(settings)] };
  }
  const { network, dir } = await fromPretrained(settings.model, { dtype });
  const file = [...Deno.readDirSync(dir)].find(({ name }) => name.endsWith(".gguf"));
  return { model: network, peer: [file ? `${dir}/${file.name}` : dir, String(threads), dtype] };
}

async function ours(model: VisionLanguageModel, inputs: ModelInputs): Promise<Outcome> {
  const k = model.kernels;
  const start = performance.now();
  const cache = model.newCache();
  const logits = k.scope(() => {
    const residual = model.prefill(inputs, { cache, lastRows: 1 });
    return model.decoder.logits(residual, {}, true);
  });
  await k.read(logits);
  const prefillMs = performance.now() - start;
  k.dispose(logits);
  cache.dispose();
  const made: number[] = [], times: number[] = [];
  const wanted = { maxNewTokens: Number(settings.new), stopTokenIds: [] };
  for await (const { id } of generate(model, inputs, wanted)) {
    made.push(id);
    times.push(performance.now());
  }
  return { prefillMs, stepMs: times.slice(1).map((time, i) => time - times[i]), made };
}

/** Our median time over the other program's, with its 95% interval. */
function ratio(our: readonly number[], their: readonly number[]): number[] {
  const { estimate, low, high } = ratioOfMediansInterval(our, their);
  return [estimate, low, high];
}

try {
  if (isRandom) await writeCheckpoint(config, checkpoint);
  const rows: Record<string, unknown>[] = [];
  let versions: unknown = null;
  for (const dtype of settings.dtype.split(",") as BenchDType[]) {
    const { model, peer: args } = await load(dtype);
    const script = fileURLToPath(new URL("./generate_transformers.py", import.meta.url));
    await using peer = settings.python ? new PythonPeer(settings.python, script, args) : null;
    if (peer) versions = await peer.line();
    for (const tokens of numbers(settings.tokens)) {
      const inputs = textInputs(
        promptIds(model.config.text, tokens),
        model.config.text.mropeSection ? 3 : 1,
      );
      const programs = [() => ours(model, inputs)];
      const request = { ids: [...inputs.inputIds], count: Number(settings.new) };
      if (peer) programs.push(() => peer.ask<Outcome>(request));
      const results = programs.map(() => [] as Outcome[]);
      for (const run of programs) await run(); // warm
      for (let round = 0; round < Number(settings.rounds); round++) {
        for (let i = 0; i < programs.length; i++) {
          const turn = (round + i) % programs.length;
          results[turn].push(await programs[turn]());
        }
      }
      const [our, their] = results;
      const equal = their?.[0].made.findIndex((id, i) => id !== our[0].made[i]) ?? -1;
      if (dtype === "float32" && equal >= 0) {
        throw new Error(`${tokens} tokens: generated tokens differ from place ${equal} on`);
      }
      const prefillMs = results.map((own) => own.map((result) => result.prefillMs));
      // One number a round: the rounds are what varies independently.
      const stepMs = results.map((own) => own.map((result) => median([...result.stepMs])));
      rows.push({
        ...{ dtype, tokens, prefillMs, stepMs },
        prefillRatio: their ? ratio(prefillMs[0], prefillMs[1]) : null,
        stepRatio: their ? ratio(stepMs[0], stepMs[1]) : null,
        sameTokens: their ? (equal < 0 ? request.count : equal) : null,
      });
      console.error(`${dtype} ${tokens}: done`);
    }
    model.dispose();
  }
  const cell = (ratio: unknown) =>
    Array.isArray(ratio)
      ? `${ratio[0].toFixed(2)} (${ratio[1].toFixed(2)}-${ratio[2].toFixed(2)})`
      : "";
  const milliseconds = (times: unknown) =>
    (times as number[][]).map((own) => median(own).toFixed(1)).join(" / ");
  console.log(table(
    ["dtype", "tokens", "prefill ms", "ours / theirs", "token ms", "ours / theirs", "same tokens"],
    rows.map((row) => [
      ...[String(row.dtype), String(row.tokens)],
      ...[milliseconds(row.prefillMs), cell(row.prefillRatio)],
      ...[milliseconds(row.stepMs), cell(row.stepRatio)],
      row.sameTokens === null ? "" : `${row.sameTokens} of ${settings.new}`,
    ]),
  ));
  writeRecord(settings.out, {
    what: "prefill to the logits of the last position, and each further token, in milliseconds " +
      "(ours, transformers)",
    settings: { ...settings, python: undefined, threads },
    machine: manifest(backend),
    peer: versions,
    rows,
  });
} finally {
  await Deno.remove(checkpoint);
}
