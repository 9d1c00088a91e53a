/**
 * Quantised weights in their blocks against the same weights as plain numbers, and against llama.cpp on
 * the same file: prefill, decoding and memory, in turn.
 *
 *     deno run -A bench/packed.ts [--model qwen|gemma|smol|FILE.gguf] [--llama PATH/llama-bench]
 *         [--tokens 1000] [--new 32] [--rounds 5] [--threads 1] [--plain float32,bfloat16]
 *         [--out out/bench_packed.json]
 *
 * Times of one thread are processor time, so that other programs on the machine matter less (Linux only);
 * those of several are the clock's. Each of ours
 * is a process of its own that stays, so that its memory can be told; decoding follows a prompt of 16
 * tokens. llama.cpp is a new process each time; a prompt of one token comes first, so that loading does
 * not count, and a token last, so that the process still runs when its time is read. `--plain` names the
 * element types in which the plain weights are measured. A record that is there already is taken
 * further, by as many rounds.
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
  processorMs,
  residentMegabytes,
  table,
  writeRecord,
} from "./report.ts";

/** What one program gives in one round. */
interface Outcome {
  readonly prefillMs: number;
  /** Time of a token after the first. */
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
/** Milliseconds so far: of the processor, or by the clock. */
const now = () => threads === 1 ? processorMs() : performance.now();

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
  const k = model.kernels, { text } = model.config, axes = text.mropeSection ? 3 : 1;
  const [inputs, short] = [tokens, 16].map((count) => textInputs(promptIds(text, count), axes));
  const say = (value: unknown) => console.log(JSON.stringify(value));
  say({ before, loaded: residentMegabytes() });
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    for (const line of chunk.split("\n").filter(Boolean)) {
      const { warm } = JSON.parse(line);
      const start = now();
      const cache = model.newCache();
      const logits = k.scope(() => {
        const residual = model.prefill(warm ? short : inputs, { cache, lastRows: 1 });
        return model.decoder.logits(residual, {}, true);
      });
      await k.read(logits);
      const prefillMs = now() - start;
      k.dispose(logits);
      cache.dispose();
      const times: number[] = [];
      const wanted = { maxNewTokens: made, stopTokenIds: [] };
      for await (const _ of generate(model, short, wanted)) times.push(now());
      const stepMs = (times.at(-1)! - times[0]) / (made - 1);
      say({ prefillMs, stepMs, peak: peakMegabytes() });
    }
  }
}

/** Processor time of another process so far, in milliseconds. */
function processorMsOf(pid: number): number {
  const [, after] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
  const [user, system] = after.split(" ").slice(11, 13).map(Number);
  return 10 * (user + system); // in hundredths of a second
}

/** llama.cpp on the same file. */
async function llama(file: string): Promise<Outcome> {
  const child = new Deno.Command(settings.llama, {
    args: [
      ...["-m", file, "-p", `1,${tokens}`, "-n", `${made},1`, "-t", String(threads)],
      ...["-r", "1", "--no-warmup", "-o", "jsonl"],
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const marks: number[] = []; // a line is written when a test is done
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    for (const _ of text.matchAll(/\}\n/g)) {
      if (marks.length === 3) break; // the fourth is its end
      marks.push(threads === 1 ? processorMsOf(child.pid) : performance.now());
    }
  }
  const { success } = await child.status;
  if (!success || marks.length !== 3) throw new Error(`${settings.llama} failed on ${file}`);
  const [one, prompt, all] = marks;
  return { prefillMs: prompt - one, stepMs: (all - prompt) / made };
}

/** Rows of the record that is there; null if there is none. @throws {Error} for one of other settings */
async function earlierRows(
  programs: readonly string[],
): Promise<({ program: string } & Record<keyof Outcome, number[]>)[] | null> {
  let record;
  try {
    record = JSON.parse(await Deno.readTextFile(settings.out));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const names = record.rows.map(({ program }: { program: string }) => program);
  const same = record.settings.model === settings.model && record.settings.new === settings.new &&
    (record.settings.threads ?? "1") === settings.threads &&
    record.settings.tokens === settings.tokens && names.join() === programs.join();
  if (!same) throw new Error(`Cannot take ${settings.out} further: it has other settings`);
  return record.rows;
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
  const script = import.meta.filename!;
  await using stack = new AsyncDisposableStack();
  const peers = names.map((name) =>
    stack.use(
      new PythonPeer(Deno.execPath(), "run", [
        ...["-A", script, "--only", name, "--model", settings.model],
        ...["--tokens", settings.tokens, "--new", settings.new, "--threads", settings.threads],
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
  for (const peer of peers) await peer.ask({ warm: true });
  for (let round = 0; round < Number(settings.rounds); round++) {
    for (let i = 0; i < programs.length; i++) {
      const turn = (round + i) % programs.length;
      results[turn].push(await programs[turn]());
    }
    console.error(`round ${round + 1} of ${settings.rounds}`);
  }
  const earlier = await earlierRows(all);
  const times = (name: string, what: keyof Outcome) => [
    ...(earlier ?? []).filter(({ program }) => program === name).flatMap((row) => row[what]),
    ...results[all.indexOf(name)].map((outcome) => outcome[what]),
  ];
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
      `milliseconds ${
        threads === 1 ? "of processor time (one thread)" : "by the clock"
      }; memory of the weights and largest memory of the process in megabytes`,
    settings: { ...settings, llama: undefined, only: undefined, out: undefined },
    machine: manifest(backend),
    fileMB: (await Deno.stat(files.model)).size / 1e6,
    rows,
  });
}
