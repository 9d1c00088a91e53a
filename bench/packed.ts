/**
 * Quantised weights in their blocks against the same weights as plain numbers, and against llama.cpp on
 * the same file: prefill, decoding and memory, in turn.
 *
 *     deno run -A bench/packed.ts [--model qwen|gemma|smol|FILE.gguf] [--llama PATH/llama-bench]
 *         [--tokens 1000] [--new 32] [--rounds 5] [--threads 1] [--plain float32,bfloat16]
 *         [--out out/bench_packed.json]
 *
 * Each of ours is a process of its own that stays, so that its memory can be told; decoding follows a
 * prompt of 16 tokens. llama.cpp is a new process each time: its second run of two counts. `--plain`
 * names the element types in which the plain weights are measured.
 * @module
 */
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { resolveModel } from "../lib/families/resolve.ts";
import { generate } from "../lib/model/generate.ts";
import { findGguf } from "../lib/weights/gguf_files.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { PythonPeer } from "./python_peer.ts";
import { promptIds, textInputs } from "./random_decoder.ts";
import {
  manifest,
  options,
  peakMegabytes,
  residentMegabytes,
  table,
  writeRecord,
} from "./report.ts";

/** What one program gives in one round. */
interface Outcome {
  readonly prefillMs: number;
  /** Median time of a token after the first. */
  readonly stepMs: number;
}

/** What a process of ours says once its model is there, in megabytes. */
interface Loaded {
  readonly before: number;
  readonly loaded: number;
}

const settings = options(Deno.args, {
  model: "qwen",
  llama: "",
  tokens: "1000",
  new: "32",
  rounds: "5",
  threads: "1",
  plain: "float32,bfloat16",
  out: "out/bench_packed.json",
  only: "",
});
const tokens = Number(settings.tokens), made = Number(settings.new);
const threads = Number(settings.threads);

/** Loads a model in this process, and measures it each time that a line comes in. */
async function serve(dtype: "float32" | "bfloat16", unpack: boolean): Promise<void> {
  await useBackend("tensorflow", { threads });
  let before = NaN; // with the tokenizer, without the weights
  const { network: model } = await fromPretrained(settings.model, {
    dtype,
    unpack,
    beforeWeights: () => {
      before = residentMegabytes();
    },
  });
  const k = model.kernels, inputs = textInputs(promptIds(model.config.text, tokens), 1);
  const short = textInputs(promptIds(model.config.text, 16), 1);
  const say = (value: unknown) => console.log(JSON.stringify(value));
  say({ before, loaded: residentMegabytes() });
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    for (let lines = chunk.split("\n").length - 1; lines > 0; lines--) {
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
      const times: number[] = [];
      const wanted = { maxNewTokens: made, stopTokenIds: [] };
      for await (const _ of generate(model, short, wanted)) times.push(performance.now());
      const stepMs = median(times.slice(1).map((time, i) => time - times[i]));
      say({ prefillMs, stepMs, peak: peakMegabytes() });
    }
  }
}

