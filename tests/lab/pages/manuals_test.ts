import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { Random } from "../../../lib/stats/random.ts";
import type { Box } from "../../../lib/data/sample.ts";
import type { HeadedSection } from "../../../lab/pages/headed_sections.ts";
import { drawManualPage, type ManualPage, manualSample } from "../../../lab/pages/manual_page.ts";
import {
  loadManuals,
  manuals,
  type ManualSection,
  manualSections,
} from "../../../lab/pages/manuals.ts";

const heading = (i: number) => `${"Alpha Beta Gamma Delta Omega".split(" ")[i]} of things`;
const text = "Contents\n  1.1. Alpha of things\n\n" +
  [0, 1, 2, 3, 4].map((i) =>
    `1.${i + 1}.\u00a0${heading(i)}\n\n    ${"Some words of a section . ".repeat(6)}\n\n`
  ).join("") + "1.9. Too short\n\n  end\n";

Deno.test("sections are found by numbered headings that begin a line, with their words", () => {
  const sections = manualSections(text);
  assertEquals(sections.map(({ number }) => number), ["1.1", "1.2", "1.3", "1.4", "1.5"]);
  assertEquals(sections[1].heading, "Beta of things");
  assertEquals(sections[1].words.slice(0, 3), ["Some", "words", "of"]);
});

/** The sections as a tower would read them whose words are all one token. */
const headed = manualSections(text).map((section): HeadedSection => ({
  ...section,
  digit: section.number.slice(-1),
  captions: section.heading.split(" "),
}));

Deno.test("the text layer says where each word's ink is, within the page", () => {
  const { image, layer, headings, words } = drawManualPage(headed.slice(0, 4), 0, new Random(1));
  assertEquals(layer.slice(0, 4).map(({ word }) => word), ["1.", "Alpha", "of", "things"]);
  assertEquals(words.slice(0, 6), ["1", ".", "Alpha", "of", "things", "\n"]);
  assertEquals([words.length, words[16], words[8]], [64, "2", "\n"]);
  const ink = new Set<string>(), covered = new Set<string>();
  image.data.forEach((value, i) => {
    if (value < 128) ink.add(`${Math.floor(i / 3) % 384},${Math.floor(i / 3 / 384)}`);
  });
  for (const { box: [left, top, right, bottom] } of layer) {
    assert(left >= 0 && top >= 0 && right <= 384 && bottom <= 384);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) covered.add(`${x},${y}`);
    }
  }
  assert(ink.size > 500);
  assertEquals([...ink].filter((place) => !covered.has(place)), []);
  headings.forEach((box, i) => assert(i === 0 || box[1] > headings[i - 1][3]));
});

Deno.test("text is light on dark paper", () => {
  const shades = Array.from({ length: 30 }, (_, seed) => {
    const { image, layer } = drawManualPage(headed.slice(0, 4), 1, new Random(seed));
    const mean = ([left, top, right, bottom]: Box) => {
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) sum += image.data[3 * (384 * y + x)];
      }
      return sum / (right - left) / (bottom - top);
    };
    const word = layer.find(({ box }) => box[3] - box[1] < 20)!; // of the text, not of a heading
    const [left, top, right] = word.box;
    return [mean(word.box), mean([left, top - 4, right, top - 1])];
  });
  const darker = shades.filter(([word, paper]) => word < paper).length;
  assert(darker > 5 && darker < 28, `${darker} of 30 have dark text`);
});

Deno.test("the heading that is asked for is the evidence, the others are foils", () => {
  for (let seed = 0; seed < 6; seed++) {
    const { sample, page, asked, begun, candidates } = manualSample(seed, headed, "example");
    const own = headed.find(({ heading }) => heading === sample.answer)!;
    assertEquals(sample.question, `What does the heading of section ${own.digit} say?`);
    assertEquals([begun, candidates[asked]], [` ${own.digit}.`, ` ${own.captions[0]}`]);
    assertEquals(sample.evidence, [{ image: 0, box: page.headings[asked] }]);
    assertEquals(sample.foils!.length, 3);
    assertEquals(sample.choices!.length, 4);
    assert(headed.every(({ digit }) => !sample.null!.includes(digit) || !sampleShows(page, digit)));
  }
});

/** Whether a page has a section of a number. */
const sampleShows = ({ words }: ManualPage, digit: string) =>
  words.some((word, i) => i % 16 === 0 && word === digit);

/** A folder with every manual, each of which has the same sections but for its own last one. */
async function madeManuals(): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const name of new Set(Object.values(manuals).flat())) {
    const own = `1.8. About ${name.toUpperCase()}\n\n${"Some words of a section . ".repeat(6)}\n\n`;
    await Deno.writeTextFile(`${folder}/${name}.txt`, text + own);
  }
  return folder;
}

Deno.test("no section to learn from has the heading of one that is kept, in whatever manual", async () => {
  const folder = await madeManuals();
  const { train, ...kept } = await loadManuals(folder);
  const headings = (sections: readonly ManualSection[]) => sections.map(({ heading }) => heading);
  assertEquals(kept["unseen-manual"].length, 6);
  const learnt = headings(train), held = Object.values(kept).flatMap(headings);
  assert(learnt.includes("About POSTGRESQL") && !learnt.includes("About MAINT-GUIDE"));
  assertEquals(learnt.filter((heading) => held.includes(heading)), []);
  assertEquals(learnt.filter((heading) => heading.endsWith("of things")), []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("about a third of the first manual's sections are kept, and nothing of the others' by it", async () => {
  const folder = await madeManuals();
  const names = Array.from(
    { length: 60 },
    (_, i) => `Chapter ${String.fromCharCode(65 + i % 26)}${i}`,
  );
  const policy = names.map((name, i) =>
    `2.${i}. ${name}\n\n${"Some words of it . ".repeat(6)}\n\n`
  );
  await Deno.writeTextFile(`${folder}/policy.txt`, policy.join(""));
  const { train, "unseen-section": kept } = await loadManuals(folder);
  const own = train.filter(({ heading }) => names.includes(heading));
  assertEquals(own.length + kept.length, 60);
  assert(kept.length > 10 && kept.length < 30, `${kept.length}`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a manual that is not there says how to get it", async () => {
  const folder = await madeManuals();
  await Deno.remove(`${folder}/maint-guide.txt`);
  const error = await assertRejects(() => loadManuals(folder), InputError, "deno task manuals");
  assert(error.message.includes("maint-guide"));
  await Deno.remove(folder, { recursive: true });
});
