import { assert, assertEquals, assertRejects } from "@std/assert";
import sharp from "sharp";
import { InputError } from "../../../lib/common/errors.ts";
import {
  kindsOfPhotographs,
  loadPhotographs,
  nameOfCaption,
} from "../../../lab/pages/photographs.ts";
import { keepPhotographs } from "../../../tools/fetch_photographs.ts";

Deno.test("a caption's noun is its photograph's name; sentences and exclamations name nothing", () => {
  const cases: readonly [string, string | null][] = [
    ["A fox.", "fox"],
    ["An electric guitar.", "guitar"],
    ["A ripe, red tomato!", "tomato"],
    ["A pair of open scissors.", "scissors"],
    ["A baby sheep (a lamb).", "sheep"],
    ["A wheel! Put the brake calipers toward the rear.", "wheel"],
    ["Fire! Fire! Fire!", null],
    ["An important part of Hanukkah is the menorah", "part"],
    ["A Seville orange, also called a bitter orange.", null],
    ["", null],
  ];
  for (const [caption, name] of cases) assertEquals(nameOfCaption(caption), name, caption);
});

Deno.test("no name is both kept from training and trained on, and names with several keep one back", () => {
  const names = Array.from({ length: 200 }, (_, i) => `thing${"abcdefghij"[i % 10]}${i >> 1}`);
  names.push(...names.slice(0, 20));
  const kinds = kindsOfPhotographs(names);
  const of = (kind: string) => new Set(names.filter((_, i) => kinds[i] === kind));
  const trained = of("train"), unseen = of("unseen-name");
  assertEquals([...unseen].filter((name) => trained.has(name)), []);
  assert(unseen.size > 15 && unseen.size < 60, `${unseen.size}`);
  assertEquals([...of("unseen-photograph")].sort(), names.slice(0, 20).sort());
});

/** A package in the small: captions beside images, a drawing, a mirrored copy, one without a noun. */
async function smallPackage(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/cartoon`, { recursive: true });
  const image = (red: number) =>
    sharp({ create: { width: 400, height: 300, channels: 4, background: "#0000" } }).composite([{
      input: {
        create: { width: 300, height: 200, channels: 4, background: { r: red, g: 9, b: 0 } },
      },
    }]).png();
  for (
    const [i, [name, caption]] of [
      ["fox", "A fox."],
      ["fox_mirror", "A fox."],
      ["cartoon/owl", "An owl."],
      ["boom", "Boom!!!"],
      ["owl", "A brown owl."],
    ].entries()
  ) {
    await image(40 * i).toFile(`${folder}/${name}.png`);
    await Deno.writeTextFile(`${folder}/${name}.txt`, `${caption}\nde.utf8=…\n`);
  }
}

Deno.test("of a package the photographs are kept, trimmed and small, with their names", async () => {
  const folder = await Deno.makeTempDir();
  await smallPackage(`${folder}/stamps`);
  const kept = await keepPhotographs(`${folder}/stamps`, `${folder}/out`);
  assertEquals(kept.map(({ name, caption }) => [name, caption]), [
    ["fox", "A fox."],
    ["owl", "A brown owl."],
  ]);
  const [fox, owl] = await loadPhotographs(`${folder}/out`);
  assertEquals([fox.image.width, fox.image.height], [192, 128]);
  assertEquals([...owl.image.data.slice(0, 4)], [160, 9, 0, 255]);
  const owls = await loadPhotographs(`${folder}/out`, (name) => name === "owl");
  assertEquals(owls.map(({ name }) => name), ["owl"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a folder without photographs says how to get them", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(() => loadPhotographs(folder), InputError, "deno task photographs");
  await Deno.remove(folder, { recursive: true });
});
