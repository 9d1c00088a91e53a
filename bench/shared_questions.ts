/**
 * Identification on many questions about one document: with work shared between questions, and each
 * question by itself. What is compared is processor time, so that other work on the machine matters
 * little, and the scores, which must be equal.
 *
 *     deno run -A bench/shared_questions.ts [--model mini] [--questions 20] [--pages 8] [--cells 8]
 *         [--dtype float32] [--rounds 3] [--threads N] [--out out/bench_shared_questions.json]
 *
 * The document's pages are files, as a data set has them: both programs read, resize and cut them.
 * @module
 */
import { useBackend } from "../lib/backend/select.ts";
import { readFolderDataSet, writeFolderDataSet } from "../lib/data/folder_data_set.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { headSamples, samplePrompt } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { domainOf } from "../lab/synthetic/domains.ts";
import { manifest, numbers, options, processorMs, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  model: "mini",
  questions: "20",
  pages: "8",
  cells: "8",
  dtype: "float32",
  rounds: "3",
  threads: "",
  out: "out/bench_shared_questions.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const backend = await useBackend("tensorflow", { threads });

/** A folder with questions on one document, whose files they share. */
async function writeQuestions(folder: string, pages: number, questions: number): Promise<void> {
  const document = domainOf("document").generate(1, {
    cellsPerSide: Number(settings.cells),
    images: pages,
    difficulty: 1,
    split: "test",
  });
  await writeFolderDataSet(folder, [document]);
  const path = `${folder}/samples.jsonl`, line = JSON.parse(await Deno.readTextFile(path));
  const asked = Array.from({ length: questions }, (_, i) => ({
    ...line,
    id: `question ${i}`,
    question: `${i + 1}. ${line.question}`,
  }));
  await Deno.writeTextFile(path, asked.map((one) => JSON.stringify(one) + "\n").join(""));
}

const rows: Record<string, unknown>[] = [];
using model = await fromPretrained(settings.model, {
  dtype: settings.dtype as "float32" | "bfloat16",
});
for (const pages of numbers(settings.pages)) {
  const folder = await Deno.makeTempDir();
  try {
    await writeQuestions(folder, pages, Number(settings.questions));
    const list = await readFolderDataSet(folder);
    const run = async (reuseBytes?: number) => {
      const start = processorMs();
      const scores = await findHeads(model, headSamples(model, list), { reuseBytes, draws: 1 });
      return { cpuMs: processorMs() - start, data: scores.rules.map(({ data }) => [...data]) };
    };
    const tokens = (await samplePrompt(model, list[0])).inputIds.length;
    const shared: number[] = [], separate: number[] = [];
    await run();
    for (let round = 0; round < Number(settings.rounds); round++) {
      const [one, other] = [await run(), await run(0)];
      if (JSON.stringify(one.data) !== JSON.stringify(other.data)) {
        throw new Error("scores of shared work are not those of separate questions");
      }
      shared.push(one.cpuMs);
      separate.push(other.cpuMs);
    }
    const { estimate, low, high } = ratioOfMediansInterval(shared, separate);
    const questions = list.length;
    rows.push({ pages, questions, tokens, shared, separate, ratio: [estimate, low, high] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
console.log(table(
  ["pages", "questions", "tokens", "shared, s", "separate, s", "ratio"],
  rows.map(({ pages, questions, tokens, shared, separate, ratio }) => [
    ...[pages, questions, tokens].map(String),
    ...[shared, separate].map((ms) => (median(ms as number[]) / 1e3).toFixed(1)),
    (ratio as number[]).map((x) => x.toFixed(2)).join(" "),
  ]),
));
writeRecord(settings.out, {
  what:
    "processor time of identification on many questions about one document, shared and separate",
  settings,
  machine: manifest(backend),
  rows,
});
