import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { domains } from "../../lab/synthetic/domains.ts";
import {
  loadSample,
  readFolderDataSet,
  samplesFile,
  writeFolderDataSet,
} from "../../lib/data/folder_data_set.ts";
import { encodePng } from "../../lib/data/png.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import type { Sample } from "../../lib/data/sample.ts";

/** A folder that is removed at the end. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${await Deno.realPath(folder)}/set`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const options = { cellsPerSide: 4, images: 2, difficulty: 4, split: "test" } as const;
const samples: readonly Sample[] = domains.flatMap((domain) => [
  domain.generate(1, domain.name.endsWith("video") ? { ...options, frameRepeat: 2 } : options),
  domain.generate(2, options),
]);

Deno.test("folder data set: samples of every domain come back as they were", () =>
  withFolder(async (folder) => {
    await writeFolderDataSet(folder, samples);
    const read = await readFolderDataSet(folder);
    assertEquals(await Promise.all(read.map(loadSample)), samples);
    const videos = await readFolderDataSet(folder, "video");
    assertEquals(videos.map(({ id }) => id), samples.slice(2, 4).map(({ id }) => id));
    // A frame that is held is one file.
    assertEquals(new Set(videos[0].video!.frames).size, videos[0].video!.frames.length / 2);
  }));

Deno.test("folder data set: hostile ids stay inside the folder, and equal names apart", () =>
  withFolder(async (folder) => {
    const image = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
    const base = { domain: "../x", question: "q", answer: "a", evidence: [] };
    const written = ["../../a", "..\\..\\A", ".. .. a"].map((id, i): Sample => ({
      ...base,
      id,
      images: [{ ...image, data: Uint8Array.of(i, 2, 3) }],
    }));
    await writeFolderDataSet(folder, written);
    const read = await readFolderDataSet(folder);
    assertEquals(await Promise.all(read.map(loadSample)), written);
    const above: string[] = [];
    for await (const { name } of Deno.readDir(`${folder}/..`)) above.push(name);
    assertEquals(above, ["set"]);
  }));

Deno.test("folder data set: writing refuses an id that is there twice", () =>
  withFolder(async (folder) => {
    const twice = () => writeFolderDataSet(folder, [samples[0], samples[0]]);
    await assertRejects(twice, InputError, samples[0].id);
  }));

/** Writes lines and one small image. */
async function writeLines(folder: string, lines: readonly (object | string)[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const text = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
  await Deno.writeTextFile(`${folder}/${samplesFile}`, text.join("\r\n"));
  const picture = async (name: string, width: number) => {
    const data = new Uint8Array(width * 2 * 3);
    await Deno.writeFile(`${folder}/${name}`, await encodePng({ width, height: 2, data }));
  };
  await picture("a.png", 3);
  await picture("wide.png", 4);
}

const line = { id: "s1", domain: "d", images: ["a.png"], question: "q", answer: "a", evidence: [] };
const { images: _images, ...noMedia } = line;

Deno.test("folder data set: blank lines, line ends and a byte order mark do no harm", () =>
  withFolder(async (folder) => {
    await writeLines(folder, [`\ufeff${JSON.stringify(line)}`, "", { ...line, id: "s2" }, ""]);
    assertEquals((await readFolderDataSet(folder)).map(({ id }) => id), ["s1", "s2"]);
  }));

Deno.test("folder data set: mistakes in the list name the line or the sample", () =>
  withFolder(async (folder) => {
    await assertRejects(() => readFolderDataSet(folder), InputError, samplesFile);
    const cases: readonly (readonly [readonly (object | string)[], string])[] = [
      [[line, "{"], "line 2 of samples.jsonl"],
      [[line, line], '"s1" is there already'],
      [[{ ...line, answer: true }], 'sample "s1" (line 1 of samples.jsonl): answer'],
      [[], "has no samples"],
    ];
    for (const [lines, message] of cases) {
      await writeLines(folder, lines);
      await assertRejects(() => readFolderDataSet(folder), InputError, message);
    }
    await writeLines(folder, [line]);
    await assertRejects(() => readFolderDataSet(folder, "scene"), InputError, "it has d");
  }));

Deno.test("folder data set: images that are missing, damaged or outside name the sample", () =>
  withFolder(async (folder) => {
    await writeLines(folder, [line]);
    await Deno.writeTextFile(`${folder}/bad.png`, "no image");
    await Deno.writeTextFile(`${folder}/../outside.png`, "secret");
    await Deno.symlink("../outside.png", `${folder}/link.png`);
    const cases: readonly (readonly [object, string])[] = [
      [{ images: ["../outside.png"] }, "leaves the folder"],
      [{ images: ["/etc/passwd"] }, "absolute path"],
      [{ images: ["link.png"] }, "symbolic link"],
      [{ images: ["http://example.org/a.png"] }, "not fetched"],
      [{ images: ["none.png"] }, "no such file"],
      [{ images: ["bad.png"] }, "not an image"],
      [{ evidence: [{ image: 0, box: [0, 0, 4, 2] }] }, "leaves its image of 3 x 2 pixels"],
    ];
    for (const [changed, message] of cases) {
      await writeLines(folder, [{ ...line, ...changed }]);
      const [sample] = await readFolderDataSet(folder);
      const error = await assertRejects(() => loadSample(sample), InputError, message);
      assert(error.message.includes('sample "s1"'), error.message);
    }
    const video = { frames: ["a.png", "wide.png"], fps: 2 };
    await writeLines(folder, [{ ...noMedia, video }]);
    const [sample] = await readFolderDataSet(folder);
    await assertRejects(() => loadSample(sample), InputError, "frame 1 differs in size");
  }));

Deno.test("folder data set: a list of UTF-16, as editors on Windows write it, is read", () =>
  withFolder(async (folder) => {
    await writeFolderDataSet(folder, samples);
    const path = `${folder}/${samplesFile}`, text = await Deno.readTextFile(path);
    for (const bigEndian of [false, true]) {
      const bytes = new Uint8Array(2 * text.length + 2), view = new DataView(bytes.buffer);
      const marked = `\ufeff${text}`;
      for (let i = 0; i < marked.length; i++) {
        view.setUint16(2 * i, marked.charCodeAt(i), !bigEndian);
      }
      await Deno.writeFile(path, bytes);
      const read = await readFolderDataSet(folder);
      assertEquals(read.map(({ id }) => id), samples.map(({ id }) => id));
    }
  }));

Deno.test("folder data set: a list in JSON and values of another kind are told as they are", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(folder);
    const good = { id: "a", domain: "d", images: [], question: "q", answer: "a", evidence: [] };
    const cases: readonly (readonly [string, string])[] = [
      [JSON.stringify([good], null, 1), 'wanted one object a line: jq -c ".[]" FILE'],
      ["not JSON", "it is not JSON; wanted one object a line"],
      [JSON.stringify({ ...good, id: false }), "id is false; wanted a text"],
      [JSON.stringify({ ...good, question: undefined }), "question is nothing; wanted a text"],
      [JSON.stringify({ ...good, question: "" }), 'question is ""; wanted a text'],
      [JSON.stringify({ ...good, answer: ["a", {}] }), 'answer is ["a",{}]; wanted'],
    ];
    for (const [text, message] of cases) {
      await Deno.writeTextFile(`${folder}/${samplesFile}`, text);
      await assertRejects(() => readFolderDataSet(folder), InputError, message);
    }
  }));

