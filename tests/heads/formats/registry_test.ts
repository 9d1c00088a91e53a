import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { type HeadListFormat, shortNumber } from "../../../lib/heads/formats/format.ts";
import {
  headListFormat,
  headListFormats,
  readHeadList,
  writeHeadList,
} from "../../../lib/heads/formats/registry.ts";
import { type HeadScores, headScores, meanScores } from "../../../lib/heads/head_scores.ts";
import { Random } from "../../../lib/stats/random.ts";
import { spearman } from "../../../lib/stats/rank.ts";

/** Scores of random sizes, with ties, zeros and negative values. */
function randomScores(seed: number, grid = { layers: 3, heads: 8 }, samples = 5): HeadScores {
  const random = new Random(seed);
  const size = grid.layers * grid.heads;
  return headScores(
    "ram",
    grid,
    Array.from({ length: samples }, (_, i) => ({
      id: `s${i}`,
      domain: i % 2 ? "page" : "scene",
      map: Float32Array.from(
        { length: size },
        () => random.uniform() < 0.2 ? 0 : random.normal() * 10 ** random.integer(6),
      ),
    })),
  );
}

const settings = { model: "a/model", keyValueHeads: 4, sink: 7, recent: 99 };
const read = (format: HeadListFormat, scores: HeadScores) =>
  format.read(format.write(scores, settings), "a file", {});

Deno.test("a list loses nothing that its format can hold, whatever the scores", () => {
  for (let seed = 0; seed < 30; seed++) {
    const scores = randomScores(seed), means = meanScores(scores);
    for (const format of headListFormats) {
      const list = read(format, scores), again = read(format, list.scores);
      assertEquals(list.scores.shape.slice(1), [3, 8], format.name);
      assertEquals(list.listed, 24);
      // written again it is the same
      assertEquals(again.scores.data, list.scores.data, format.name);
      if (format.name === "retrieval-head") {
        assertEquals(list.scores.data, scores.data); // every sample, to the last bit
      } else if (format.name === "duo-attention") {
        for (const [i, value] of list.scores.data.entries()) {
          const pair = i - i % 2;
          assertEquals(value, Math.fround(Math.max(means[pair], means[pair + 1])));
        }
      } else assertEquals(list.scores.data, Float32Array.from(means), format.name);
    }
  }
});

Deno.test("intervals of CSV come back, and a list without them is read as before", () => {
  const scores = randomScores(2), csv = headListFormat("csv");
  const intervals = Array.from(
    { length: 24 },
    (_, i) => i === 3 ? null : [-i, i / 3] as const,
  );
  const texts = csv.write(scores, { ...settings, intervals });
  const back = csv.read(texts, "a file", {}).intervals!;
  intervals.forEach((interval, i) => {
    if (interval) assertEquals(back[i], interval);
    else assert(back[i]![0] <= back[i]![1]); // the scores' own
  });
  const some = "layer,head,score,ci95_low,ci95_high\n0,1,0.5,0.25,0.75\n0,0,0.1,,\n";
  assertEquals(csv.read({ "": some }, "a file", {}).intervals, [null, [0.25, 0.75]]);
  const plain = csv.read({ "": "layer,head,score\n0,1,0.5\n" }, "a file", {});
  assertEquals([plain.intervals, plain.listed], [undefined, 1]);
});

Deno.test("CSV as spreadsheets write it: semicolons or tabulators, and numbers with commas", () => {
  const csv = headListFormat("csv");
  const written = csv.write(randomScores(2), settings)[""];
  const { scores, intervals } = csv.read({ "": written }, "a file", {});
  for (const separator of [";", "\t"]) {
    const text = written.replaceAll(",", separator).replaceAll(".", ",").replaceAll("\n", "\r\n");
    const read = csv.read({ "": text }, "a file", {});
    assertEquals([read.scores, read.intervals], [scores, intervals]);
  }
});

Deno.test("a list's name of the model, sink and window come through where it has a place for them", () => {
  const duo = read(headListFormat("duo-attention"), randomScores(1));
  assertEquals([duo.model, duo.notes["sink"], duo.notes["recent"]], ["a/model", 7, 99]);
  assertEquals(read(headListFormat("mmrethead"), randomScores(1)).model, "a/model");
});

Deno.test("lists are written as their own programs read them", () => {
  const map = Float32Array.of(0.25, 0.75, 0, 0.5);
  const scores = headScores("ram", { layers: 2, heads: 2 }, [
    { id: "a", domain: "d", map },
    { id: "b", domain: "d", map: map.map((value) => value / 2) },
  ]);
  const text = (name: string) =>
    headListFormat(name).write(scores, { ...settings, keyValueHeads: 1 });
  const duo = text("duo-attention");
  // numpy.savetxt's format, tabulators between columns; json.load of the other file
  assertEquals(
    duo["full_attention_heads.tsv"],
    "5.625000000000000000e-01\n3.750000000000000000e-01\n",
  );
  const { sink_size, recent_size } = JSON.parse(duo["config.json"]);
  assertEquals([sink_size, recent_size], [7, 99]);
  // json.loads(file.readline())
  const line = text("retrieval-head")[""].split("\n")[0];
  assertEquals(JSON.parse(line), {
    "0-0": [0.25, 0.125],
    "0-1": [0.75, 0.375],
    "1-0": [0, 0],
    "1-1": [0.5, 0.25],
  });
  assertEquals(JSON.parse(text("mmrethead")[""])["head_score_list"].slice(0, 2), [["0-1", 0.5625], [
    "1-1",
    0.375,
  ]]);
  assertEquals(text("csv")[""].split("\n").slice(0, 2)[0], "layer,head,score,ci95_low,ci95_high");
});

