import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headMap } from "../../lib/figures/head_map.ts";
import { plotlyScript, report } from "../../lib/figures/report.ts";
import { table } from "../../lib/figures/table.ts";
import { assertBalanced, assertClean, hostile } from "./helpers.ts";

const figure = headMap({ shape: [1, 2], values: [0.2, 0.5] }, { title: hostile });

Deno.test("a page holds every figure as a drawing and as data", () => {
  const page = report(
    [{ heading: hostile, text: `One.\n\n${hostile}` }, figure, table([{ a: 1 }])],
    {
      title: hostile,
      intro: hostile,
      plotly: "plotly.min.js",
    },
  );
  assertClean(page);
  assert(page.includes('<script src="plotly.min.js"></script>'));
  const specs = [...page.matchAll(/<script type="application\/json"[^>]*>(.*?)<\/script>/gs)];
  assertEquals(specs.length, 1);
  assertEquals(JSON.parse(specs[0][1]), figure.toSpec());
  assertBalanced(
    page.replace(/<script[^>]*>.*?<\/script>/gs, "").replace(/<style>.*?<\/style>/s, ""),
  );
});

Deno.test("without plotly the page has no script that runs", () => {
  const page = report([figure], { title: "t", plotly: "none" });
  assert(!/<script>|<script src/.test(page));
  assert(page.includes('<img src="data:image/svg+xml,'));
});

Deno.test("with plotly inline the page loads nothing", () => {
  const page = report([figure], { title: "t" });
  assert(page.length > 3_000_000 && page.includes("plotly.js v"));
  assert(!/<script src|<link/.test(page.slice(page.lastIndexOf("</section>"))));
  assertEquals(page.match(/<\/script>/g)?.length, page.match(/<script[ >]/g)?.length);
  assert(plotlyScript().includes("newPlot"));
});

Deno.test("an empty report is refused", () => {
  assertThrows(() => report([], { title: "t" }), InputError, "0 items");
});
