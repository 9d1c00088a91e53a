import { assertEquals } from "@std/assert";
import { readPhotographReading } from "../../lab/studies/photograph_reading.ts";

const card = await Deno.readTextFile("data/models/README.md");

/** The three rows of a table in the card. */
const rowsBelow = (head: string) => card.slice(card.indexOf(head)).split("\n").slice(2, 5);

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

Deno.test("the model card's shares of headings answered right are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-vision/manuals");
  const labels = [
    ["train", "trained on, arranged anew"],
    ["unseen-section", "of the same manual, not trained on"],
    ["unseen-manual", "of a manual not trained on"],
  ];
  assertEquals(results.map(({ kind }) => kind), labels.map(([kind]) => `${kind}, heading, 4`));
  const rows = results.map(({ choice: { seen, read, blind } }, i) =>
    `| ${labels[i][1]} | ${shown(seen!)} | ${shown(read!)} | ${shown(blind!)} |`
  );
  assertEquals(rowsBelow("| sections | from the page, % |"), rows);
  assertEquals(results.map(({ samples, chance }) => [samples, chance]), Array(3).fill([24, 1 / 4]));
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
