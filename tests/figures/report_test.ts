import { assert, assertEquals, assertThrows } from "@std/assert";
import { sourceHash } from "../../lib/common/inline_source.ts";
import { InputError } from "../../lib/common/errors.ts";
import { headMap } from "../../lib/figures/head_map.ts";
import { plotlyScript, report } from "../../lib/figures/report.ts";
import { table } from "../../lib/figures/table.ts";
import { assertBalanced, assertClean, hostile, unpacked } from "./helpers.ts";

const figure = headMap({ shape: [1, 2], values: [0.2, 0.5] }, { title: hostile });

/** The scripts that run, and what the policy says of scripts. */
const scriptsOf = (page: string) => ({
  run: [...page.matchAll(/<script(?: type="module")?>(.*?)<\/script>/gs)].map(([, text]) => text),
  policy: / script-src ([^;]*);/.exec(page)?.[1].split(" "),
});

const markup = (page: string) =>
  page.replace(/<script[^>]*>.*?<\/script>/gs, "").replace(/<style>.*?<\/style>/s, "")
    .replace(/<link [^>]*>/, "");

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
  const specs = unpacked(page, 'class="corelens-spec"');
  assertEquals(specs.map((text) => JSON.parse(text)), [figure.toSpec()]);
  assertBalanced(markup(page));
});

Deno.test("without plotly the page has no script that runs", () => {
  const page = report([figure], { title: "t", plotly: "none" });
  assertEquals(scriptsOf(page), { run: [], policy: ["'none'"] });
  assert(page.includes('<img src="data:image/svg+xml,'));
});

Deno.test("with plotly inline the page loads nothing, and its policy names its scripts alone", () => {
  const page = report([figure], { title: "t" }), { run, policy } = scriptsOf(page);
  assert(page.length < 2_500_000);
  assertEquals(unpacked(page, 'id="corelens-plotly"'), [plotlyScript()]);
  assertEquals(policy, [...run, plotlyScript()].map(sourceHash));
  assert(page.includes("default-src 'none'; ") && page.includes("base-uri 'none'"));
  assert(!/<script src|<link (?!rel="icon" href="data:,")|https?:\/\/(?!www\.w3\.org)/.test(page));
});

Deno.test("contents, facts, captions, links, problems and pages stand where they belong", () => {
  const inner = '<!doctype html><script type="module">go(1)</script>';
  const page = report([
    { heading: "Claims", badge: { text: "2 of 3", tone: "good" } },
    { heading: `One ${hostile}`, level: 2 },
    {
      figure: table([{ a: 1 }]),
      id: "own",
      caption: `n = 4 ${hostile}`,
      links: [{ text: hostile, href: `x"y<` }],
    },
    { heading: "Notebooks" },
    {
      markdown:
        "Heads that _look_ at `z`, [next](01_next.ipynb), [bad](javascript:alert(1)).\n\n- a\n- b",
    },
    { problem: `It failed ${hostile}`, details: hostile },
    { pageTitle: `Explorer ${hostile}`, page: inner, caption: hostile },
  ], { title: "t", facts: [["model", hostile]], footer: hostile });
  assertClean(page);
  assertBalanced(markup(page));
  const nav = /<nav.*<\/nav>/s.exec(page)![0];
  assertEquals([...nav.matchAll(/href="#(part-\d)"/g)].map(([, id]) => id), [
    "part-1",
    "part-2",
    "part-3",
  ]);
  for (const [, id] of nav.matchAll(/href="#(part-\d)"/g)) assert(page.includes(`id="${id}"`));
  assert(
    /<li><a href="#part-1">.*<ol><li><a href="#part-2">.*<\/ol><\/li><li><a href="#part-3">/s.test(
      nav,
    ),
  );
  assert(/id="own".*<strong>Figure 1\.<\/strong> n = 4/s.test(page));
  assert(page.includes('<em>look</em> at <code>z</code>, <a href="01_next.ipynb">next</a>'));
  assert(!page.includes('href="javascript') && page.includes("<ul><li>a</li><li>b</li></ul>"));
  assertEquals(unpacked(page, 'class="corelens-page"'), [inner]);
  assert(scriptsOf(page).policy!.includes(sourceHash("go(1)")), "the frame takes over the policy");
});

Deno.test("an empty report is refused", () => {
  assertThrows(() => report([], { title: "t" }), InputError, "0 items");
});
