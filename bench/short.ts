/**
 * A short version of the measurements, one after the other, on this machine: a record of each by the
 * kind of machine, and one table and one plot of all of them.
 *
 *     deno task bench [--python PYTHON] [--only prefill,decoding,…] [--threads 1] [--out out/bench]
 *
 * With an interpreter that has torch and transformers, ours is measured beside transformers; without
 * one, only what compares ours with ours. Three to ten minutes on two cores.
 * @module
 */
import { fileURLToPath } from "node:url";
import { bars } from "../lib/figures/bars.ts";
import { machineKind, type Manifest, options, table } from "./report.ts";

/** A ratio of times with its interval. */
type Ratio = readonly [estimate: number, low: number, high: number];

/** The ratio the other way round. */
const inverse = ([estimate, low, high]: Ratio): Ratio => [1 / estimate, 1 / high, 1 / low];

/** A record, as the programs write it. */
interface Measured {
  readonly machine: Manifest;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A measurement: its program, how it is made short, and what of its record is shown. */
interface Short {
  readonly program: string;
  readonly args: readonly string[];
  /** Whether it needs transformers. */
  readonly needsPeer?: boolean;
  /** Whether it can be run beside transformers. */
  readonly takesPeer?: boolean;
  readonly show: (record: Measured) => readonly (readonly [what: string, ratio: unknown])[];
}

const over = "over transformers SDPA";

/** All measurements, by the name of their record. */
const measurements: Readonly<Record<string, Short>> = {
  prefill: {
    program: "prefill",
    args: ["--tokens", "1024", "--dtype", "float32", "--attention", "sdpa", "--full", "0.05"]
      .concat("--layers", "2", "--rounds", "3"),
    takesPeer: true,
    show: ({ rows }) =>
      rows.filter(({ program }) => program !== "sdpa").flatMap((row) => [
        [`prefill, ${row.program}, ${over}`, row.cpuOverSdpa] as const,
        [
          `prefill, ${row.program}, over our dense`,
          row.denseOver && inverse(row.denseOver as Ratio),
        ] as const,
      ]),
  },
  decoding: {
    program: "generate",
    args: ["--tokens", "512", "--new", "8", "--dtype", "float32", "--layers", "2", "--rounds", "3"],
    takesPeer: true,
    show: ({ rows }) =>
      rows.flatMap((row) => [
        [`decoding, first token, ${over}`, row.prefillRatio] as const,
        [`decoding, later tokens, ${over}`, row.stepRatio] as const,
      ]),
  },
  vision_tower: {
    program: "vision_tower",
    args: ["--layers", "1", "--patches", "32", "--tiles", "1", "--rounds", "2"],
    needsPeer: true,
    takesPeer: true,
    show: ({ rows }) => rows.map((row) => [`vision tower, ${row.tower}, ${over}`, row.ratio]),
  },
  first_token: {
    program: "first_token",
    args: ["--vision-layers", "2", "--layers", "1", "--photo", "512", "--side", "512"]
      .concat("--vocabulary", "2048"),
    needsPeer: true,
    takesPeer: true,
    show: ({ rows }) => rows.slice(0, 2).map((row) => [`${row.what}, ${over}`, row.cpuRatio]),
  },
  hooks: {
    program: "hooks",
    args: ["--tokens", "1024", "--layers", "2", "--rounds", "2"],
    show: ({ rows }) =>
      rows.slice(1).map((row) => [`${row.name}, over a plain prefill`, row.toPlain]),
  },
  decode_hooks: {
    program: "decode_hooks",
    args: ["--tokens", "512", "--new", "6", "--layers", "2", "--rounds", "2"],
    show: ({ rows }) =>
      rows.slice(1).map((row) => [`a token, ${row.name}, over a plain one`, row.toPlain]),
  },
  shared_questions: {
    program: "shared_questions",
    args: ["--questions", "8", "--pages", "4", "--cells", "8", "--rounds", "2"],
    show: ({ rows }) =>
      rows.map((row) => [
        `${row.questions} questions on ${row.pages} pages, shared over separate`,
        row.ratio,
      ]),
  },
  decode_window: {
    program: "decode_window",
    args: ["--rounds", "7"],
    show: ({ rows }) =>
      rows.map(({ keys, windowUs, wholeUs }) => {
        const ratio = (windowUs as number) / (wholeUs as number);
        return [`one query over ${keys} keys, window over whole`, [ratio, ratio, ratio]];
      }),
  },
};

/** Runs one program. @throws {Error} where it fails */
async function run(short: Short, out: string, python: string, threads: string): Promise<Measured> {
  const own = fileURLToPath(new URL(`${short.program}.ts`, import.meta.url));
  const peer = short.takesPeer && python ? ["--python", python] : [];
  const args = ["run", "--quiet", "-A", own, ...short.args, ...peer, "--threads", threads];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--out", out],
    stdout: "null",
  }).output();
  if (!success) throw new Error(`${short.program} failed; its message is above`);
  return JSON.parse(await Deno.readTextFile(out));
}

if (import.meta.main) {
  const settings = options(Deno.args, { python: "", only: "", threads: "1", out: "out/bench" });
  const wanted = settings.only.split(",").filter(Boolean);
  const unknown = wanted.find((name) => !Object.hasOwn(measurements, name));
  if (unknown) {
    throw new Error(`Cannot run ${unknown}: there are ${Object.keys(measurements).join(", ")}`);
  }
  await Deno.mkdir(settings.out, { recursive: true });
  const kind = machineKind(), shown: (readonly [string, Ratio])[] = [];
  let processor = "";
  for (const [name, short] of Object.entries(measurements)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    if (short.needsPeer && !settings.python) {
      console.error(`${name}: passed over, since it needs transformers (--python)`);
      continue;
    }
    console.error(`${name} …`);
    const out = `${settings.out}/${kind}_${name}.json`;
    const record = await run(short, out, settings.python, settings.threads);
    processor = record.machine.processor;
    for (const [what, ratio] of short.show(record)) {
      if (Array.isArray(ratio)) shown.push([what, ratio as unknown as Ratio]);
    }
  }
  const rows = shown.map(([what, ratio]) => [what, ...ratio.map((x) => x.toFixed(2))]);
  const text = table(["what", "ratio", "low", "high"], rows);
  const title = `${processor}, ${settings.threads} thread${settings.threads === "1" ? "" : "s"}`;
  console.log(`${title}\n\n${text}`);
  await Deno.writeTextFile(`${settings.out}/${kind}.txt`, `${title}\n\n${text}\n`);
  const values = shown.map(([, [value, low, high]]) => ({
    value,
    low: Math.min(low, high),
    high: Math.max(low, high),
  }));
  const figure = bars(shown.map(([what]) => what), [{ name: "ratio of times", values }], {
    title,
    valueTitle: "ratio of times; below 1 the first is faster",
    line: { value: 1, label: "equal" },
    caption: "Medians of interleaved runs, and intervals of 95%; a short version",
  });
  await Deno.writeTextFile(`${settings.out}/${kind}.svg`, figure.toSvg());
  console.log(`\nwritten to ${settings.out}/${kind}.txt, ${kind}.svg and ${kind}_*.json`);
}
