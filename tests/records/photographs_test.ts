import { assertEquals } from "@std/assert";
import { readPhotographReading } from "../../lab/studies/photograph_reading.ts";

const card = await Deno.readTextFile("data/models/README.md");

Deno.test("the model card's shares of photographs named right are those of the record", async () => {
  const results = await readPhotographReading("data/results/qwen-vision/naming");
  const rows = results.map(({ kind, choice }) => {
    const [share, low, high] = choice.named!.map((value) => Math.round(100 * value));
    const labels = {
      train: "trained on, arranged anew",
      "unseen-photograph": "not trained on, of names that were",
      "unseen-name": "of names not trained on",
    };
    return `| ${labels[kind.split(",")[0] as keyof typeof labels]} | ${share} [${low}, ${high}] |`;
  });
  const table = card.slice(card.indexOf("| photographs | right, % |")).split("\n").slice(2, 5);
  assertEquals(table, rows);
  assertEquals(results.map(({ samples, chance }) => [samples, chance]), Array(3).fill([64, 1 / 8]));
});