/** llama.cpp on the same file. */
async function llama(file: string): Promise<Outcome> {
  const { stdout, success, stderr } = await new Deno.Command(settings.llama, {
    args: [
      ...["-m", file, "-p", String(tokens), "-n", String(made), "-t", String(threads)],
      ...["-r", "2", "--no-warmup", "-o", "json"],
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr));
  const tests = JSON.parse(text(stdout)) as {
    n_prompt: number;
    n_gen: number;
    samples_ns: number[];
  }[];
  const last = (found: (test: { n_prompt: number }) => boolean) =>
    tests.find(found)!.samples_ns.at(-1)! / 1e6;
  return {
    prefillMs: last(({ n_prompt }) => n_prompt > 0),
    stepMs: last(({ n_prompt }) => n_prompt === 0) / made,
  };
}

if (settings.only) {
  const [dtype, how] = settings.only.split(" ");
  await serve(dtype === "float32" ? "float32" : "bfloat16", how === "plain");
} else {
  const files = await findGguf(await resolveModel(settings.model));
  if (!files) throw new Error(`Cannot measure ${settings.model}: wanted a GGUF file`);
  const backend = await useBackend("tensorflow", { threads });
  const names = [
    ...["float32 packed", "bfloat16 packed"],
    ...settings.plain.split(",").filter(Boolean).map((dtype) => `${dtype} plain`),
  ];
  const script = new URL(import.meta.url).pathname;
  await using stack = new AsyncDisposableStack();
  const peers = names.map((name) =>
    stack.use(
      new PythonPeer(Deno.execPath(), "run", [
        ...["-A", script, "--only", name, "--model", settings.model, "--threads", settings.threads],
        ...["--tokens", settings.tokens, "--new", settings.new],
      ]),
    )
  );
  const loads: Loaded[] = [];
  for (const peer of peers) loads.push(await peer.line<Loaded>());
  const programs = [
    ...peers.map((peer) => () => peer.ask<Outcome & { peak: number }>({})),
    ...settings.llama ? [() => llama(files.model)] : [],
  ];
  const all = [...names, ...settings.llama ? ["llama.cpp"] : []];
  const results: (Outcome & { peak?: number })[][] = programs.map(() => []);
  for (const run of programs.slice(0, peers.length)) await run(); // warm
  for (let round = 0; round < Number(settings.rounds); round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      results[turn].push(await programs[turn]());
    }
    console.error(`round ${round + 1} of ${settings.rounds}`);
  }
  const times = (name: string, what: keyof Outcome) =>
    results[all.indexOf(name)].map((outcome) => outcome[what]);
  /** Median time over that of another program with its 95% interval; null where that is missing. */
  const over = (name: string, other: string, what: keyof Outcome) => {
    if (!all.includes(other) || name === other) return null;
    const { estimate, low, high } = ratioOfMediansInterval(times(name, what), times(other, what));
    return [estimate, low, high];
  };
  const rows = all.map((program, i) => ({
    program,
    prefillMs: times(program, "prefillMs"),
    stepMs: times(program, "stepMs"),
    prefillOverPlain: over(program, `${program.split(" ")[0]} plain`, "prefillMs"),
    prefillOverFloat32: over(program, "float32 plain", "prefillMs"),
    stepOverPlain: over(program, `${program.split(" ")[0]} plain`, "stepMs"),
    stepOverBfloat16: over(program, "bfloat16 plain", "stepMs"),
    prefillOverLlama: over(program, "llama.cpp", "prefillMs"),
    stepOverLlama: over(program, "llama.cpp", "stepMs"),
    memoryMB: loads[i] ? loads[i].loaded - loads[i].before : null,
    peakMB: results[i].at(-1)?.peak ?? null,
  }));
  const shown = (value: readonly number[] | null) => value ? value[0].toFixed(2) : "-";
  console.log(table(
    ["program", "prefill ms", "/ float32", "/ llama", "token ms", "/ bfloat16", "/ llama", "MB"],
    rows.map((row) => [
      row.program,
      median(row.prefillMs).toFixed(0),
      shown(row.prefillOverFloat32),
      shown(row.prefillOverLlama),
      median(row.stepMs).toFixed(1),
      shown(row.stepOverBfloat16),
      shown(row.stepOverLlama),
      row.memoryMB === null ? "-" : row.memoryMB.toFixed(0),
    ]),
  ));
  writeRecord(settings.out, {
    what:
      "prefill to the logits of the last position, and each further token after a prompt of 16, in " +
      "milliseconds; memory of the weights and largest memory of the process in megabytes",
    settings: { ...settings, llama: undefined, only: undefined, out: undefined },
    machine: manifest(backend),
    fileMB: (await Deno.stat(files.model)).size / 1e6,
    rows,
  });
}
