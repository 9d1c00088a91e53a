import { assert, assertEquals } from "@std/assert";
import { explorerPage } from "../../lib/explorer/page.ts";
import { bars } from "../../lib/figures/bars.ts";
import { headMap } from "../../lib/figures/head_map.ts";
import { report } from "../../lib/figures/report.ts";
import { table } from "../../lib/figures/table.ts";
import { exampleData } from "../explorer/example.ts";
import { testInBrowser } from "../explorer/in_browser.ts";

const values = Array.from({ length: 12 }, (_, i) => (i % 5) / 5);

/** A report with two figures, a wide table and an explorer far below. */
async function page(): Promise<string> {
  const words = Array.from({ length: 14 }, (_, i) => [`column number ${i}`, i]);
  return report([
    { heading: "Claims" },
    { heading: "One", level: 2, badge: { text: "in agreement", tone: "good" } },
    {
      figure: headMap({ shape: [3, 4], values }, { title: "RAM" }),
      id: "own",
      caption: "n = 3 samples",
    },
    bars(["a", "b"], [{ name: "right", values: [{ value: 0.5 }, { value: 1 }] }], {
      title: "Right answers",
      valueTitle: "accuracy",
    }),
    table([Object.fromEntries(words)]),
    { markdown: "Text.\n\n".repeat(80) },
    { heading: "Explorer" },
    { pageTitle: "The head explorer", page: explorerPage(await exampleData(4, 4)) },
  ], { title: "Report", facts: [["Model", "mini"]] });
}

testInBrowser(
  "the report: plotly and explorer are unpacked as they come into view, under its policy",
  { width: 1280 },
  page,
  "#own.plotted",
  async (shown) => {
    assertEquals(await shown.locator("iframe").count(), 0, "not before it is near");
    assert(await shown.locator("#own .js-plotly-plot").isVisible());
    assert(!await shown.locator("#own .corelens-figure").isVisible());
    await shown.locator("#own .js-plotly-plot .nsewdrag").first().hover();
    await shown.waitForSelector("#own .hoverlayer .hovertext");
    await shown.getByRole("link", { name: "Explorer" }).click();
    const explorer = shown.frameLocator("iframe");
    await explorer.locator(".shares").waitFor();
    assertEquals(await explorer.getByRole("gridcell").count(), 16);
    await explorer.locator("#head-0").hover();
    assert((await explorer.locator("#head-readout").textContent())!.startsWith("L0H0: RAM"));
    await shown.emulateMedia({ media: "print" });
    assert(await shown.locator("#own .corelens-figure").isVisible(), "paper shows the drawing");
    assert(!await shown.locator("#own .plot").isVisible());
    assert(await shown.locator(".only-print").isVisible());
  },
);

testInBrowser(
  "the report at 390 pixels, dark: whole drawings, and a wide table says that it goes on",
  { width: 390, height: 844, colorScheme: "dark" },
  page,
  ".entry",
  async (shown) => {
    assertEquals(await shown.evaluate(() => document.documentElement.scrollWidth), 390);
    await shown.waitForTimeout(300);
    assertEquals(await shown.locator(".plotted").count(), 0);
    const drawing = (await shown.locator("#own img").boundingBox())!;
    assert(drawing.x >= 0 && drawing.x + drawing.width <= 390, "nothing of it is cut");
    assertEquals(await shown.locator(".scrolls").count(), 1);
    const ground = await shown.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assertEquals(ground, "rgb(15, 20, 25)");
  },
);