Deno.test("folder data set: boxes in shares or thousandths, and names that mean another file, are told", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/Pages`, { recursive: true });
    const image = await encodePng({ width: 90, height: 70, data: new Uint8Array(90 * 70 * 3) });
    const accented = "u\u0308.png"; // as macOS writes it
    for (const path of ["Pages/A.PNG", accented]) await Deno.writeFile(`${folder}/${path}`, image);
    const loaded = async (path: string, box: readonly number[]) => {
      const line = {
        id: 1,
        images: path,
        question: "q?",
        answer: "a",
        evidence: [{ image: 0, box }],
      };
      await Deno.writeTextFile(`${folder}/${samplesFile}`, JSON.stringify(line));
      const [sample] = await readFolderDataSet(folder);
      return await loadSample(sample);
    };
    assertEquals((await loaded("Pages/A.PNG", [0, 0, 1, 1])).images!.length, 1);
    assertEquals((await loaded("Pages/A.PNG", [0.5, 0.5, 1.5, 1])).images!.length, 1);
    const cases: [string, number[], string][] = [
      ["Pages/A.PNG", [0.1, 0.1, 0.5, 1], "not shares of its sides"],
      ["Pages/A.PNG", [100, 100, 500, 900], "not thousandths of its sides"],
      ["Pages/A.PNG", [0, 0, 2000, 70], "leaves its image of 90 x 70 pixels"],
      ["pages/a.png", [0, 0, 9, 9], 'there is "Pages/A.PNG"'],
      ["Pages\\A.PNG", [0, 0, 9, 9], 'there is "Pages/A.PNG"'],
      ["\u00fc.png", [0, 0, 9, 9], "another Unicode form"],
      ["Pages/b.png", [0, 0, 9, 9], "no such file"],
    ];
    for (const [path, box, said] of cases) {
      await assertRejects(() => loaded(path, box), InputError, said);
    }
  }));

Deno.test("folder data set: a list in one line, NaN, and a table in place of a folder say what to do", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(folder);
    for (const [line, said] of [['[{"id": 1}]', "it is a list"], ['{"id": NaN}', "NaN"]]) {
      await Deno.writeTextFile(`${folder}/${samplesFile}`, line);
      await assertRejects(() => readFolderDataSet(folder), InputError, said);
    }
    await Deno.writeTextFile(`${folder}/questions.csv`, "id\n1\n");
    const table = () => listSamples(`${folder}/questions.csv`);
    await assertRejects(table, InputError, "data/README.md");
    const list = () => listSamples(`${folder}/${samplesFile}`);
    await assertRejects(list, InputError, "give the folder that it is in");
  }));
