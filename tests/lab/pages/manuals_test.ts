import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { drawManualPage, manualSample } from "../../../lab/pages/manual_page.ts";
import { loadManual, manualSections } from "../../../lab/pages/manuals.ts";

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

Deno.test("the text layer says where each word's ink is, within the page", () => {
  const { image, layer, headings } = drawManualPage(manualSections(text).slice(0, 4), "serif");
  assertEquals(layer.slice(0, 4).map(({ word }) => word), ["1.1.", "Alpha", "of", "things"]);
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

Deno.test("the heading that is asked for is the evidence, the others are foils", () => {
  const sections = manualSections(text);
  for (let seed = 0; seed < 6; seed++) {
    const { sample, page, asked, candidates } = manualSample(seed, sections, "example");
    const own = sections.find(({ heading }) => heading === sample.answer)!;
    assertEquals(sample.question, `What does the heading of section ${own.number} say?`);
    assertEquals(candidates[asked], ` ${own.heading}`);
    assertEquals(sample.evidence, [{ image: 0, box: page.headings[asked] }]);
    assertEquals(sample.foils!.length, 3);
    assertEquals(sample.choices!.length, 4);
  }
});

Deno.test("a manual that is not there says how to get it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/policy.txt`, text);
  assertEquals((await loadManual("train", folder)).length, 5);
  await assertRejects(() => loadManual("unseen-manual", folder), InputError, "deno task manuals");
  await Deno.remove(folder, { recursive: true });
});
