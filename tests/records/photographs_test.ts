import { assert, assertEquals } from "@std/assert";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import type { AblationResult } from "../../lib/experiments/ablation_table.ts";
import { readFoundHeads, scoresBy } from "../../lib/experiments/found_heads.ts";
import { headIndex, headName } from "../../lib/common/head_id.ts";
import { type HeadScores, meanScores } from "../../lib/heads/head_scores.ts";
import { topHeads } from "../../lib/heads/select.ts";
import { readPhotographReading } from "../../lab/studies/photograph_reading.ts";
import { lessAsked } from "../../lab/studies/reply_samples.ts";

const card = await Deno.readTextFile("data/models/README.md");

/** The rows of a table in the card. */
const rowsBelow = (head: string, count = 3) =>
  card.slice(card.indexOf(head)).split("\n").slice(2, 2 + count);

const shown = (value: readonly number[]) => {
  const [share, low, high] = value.map((part) => Math.round(100 * part));
  return `${share} [${low}, ${high}]`;
};

Deno.test("the model card's shares of photographs named right are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-vision/naming");
  const labels = [
    ["train", "trained on, arranged anew"],
    ["unseen-photograph", "not trained on, of names that were"],
    ["unseen-name", "of names not trained on"],
  ];
  assertEquals(results.map(({ kind }) => kind), labels.map(([kind]) => `${kind}, what, 8`));
  assertEquals(
    rowsBelow("| photographs | right, % |"),
    results.map(({ choice }, i) => `| ${labels[i][1]} | ${shown(choice.named!)} |`),
  );
  assertEquals(results.map(({ samples, chance }) => [samples, chance]), Array(3).fill([96, 1 / 8]));
});

/** The kinds of albums, as the card calls their photographs. */
const albumKinds = [
  "trained on, new views",
  "not trained on, of names that were",
  "of names not trained on",
];

Deno.test("the model card's shares of photographs in albums named right are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-photographs/naming");
  assertEquals(
    rowsBelow("| photographs in albums | by direction, % | by distance, % |"),
    results.map(({ choice: { pointed, named } }, i) =>
      `| ${albumKinds[i]} | ${shown(pointed!)} | ${shown(named!)} |`
    ),
  );
  assertEquals(
    results.map(({ samples, chance }) => [samples, chance]),
    [24, 38, 18].map((n) => [n, 1 / 8]),
  );
});

Deno.test("the model card's answers about albums are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-photographs/reading");
  const labels = albumKinds.map((kind) => `${kind}, asked`);
  assertEquals(
    rowsBelow("| photographs, asked | from the images, % | names as text, % |"),
    results.map(({ choice: { seen, read } }, i) =>
      `| ${labels[i]} | ${shown(seen!)} | ${shown(read!)} |`
    ),
  );
  assertEquals(results.map(({ samples }) => samples), [24, 38, 18]);
});

Deno.test("the model card's answers of the adapted model are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-photographs-adapted/reading");
  assertEquals(
    rowsBelow(
      "| photographs, asked with adapters | from the images, % | names as text, % | white paper, % |",
    ),
    results.map(({ choice: { seen, read, blind } }, i) =>
      `| ${albumKinds[i]}, adapted | ${shown(seen!)} | ${shown(read!)} | ${shown(blind!)} |`
    ),
  );
  assertEquals(results.map(({ samples }) => samples), [24, 38, 18]);
  const [, { choice, free, samples }] = results, right = Math.round(choice.seen![0] * samples);
  const share = Math.round(100 * choice.seen![0]), said = card.replace(/\s+/g, " ");
  assert(
    said.includes(`unseen photographs the adapted model names ${right} among eight (${share}%)`),
  );
  assert(said.includes(`Of ${Math.round(free.seen![0] * samples)} the name is also the likeliest`));
  const [, { choice: { pointed } }] = await readPhotographReading(
    "data/results/qwen-photographs-adapted/naming",
  );
  const told = Math.round(pointed![0] * samples);
  assert(
    said.includes(`gives ${told} of the 38 are told apart (${shown(pointed!).replace(" ", "% ")}`),
  );
  const readme = (await Deno.readTextFile("README.md")).replace(/\s+/g, " ");
  assert(readme.includes(`and ${share}% with adapters`));
});

Deno.test("the model card's shares of headings answered right are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-vision/manuals");
  const labels = [
    ["train", "trained on, arranged anew"],
    ["unseen-section", "of the same manual, not trained on"],
    ["unseen-manual", "of a manual not trained on"],
    ["second-unseen-manual", "of another manual not trained on"],
  ];
  assertEquals(results.map(({ kind }) => kind), labels.map(([kind]) => `${kind}, heading, 4`));
  const rows = results.map(({ choice: { seen, read, blind } }, i) =>
    `| ${labels[i][1]} | ${shown(seen!)} | ${shown(read!)} | ${shown(blind!)} |`
  );
  assertEquals(rowsBelow("| sections | from the page, % |", 4), rows);
  assertEquals(results.map(({ samples, chance }) => [samples, chance]), Array(4).fill([48, 1 / 4]));
  const told = (await Deno.readTextFile("docs/results.md")).replace(/\s+/g, " ");
  const [one, other] = results.slice(2).map(({ choice }) => Math.round(100 * choice.seen![0]));
  const said = `two manuals that the tower never saw, ${one}% and ${other}% of 48 are answered`;
  assert(told.includes(said), said);
});

