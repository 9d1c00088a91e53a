import { assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { manuals, manualSections } from "../../lab/pages/manuals.ts";
import { manualSources, readManualText } from "../../tools/fetch_manuals.ts";
import { manualText } from "../../tools/manual_text.ts";
import { SetupError } from "../../tools/setup/command.ts";

const words = "These are the words of a section, ten of them and more.";

const found = (text: string) =>
  manualSections(text).map(({ number, heading, words: own }) => [number, heading, own[0]]);

Deno.test("headings of HTML are found by their numbers, whatever is around and in them", () => {
  const html = `<html><head><title>5.1. Not this</title></head><body><!-- <h2>6.1. Nor this</h2> -->
    <h1>Chapter 5. Rules</h1><div>5.9. A line of text</div>
    <h2 class="title"><a id="x"></a>5.1.&nbsp;Files &#38;\n <code>rules</code></h2><p>${words}</p>
    <h3>5.1.1. What isn&#x2019;t &#8220;quoted&#8221;</h3><p>${words}</p>
    <h3>Note</h3><p>2.2. This is text, and begins no section of its own at all.</p></body></html>`;
  const text = manualText("html", html);
  assertEquals([...text.matchAll(/^\d.*$/gm)].map(([line]) => line), [
    "5.1. Files & rules",
    "5.1.1. What isn't quoted",
  ]);
  assertEquals(found(text), [["5.1.1", "What isn't quoted", "These"]]); // no stroke draws "&"
});

Deno.test("headings of Info are found by the lines below them", () => {
  const info =
    `\x1f\nFile: x.info,  Node: Begin,  Up: Top\n\n2 Beginning\n***********\n\n${words}\n` +
    `\x1f\nFile: x.info,  Node: Start,  Up: Begin\n\n2.1 Using ‘configure’\n=====================\n\n` +
    `${words}\n2.2 of these are no heading.\n\n2.1.1 Naming\n............\n\n${words}\n`;
  assertEquals(found(manualText("info", info)), [
    ["2.1", "Using configure", "These"],
    ["2.1.1", "Naming", "These"],
  ]);
});

Deno.test("a text stays as it is", () => {
  const text = "1.1. It’s so\n\n2.1 Other\n====\n";
  assertEquals(manualText("text", text), text);
});

Deno.test("a manual is read from its files in the order of their names, and none is an error", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/doc`);
  const write = (name: string, text: string) =>
    Deno.writeFile(`${folder}/doc/${name}`, gzipSync(new TextEncoder().encode(text)));
  await write("b.gz", "1.2 Second\n----------\n");
  await write("a.gz", "1.1 First\n---------\n");
  await write("other", "1.3 Third\n---------\n");
  const source = { name: "made", folder: "doc", files: /\.gz$/, format: "info" } as const;
  assertEquals(await readManualText(folder, source), "1.1. First\n\n1.2. Second\n");
  await assertRejects(
    () => readManualText(folder, { ...source, files: /\.txt$/ }),
    SetupError,
    "made: no file /\\.txt$/ in doc",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("every manual has a package, and no package is there twice", () => {
  assertEquals(
    Object.keys(manualSources).sort(),
    [...new Set(Object.values(manuals).flat())].sort(),
  );
  const sums = Object.values(manualSources).map(({ sha256 }) => sha256);
  assertEquals(new Set(sums).size, sums.length);
});
