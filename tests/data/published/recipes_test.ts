import { assert, assertEquals } from "@std/assert";
import { loadSample } from "../../../lib/data/folder_data_set.ts";
import { encodePng } from "../../../lib/data/png.ts";
import { listSamples } from "../../../lib/data/shipped_samples.ts";
import { type Files, withFiles } from "./data_set.ts";

/** Whether a program runs here. */
async function runs(program: string, ...args: string[]): Promise<boolean> {
  try {
    const options = { args, stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, options).output()).success;
  } catch {
    return false;
  }
}

const shell = Deno.build.os !== "windows" && await runs("bash", "-c", "true");
const python = shell && await runs("python3", "-c", "import pickle, json");
const ffmpeg = shell && await runs("ffmpeg", "-version");
const pdftoppm = shell && await runs("pdftoppm", "-v");
const jq = shell && await runs("jq", "--version");

/** The commands that data/README.md gives, by a text in them. */
const blocks = [
  ...(await Deno.readTextFile("data/README.md")).matchAll(/```(?:sh|python)\n([^]*?)```/g),
]
  .map(([, block]) => block);

/** The one block with a text. */
function recipe(text: string): string {
  const found = blocks.filter((block) => block.includes(text));
  assertEquals(found.length, 1, `recipes in data/README.md with "${text}"`);
  return found[0];
}

/** Runs commands in a folder; what they say is in the error. */
async function run(program: string, args: readonly string[], cwd: string, env = {}): Promise<void> {
  const command = new Deno.Command(program, { args: [...args], cwd, env, stdin: "null" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${program} failed: ${new TextDecoder().decode(stderr)}`);
}
const bash = (script: string, cwd: string) => run("bash", ["-euc", script], cwd);

/** Stand-ins for Python packages that recipes import: they hand out what the real ones would. */
const packages: Files = {
  "packages/datasets.py": `
import json
class Picture:
    def save(self, path): open(path, "wb").write(open("picture.png", "rb").read())
class Rows(list):
    def remove_columns(self, names):
        return Rows([{k: v for k, v in row.items() if k not in names} for row in self])
    def to_json(self, path):
        open(path, "w").write("".join(json.dumps(row) + "\\n" for row in self))
def load_dataset(name, split):
    assert (name, split) == ("lmms-lab/RefCOCOg", "val")
    return Rows([dict(image=Picture(), answer=["a cup"], bbox=[2, 1, 4, 3],
                      file_name="COCO_train2014_000000000042_7.jpg")])
`,
  "packages/pandas.py": `
class Pages: pass
class Table:
    def to_dict(self, kind):
        assert kind == "records"
        image = dict(bytes=open("picture.png", "rb").read(), path=None)
        return [dict(image=image, question="what?", answer=7, box=[2, 1, 4.5, 3])] * 2
def read_parquet(path, columns=None):
    if path == "questions.parquet": return Table()
    assert (path, columns) == ("MMDocIR_pages.parquet", ["image_binary"])
    pages = Pages()
    pages.image_binary = [b"not this one"] + [open("picture.png", "rb").read()] * 3
    return pages
`,
};

/** Runs Python with the stand-ins, in a folder that has a picture. */
async function runPython(script: string, folder: string): Promise<void> {
  const picture = { width: 20, height: 10, data: new Uint8Array(600) };
  await Deno.writeFile(`${folder}/picture.png`, await encodePng(picture));
  await run("python3", ["-c", script], folder, { PYTHONPATH: `${folder}/packages` });
}

Deno.test({
  name: "recipe: a pickle of references becomes JSON",
  ignore: !python, // there is no bash or no python3 on this machine
  fn: () =>
    withFiles({ "instances.json": { images: [], annotations: [] } }, async (folder) => {
      const rows = `[{"ref_id": 1, "sentences": [{"sent": "a cup"}]}]`;
      await run(
        "python3",
        ["-c", `import pickle; pickle.dump(${rows}, open("refs(umd).p", "wb"))`],
        folder,
      );
      await bash(recipe("pickle.load"), folder);
      assertEquals(
        JSON.parse(await Deno.readTextFile(`${folder}/refs(umd).json`)),
        JSON.parse(rows),
      );
    }),
});

Deno.test({
  name: "recipe: rows of a Hugging Face data set become lines and pictures",
  ignore: !python, // there is no bash or no python3 on this machine
  fn: () =>
    withFiles(packages, async (folder) => {
      await runPython(recipe("load_dataset"), folder);
      const [sample] = await listSamples(`refcocog:${folder}/refcocog`);
      assertEquals(sample.evidence, [{ image: 0, box: [2, 1, 6, 4] }]);
      assertEquals((await loadSample(sample)).images!.length, 1);
    }),
});

Deno.test({
  name: "recipe: tables of questions with boxes become samples",
  ignore: !python, // there is no bash or no python3 on this machine
  fn: async () => {
    const table = "\ufeffimage,question,answer,x0,y0,x1,y1\r\n" +
      'picture.png,"what, in all?",7,2,1,4.5,3\r\npicture.png,what?,seven,0,0,20,10\r\n';
    await withFiles({ ...packages, "questions.csv": table }, async (folder) => {
      await runPython(recipe("questions.csv"), folder);
      const [sample, other] = await listSamples(folder);
      assertEquals([sample.question, sample.answer, other.id], ["what, in all?", "7", "1"]);
      assertEquals(sample.evidence, [{ image: 0, box: [2, 1, 4.5, 3] }]);
      assertEquals((await loadSample(sample)).images!.length, 1);
      await runPython(recipe("questions.parquet"), folder);
      const [first, second] = await listSamples(folder);
      assertEquals([first.answer, first.images, second.images], ["7", ["0.png"], ["1.png"]]);
      assertEquals((await loadSample(second)).evidence, [{ image: 0, box: [2, 1, 4.5, 3] }]);
    });
  },
});

const question = { Q: "what?", A: "7", page_id: [1], layout_mapping: [] };

Deno.test({
  name: "recipe: MMDocIR's pages of a document, and some of its questions",
  ignore: !python || !jq, // there is no bash, no python3 or no jq on this machine
  fn: () => {
    const document = {
      doc_name: "a.pdf",
      page_indices: [1, 3],
      questions: Array(5).fill(question),
    };
    const files = { ...packages, "MMDocIR_annotations.jsonl": JSON.stringify(document) };
    return withFiles(files, async (folder) => {
      await runPython(recipe("MMDocIR_pages.parquet"), folder);
      assertEquals((await listSamples(`mmdocir:${folder}`)).length, 5);
      await bash(recipe(".questions |="), folder);
      const [first, ...others] = await listSamples(`mmdocir:${folder}`);
      assertEquals([first.images!.length, others.length], [3, 1]);
      await loadSample(first);
    });
  },
});

/** A video of some frames: at 25 a second, or with longer frames from the 20th on. */
async function makeVideo(path: string, folder: string, frames: number, rate: "fixed" | "varying") {
  const times = rate === "fixed" ? "40*N" : "if(lt(N,20),40*N,800+100*(N-20))"; // milliseconds
  const source = `testsrc=size=32x24:rate=25:duration=${frames / 25}`;
  const encoder = ["-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-c:v", "mpeg4"];
  const input = [
    "-v",
    "error",
    "-f",
    "lavfi",
    "-i",
    source,
    "-vf",
    `settb=1/1000,setpts='${times}'`,
  ];
  await run("ffmpeg", [...input, ...encoder, path], folder);
}

for (const rate of ["fixed", "varying"] as const) {
  Deno.test({
    name: `recipe: VidSTG's frames carry their numbers, at a ${rate} frame rate`,
    ignore: !ffmpeg, // there is no bash or no ffmpeg on this machine
    fn: () => {
      const entry = {
        vid: "VIDEO",
        fps: 25,
        used_segment: { begin_fid: 10, end_fid: 50 },
        temporal_gt: { begin_fid: 30, end_fid: 46 },
        captions: [{ description: "it is seen.", target_id: 0 }],
        questions: [],
      };
      return withFiles({ "val_annotations.json": [entry] }, async (folder) => {
        await makeVideo("VIDEO.mp4", folder, 60, rate);
        await bash(recipe("-frame_pts 1"), folder);
        const [sample] = await listSamples(`vidstg:${folder}`);
        const frames = sample.video!.frames.map((path) => Number(path.match(/(\d+)\.jpg$/)![1]));
        assertEquals(frames, [15, 30, 45]);
        assertEquals(sample.evidence, [{ frames: [1, 2] }]);
      });
    },
  });
}