Deno.test("the model card's answers about photographs are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-vision/reading");
  const counts = (view: "seen" | "read" | "blind") => {
    const [a, b, c] = results.map(({ choice, samples }) => Math.round(choice[view]![0] * samples));
    return `${a}, ${b} and ${c}`;
  };
  const said = `${counts("seen")} of 10 are right among\nthe eight, with the captions as text ` +
    `${counts("read")}, from an empty page ${counts("blind")}.`;
  assertEquals(card.includes(said), true, said);
});

/** Where docs/results.md tells of heads, the records and rivals that it tells of, and the draws of each control. */
const toldOfHeads = [
  {
    about: "pages of a manual",
    said: /- Pages of a real manual:.*?qwen-vision`\)/,
    records: ["identify-manuals", "ablate-manuals"].map((part) =>
      `data/results/qwen-vision/${part}`
    ),
    rivals: ["calibrated-on-text", "ram"],
    draws: 200,
  },
  {
    about: "photographs",
    said: /- Photographs:.*?qwen-photographs`\)/,
    records: ["identify", "ablate"].map((part) => `data/results/qwen-photographs/${part}`),
    rivals: ["calibrated-on-text", "ram"],
    draws: 200,
  },
  {
    about: "photographs that an adapted model sees",
    said: /- Photographs never seen, with adapters:.*?qwen-photographs-adapted`\)/,
    records: ["identify-reply", "ablate-reply", "identify-null-reply"].map((part) =>
      `data/results/qwen-photographs-adapted/${part}`
    ),
    rivals: ["calibrated-on-text", "calibrated-by-null-reply", "calibrated-from-question"],
    draws: 200,
    alike: "induction-matched", // no other heads look at the context as much
  },
];

const percent = (value: number, [low, high]: readonly number[]) =>
  `${(100 * value).toFixed(0)}% [${(100 * low).toFixed(0)}, ${(100 * high).toFixed(0)}]`;

const grid = { layers: 24, heads: 14 };

/** The best 17 heads by some scores. */
const best = (scores: HeadScores) => topHeads(meanScores(scores), grid, { fraction: 0.05 });

/** The best 17 heads of a record by calibrated score, and how much of the RAM of those best by it a null query leaves. */
async function bestOf(record: string, nulls?: string) {
  const found = await readFoundHeads(record), ram = scoresBy(found, "ram");
  const other = nulls === undefined ? null : await readFoundHeads(nulls);
  const heads = best(other ? lessAsked(found, other) : scoresBy(found, "calibrated"));
  const sum = (scores: HeadScores) => {
    const means = meanScores(scores);
    return best(ram).reduce((all, head) => all + means[headIndex(head, grid.heads)], 0);
  };
  return {
    heads,
    left: sum(other ? scoresBy(other, "ram") : scoresBy(found, "null-ram")) / sum(ram),
  };
}

for (
  const { about, said: pattern, records: [identify, ablate, nulls], rivals, draws, alike }
    of toldOfHeads
) {
  Deno.test(`docs/results.md says of heads on ${about} what the records say`, async () => {
    const text = (await Deno.readTextFile("docs/results.md")).replace(/\s+/g, " ");
    const [said] = pattern.exec(text) ?? [""];
    const rows = (await readAblatedHeads(ablate))
      .filter(({ metric, domain }) => metric === "accuracy" && domain === "all");
    const at = (condition: string, set?: string) =>
      rows.find((row) => row.condition === condition && row.set === set)!;
    const own = ({ value, ci95 }: AblationResult) => percent(value, ci95);
    const core = at("core");
    const controls = ["random", "layer-matched", alike ?? "score-matched"] as const;
    assertEquals(
      [...said.matchAll(/\d+% \[\d+, \d+\]/g)].map(([number]) => number),
      [
        ...[own(at("none")), own(core)],
        ...controls.map((name) => core.againstControls![name]!)
          .map(({ value, valueCi95 }) => percent(value, valueCi95)),
        ...rivals.map((rival) => own(at("set", rival))),
      ],
    );
    assert(said.includes(`(${draws} draws each`));
    assert(controls.every((name) => core.againstControls![name]!.draws === draws));
    const [seen, onText] = [
      await bestOf(identify, nulls),
      await bestOf("data/results/qwen/identify"),
    ];
    const shared = seen.heads.filter((a) =>
      onText.heads.some((b) => a.layer === b.layer && a.head === b.head)
    );
    assert(
      said.includes(`${shared.length} of the ${seen.heads.length} heads are the same on text`),
    );
    assert(said.includes(`${(100 * seen.left).toFixed(0)}% of the best heads' RAM stays`));
  });
}

Deno.test("the README's head is the one that is best on texts", async () => {
  const found = await readFoundHeads("data/results/qwen/identify");
  const [first] = topHeads(meanScores(scoresBy(found, "calibrated")), { layers: 24, heads: 14 }, {
    count: 1,
  });
  const readme = await Deno.readTextFile("README.md");
  assert(readme.includes(`CoReLens found ${headName(first)}`), headName(first));
  for (const figure of ["page", "album"]) {
    const svg = await Deno.readTextFile(`docs/figures/${figure}.svg`);
    assert(svg.includes(`${headName(first)}, found on texts`));
  }
});
