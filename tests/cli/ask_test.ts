import { assert, assertEquals, assertMatch } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { corelens } from "../suites/command_line.ts";

const page = ["--image", "data/samples/page/page-01-0.png"];

Deno.test("ask --attention writes one page with the attention of six heads on the images", async () => {
  const folder = await Deno.makeTempDir(), out = `${folder}/look.html`;
  try {
    const asked = ["ask", ...page, "--question", "which page has the ash?", "--attention", out];
    const { code, err } = await corelens(...asked);
    assertEquals(code, 0, err);
    const html = await Deno.readTextFile(out);
    assertMatch(html, /^<!DOCTYPE html>[^]*Content-Security-Policy[^]*<\/html>\s*$/);
    const specs = [...html.matchAll(/class="corelens-spec">([^<]*)</g)]
      .map(([, text]) => JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString()));
    assertEquals(specs.length, 1);
    const maps = specs[0].data.filter(({ type }: { type: string }) => type === "heatmap");
    assertEquals(maps.length, 6);
    for (const { z } of maps) {
      const sum = z.flat().reduce((a: number, b: number) => a + b, 0);
      assert(sum > 0 && sum <= 1.0001, `attention on the image is a share: ${sum}`);
    }
    const titles = specs[0].layout.annotations.map(({ text }: { text: string }) => text);
    assert(titles.filter((text: string) => /^L\dH\d+/.test(text)).length === 6, titles.join());
    assert(!/<script src|https?:\/\/(?!www\.w3\.org)/.test(html), "it loads nothing");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ask tells the words of a question that the model does not know, and no others", async () => {
  const told = async (question: string) =>
    (await corelens("ask", ...page, "--question", question)).err;
  assertMatch(await told("what is the grand total?"), /grand/);
  assert(!/vocabulary|unknown|not know/i.test(await told("which page has the ash?")));
});

Deno.test("ask takes the model that knows most questions, and with a record's heads the one they are of", async () => {
  const heart = ["--image", "data/samples/scene/scene-01-0.png"];
  const asked = ["ask", ...heart, "--question", "where is the red heart?"];
  assertEquals((await corelens(...asked)).out, "a2\n"); // what the sample says; mini misses it
  const sparse = ["--sparse", "data/results/mini/identify", "--full-heads", "1"];
  const { code, out, err } = await corelens(...asked, ...sparse);
  assertEquals(code, 0, err); // scores of another model would be refused
  assertMatch(err, /^mini answers, since --sparse names heads/);
  assertEquals(out, (await corelens(...asked, "--model", "mini")).out);
});
