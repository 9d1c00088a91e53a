import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  escapeHtml,
  formatInterval,
  formatNumber,
  formatPercent,
  plotlyText,
  shorten,
  wrapLines,
} from "../../lib/figures/text.ts";
import { hostile } from "./helpers.ts";

Deno.test("escaped HTML holds no markup and reads the same when unescaped", () => {
  const names: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  fc.assert(fc.property(fc.string(), (text) => {
    const escaped = escapeHtml(text);
    assert(!/[<>"']/.test(escaped));
    assertEquals(escaped.replace(/&([a-z]+|#39);/g, (_, name) => names[name]), text);
  }));
});

Deno.test("plotly sees neither tags, templates nor formulas in a text", () => {
  assertEquals(
    plotlyText(hostile),
    '&lt;script&gt;alert("x")&lt;/script&gt;&lt;b&gt;&amp;\'%&#123;x}&#36;y&#36;',
  );
  assertEquals(plotlyText("a\r\nb\u0007"), "a<br>b ");
  fc.assert(fc.property(fc.string(), (text) => {
    const safe = plotlyText(text);
    assert(!/%\{|\$/.test(safe) && !/[<>]/.test(safe.replaceAll("<br>", "")));
  }));
});

Deno.test("wrapped lines keep every word and the width", () => {
  fc.assert(fc.property(
    fc.array(fc.stringMatching(/^[a-z]{1,15}$/)),
    fc.integer({ min: 4, max: 30 }),
    (words, width) => {
      const lines = wrapLines(words.join(" "), width);
      assert(lines.every((line) => line.length <= width));
      assertEquals(lines.join("").replaceAll(" ", ""), words.join(""));
    },
  ));
  assertEquals(wrapLines("a\nb", 10), ["a", "b"]);
});

Deno.test("numbers have three digits, a real minus sign and no noise", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [0.1 + 0.2, "0.3"],
    [-0.00321, "−0.00321"],
    [12.345, "12.3"],
    [123456, "123,456"],
    [1.5e-7, "1.50e−7"],
    [2.5e9, "2.50e9"],
    [-1234, "−1,234"],
  ];
  for (const [value, text] of cases) assertEquals(formatNumber(value), text);
  assertEquals(formatPercent(0.9999), "100%");
  assertEquals(formatPercent(-0.021), "−2.1%");
  assertEquals(formatInterval(0.5, 0.4, 0.6), "0.5 [0.4, 0.6]");
  assertEquals(formatInterval(0.5), "0.5");
});

Deno.test("shortened texts count characters, not code units", () => {
  assertEquals(shorten("abcdef", 4), "abc…");
  assertEquals(shorten("頭頭頭", 3), "頭頭頭");
  assertEquals([...shorten("😀😀😀😀", 3)].length, 3);
});