Deno.test({
  name: "recipe: MLVU's frames at equal steps",
  ignore: !ffmpeg, // there is no bash or no ffmpeg on this machine
  fn: () => {
    const entry = { video: "VIDEO.mp4", duration: 8, question: "what?", candidates: ["ox", "ant"] };
    const files = { "data/1_plotQA.json": [{ ...entry, answer: "ox" }] };
    return withFiles(files, async (folder) => {
      await makeVideo("VIDEO.mp4", folder, 200, "fixed");
      await bash(recipe("fps=0.5"), folder);
      const [{ video }] = await listSamples(`mlvu:${folder}`);
      assertEquals([video!.frames.length, video!.fps], [4, 0.5]);
    });
  },
});

/** A PDF file of empty pages. */
function pdf(pages: number): string {
  const kids = Array.from({ length: pages }, (_, i) => `${i + 3} 0 R`).join(" ");
  const page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 36]>>";
  const objects = ["<</Type/Catalog/Pages 2 0 R>>", `<</Type/Pages/Kids[${kids}]/Count ${pages}>>`]
    .concat(Array(pages).fill(page));
  const body = objects.map((object, i) => `${i + 1} 0 obj${object}endobj\n`).join("");
  return `%PDF-1.4\n${body}trailer<</Root 1 0 R>>\n%%EOF`;
}

Deno.test({
  name: "recipe: the pages of a PDF file for MMLongBench-Doc",
  ignore: !pdftoppm, // there is no bash or no pdftoppm on this machine
  fn: () => {
    const entry = { doc_id: "DOCUMENT.pdf", question: "what?", answer: "7", evidence_pages: "[2]" };
    const files = { "samples.json": [{ ...entry, answer_format: "Int" }], "DOCUMENT.pdf": pdf(11) };
    return withFiles(files, async (folder) => {
      await bash(recipe("pdftoppm"), folder);
      const [sample] = await listSamples(`mmlongbench-doc:${folder}`);
      assertEquals([sample.images!.length, sample.evidence], [11, [{ image: 1 }]]);
      const { images } = await loadSample(sample);
      assertEquals([images![0].width, images![0].height], [144, 72]);
    });
  },
});

Deno.test("recipes: each of data/README.md is run by a test above", () => {
  const known = [
    "questions.csv",
    "questions.parquet",
    "pickle.load",
    "load_dataset",
    "MMDocIR_pages.parquet",
    ".questions |=",
    "-frame_pts 1",
    "fps=0.5",
    "pdftoppm",
  ];
  for (const block of blocks) assert(known.some((text) => block.includes(text)), block);
  assertEquals(blocks.length, known.length);
});
