import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { clientDigest, clientScript, clientStyle } from "../../lib/explorer/client_bundle.ts";
import { scriptJson } from "../../lib/common/inline_source.ts";
import { explorerPage } from "../../lib/explorer/page.ts";
import { Explorer } from "../../lib/explorer/explorer.ts";
import { jupyterDisplay } from "../../lib/figures/figure.ts";
import { clientDigest as sourceDigest } from "../../tools/build_explorer.ts";
import { exampleData } from "./example.ts";

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

Deno.test("the bundle is that of the client's sources: else run deno task explorer", async () => {
  assertEquals(clientDigest, await sourceDigest());
});

Deno.test("the policy allows the page's own script and style, images in it, and nothing else", async () => {
  const page = explorerPage(await exampleData(4, 4));
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)!;
  assertEquals(policy.split("; "), [
    "default-src 'none'",
    `script-src ${hash(/<script type="module">(.*?)<\/script>/s.exec(page)![1])}`,
    `style-src ${hash(/<style>(.*?)<\/style>/s.exec(page)![1])}`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  assert(page.indexOf("Content-Security-Policy") < page.indexOf("<style>"));
});

Deno.test("nothing is loaded, and no text is run as code", async () => {
  const page = explorerPage(await exampleData(4, 4));
  const namespaces = /http:\/\/www\.w3\.org\/(2000\/svg|1999\/(xlink|xhtml)|1998\/Math\/MathML)/g;
  assertEquals(page.replace(namespaces, "").match(/https?:\/\//g), null);
  for (
    const call of [/\beval\s*\(/, /\bFunction\s*\(/, /\bfetch\s*\(/, /XMLHttpRequest/, /WebSocket/]
  ) {
    assert(!call.test(clientScript), String(call));
  }
  assert(!/@import|url\(/.test(clientStyle));
});

Deno.test("no name or text gets out of the data block", async () => {
  const data = await exampleData(2, 2);
  const nasty = fc.string({
    unit: fc.constantFrom(
      ...[
        "</script>",
        "<!--",
        "-->",
        "<script>",
        "]]>",
        "\u2028",
        "\u2029",
        "\0",
        "\x1b",
        "\r",
        "\n",
      ],
      ...['"', "'", "\\", "&lt;", "<", ">", "&", "é", "漢", "\u{1f600}", "\ud800", "</title>", "a"],
    ),
    maxLength: 12,
  });
  fc.assert(
    fc.property(nasty, nasty, nasty, (title, question, piece) => {
      const [first, ...rest] = data.samples;
      const texts = [{ start: 0, pieces: [piece] }];
      const given = {
        ...data,
        title,
        samples: [{ ...first, id: piece, question, texts }, ...rest],
      };
      const page = explorerPage(given);
      assertEquals(page.match(/<script/gi)!.length, 2);
      assertEquals(page.match(/<\/script/gi)!.length, 2);
      assertEquals(page.match(/<\/title/gi)!.length, 1);
      const block = /id="corelens-data">(.*)<\/script>\n<script type="module">/s.exec(page)![1];
      // deno-lint-ignore no-control-regex
      assert(!/[<>&\u0000-\u001f\u2028\u2029]/.test(block));
      assertEquals(JSON.parse(block), JSON.parse(JSON.stringify(given)));
    }),
    { numRuns: 200 },
  );
  assertEquals(JSON.parse(scriptJson({ a: "</script>" })), { a: "</script>" });
});

Deno.test("in a notebook the page stands in a frame without rights over the notebook", async () => {
  const shown = new Explorer(await exampleData(2, 2), 500);
  const html = String(shown[jupyterDisplay]()["text/html"]);
  assert(/^<iframe [^<>]*><\/iframe>$/.test(html));
  assert(html.includes('sandbox="allow-scripts allow-downloads"') && html.includes("height:500px"));
});