Deno.test("a curated list of the best heads ranks them first, the others below", () => {
  const list = headListFormat("mmrethead").read(
    { "": '{"head_score_list": [["1-2", 0.5], ["0-1", 0.25]]}' },
    "a file",
    { layers: 3, heads: 4 },
  );
  assertEquals([list.listed, list.scores.shape], [2, [1, 3, 4]]);
  const means = meanScores(list.scores);
  assertEquals([means[6], means[1], Math.max(...means.filter((_, i) => i !== 6 && i !== 1))], [
    0.5,
    0.25,
    0,
  ]);
});

Deno.test("lists are compared with our scores by the same statistics", () => {
  const scores = randomScores(3);
  const theirs = read(headListFormat("mmrethead"), scores);
  assert(spearman(meanScores(scores), meanScores(theirs.scores)) > 0.9999);
});

Deno.test("wrong files are refused in one line that names the fault", () => {
  const cases: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    [
      "csv",
      { "": "layer,head,score,ci95_low,ci95_high\n0,0,1,2,1" },
      /row 1 has the interval "2 to 1"/,
    ],
    ["csv", { "": "layer,head,score,ci95_low,ci95_high\n0,0,1,a,1" }, /interval "a to 1"/],
    ["retrieval-head", { "": "[]" }, /wanted an object/],
    ["retrieval-head", { "": "{}" }, /no heads/],
    ["retrieval-head", { "": '{"0-0": [NaN]}' }, /no JSON/],
    ["retrieval-head", { "": '{"0:0": [1]}' }, /"0:0"; wanted LAYER-HEAD/],
    [
      "retrieval-head",
      { "": '{"0-0": [1], "0-1": [1, 2]}' },
      /L0H1 has 2 scores, the first head has 1/,
    ],
    ["retrieval-head", { "": '{"0-0": ["1"]}' }, /score of L0H0 is "NaN"/],
    ["retrieval-head", { "": '{"9999-9999": [1]}' }, /too many/],
    ["mmrethead", { "": '{"scores": []}' }, /no "head_score_list"/],
    ["mmrethead", { "": '{"head_score_list": [["0-0", 1], ["0-0", 2]]}' }, /L0H0 twice/],
    ["mmrethead", { "": '{"head_score_list": [["5-0", 1]]}' }, /names heads of 6 layers/],
    ["csv", { "": "a,b\n1,2\n" }, /no column "layer"/],
    ["csv", { "": "layer,head,score\n0,0,high\n" }, /score of L0H0/],
    ["csv", { "": "layer,head,score\n-1,0,1\n" }, /row 1 names head "-1, 0"/],
    [
      "duo-attention",
      { "full_attention_heads.tsv": "1\t2\n1\n" },
      /line 2 has 1 numbers, the first 2/,
    ],
    ["duo-attention", { "full_attention_heads.tsv": "1\tx\n" }, /"x" is no number/],
    ["duo-attention", { "full_attention_heads.tsv": "" }, /no lines/],
    ["duo-attention", { "full_attention_heads.tsv": "1 1 1\n1 1 1\n1 1 1" }, /3 key-value heads/],
    [
      "duo-attention",
      { "full_attention_heads.tsv": "1 1\n" },
      /it is of 1 layers, the model has 3/,
    ],
  ];
  for (const [name, texts, pattern] of cases) {
    const error = assertThrows(
      () =>
        headListFormat(name).read(texts, "a\nfile", {
          layers: 3,
          heads: name === "retrieval-head" ? undefined : 4,
        }),
      InputError,
    );
    assert(!error.message.includes("\n"), error.message);
    assert(pattern.test(error.message) || /the model has 3/.test(error.message), error.message);
  }
  assertThrows(() => headListFormat("json"), InputError, "there are duo-attention");
  assertThrows(
    () => headListFormat("duo-attention").write(randomScores(1), { ...settings, keyValueHeads: 3 }),
    InputError,
    "a divisor, got 3",
  );
});

Deno.test("lists go through files and folders; of DuoAttention the table alone will do", async () => {
  const folder = await Deno.makeTempDir(), scores = randomScores(5);
  try {
    const files = await writeHeadList("duo-attention", `${folder}/duo`, scores, settings);
    assertEquals(files.length, 2);
    const list = await readHeadList("duo-attention", `${folder}/duo`);
    assertEquals((await readHeadList("duo-attention", files[0])).notes, list.notes);
    await Deno.remove(files[1]);
    const alone = await readHeadList("duo-attention", files[0]);
    assertEquals([alone.scores.shape, alone.notes], [[1, 3, 4], { queryHeadsByKeyValueHead: 1 }]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("numbers are written with as few digits as give them back", () => {
  const random = new Random(2);
  for (let i = 0; i < 500; i++) {
    const value = random.normal() * 10 ** (random.integer(60) - 30);
    assertEquals(Number(shortNumber(value)), value);
    assertEquals(Math.fround(Number(shortNumber(Math.fround(value)))), Math.fround(value));
  }
});
