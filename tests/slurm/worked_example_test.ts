import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { readManifest } from "../../lib/experiments/record.ts";
import { changed, type Files, writeFiles } from "../data/published/data_set.ts";
import { folders } from "../data/published/made_folders.ts";
import { goldenDir } from "../suites/golden.ts";
import { repository } from "../suites/program.ts";
import { SlurmCluster, whyNoSlurm } from "./slurm_cluster.ts";

const reason = await whyNoSlurm();

/** One row of each data set: a tiny stand-in. */
const made = { width: 128, height: 96, count: 4, chosen: 1, share: 0.25 };

/** Three questions on the media of each data set. */
function threeQuestions(name: string): Files {
  const files = folders[name](made);
  const three = (row: Files, field: string) =>
    ["what is it", "where is it", "who is it"].map((text) => changed(row, { [field]: text }));
  const repeated = ([path, content]: [string, unknown]): [string, unknown] => {
    if (path.endsWith(".jsonl")) {
      const row = JSON.parse(content as string);
      return [path, JSON.stringify({ ...row, questions: three(row.questions[0], "Q") })];
    }
    if (!path.endsWith(".json")) return [path, content];
    const [row] = content as [Files];
    if (name === "vidstg") {
      const [caption] = row.captions as [Files];
      return [path, [changed(row, { captions: three(caption, "description") })]];
    }
    if (name !== "refcocog") return [path, three(row, "question")];
    return [path, ["a", "b", "c"].map((text) => changed(row, { answer: [text] }))];
  };
  return Object.fromEntries(Object.entries(files).map(repeated));
}

/** The commands of the page, with settings for the stand-ins. */
async function commandsOf(page: string, settings: Readonly<Record<string, string>>) {
  const text = await Deno.readTextFile(page);
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block).join("\n");
  const left = new Set(Object.keys(settings));
  const replaced = blocks.replaceAll(/^([A-Z]+)=("[^"]*"|\S*)/gm, (line, name) => {
    return left.delete(name) ? `${name}="${settings[name]}"` : line;
  });
  assertEquals([...left], []);
  return `set -e\n${replaced}`;
}

Deno.test({
  name: `Slurm: the worked example, on stand-ins of the five data sets${reason}`,
  ignore: reason !== "",
  async fn() {
    await using cluster = await SlurmCluster.start();
    const data = `${cluster.folder}/data`, runs = `${cluster.folder}/runs`;
    for (const name of Object.keys(folders)) {
      await writeFiles(`${data}/${name}`, threeQuestions(name));
    }
    const script = await commandsOf(`${repository}/docs/worked_example.md`, {
      M: goldenDir("qwen3_vl"),
      DATA: data,
      RUNS: runs,
      SCORED: "1",
      ABLATED: "2",
      ABLATE: "--fractions 0.2 --draws 1",
      SPEED: "--policies core,local --fractions 0.2 --window 16 --rounds 1 --max-new-tokens 2",
      SLURM: "--time=10 --cpus-per-task=1",
    });
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd: repository,
      env: {
        ...cluster.env,
        NO_COLOR: "1",
        PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
      },
      stdout: "null",
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr).slice(-3000));
    for (const name of Object.keys(folders)) {
      const { samples, experiment } = await readManifest(`${runs}/${name}-ablation`);
      assertEquals([samples, experiment], [2, "ablate_heads"]);
      if (name === "mlvu") continue;
      assertEquals((await readManifest(`${runs}/${name}-heads`)).samples, 1);
      assert((await Deno.stat(`${runs}/${name}.html`)).size > 10_000);
    }
    await readManifest(`${runs}/mmlongbench-doc-speed`);
  },
});
