import { assert, assertEquals } from "@std/assert";
import { jupyterDisplay } from "../../lib/figures/figure.ts";
import { HtmlBlock } from "../../lib/figures/html_block.ts";
import { assertSound, hostile } from "./helpers.ts";

Deno.test("title and caption are escaped, the content stays as it is", () => {
  const block = new HtmlBlock({
    title: hostile,
    caption: hostile,
    body: "<p>body</p>",
    text: "body",
  });
  assertSound(block);
  assert(block.toHtml().includes("<p>body</p>"));
  assertEquals(Object.keys(block[jupyterDisplay]()), ["text/html", "text/plain"]);
});

Deno.test("without title and caption only the content shows", () => {
  const block = new HtmlBlock({ body: "<p>body</p>", text: "body" });
  assertSound(block);
  assertEquals(block.toText(), "body");
  assert(!block.toHtml().includes("figcaption"));
});
