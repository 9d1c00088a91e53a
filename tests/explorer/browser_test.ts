import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { number, percent } from "../../lib/explorer/client/format.ts";
import { unpackFloats } from "../../lib/explorer/pack.ts";
import { clientScript, clientStyle } from "../../lib/explorer/client_bundle.ts";
import { Explorer } from "../../lib/explorer/explorer.ts";
import { spearman } from "../../lib/stats/rank.ts";
import { explorerPage } from "../../lib/explorer/page.ts";
import type { ExplorerData } from "../../lib/explorer/data.ts";
import { exampleData } from "./example.ts";
import { type Look, testInBrowser } from "./in_browser.ts";

/** Opens an explorer page in Chromium. */
function browserTest(
  name: string,
  look: Look & { readonly layers?: number; readonly heads?: number },
  body: (page: Page, data: ExplorerData) => Promise<void>,
): void {
  const { layers = 6, heads = 8 } = look, data = exampleData(layers, heads);
  const html = async () => explorerPage(await data);
  testInBrowser(name, look, html, ".shares", async (page) => body(page, await data));
}

/** The middle of a head's cell, on the screen. */
async function placeOf(page: Page, head: number): Promise<readonly [x: number, y: number]> {
  const box = (await page.locator(`#head-${head}`).boundingBox())!;
  return [box.x + box.width / 2, box.y + box.height / 2];
}

const chosen = (page: Page) =>
  page.$$eval("[role=gridcell][aria-selected=true]", (cells) => cells.map(({ id }) => id));

browserTest(
  "hovering tells the record's values, for heads and for tokens",
  {},
  async (page, data) => {
    for (const head of [data.ranking[0], data.ranking[20], 0, data.layers * data.heads - 1]) {
      await page.mouse.move(...await placeOf(page, head));
      const name = `L${Math.floor(head / data.heads)}H${head % data.heads}`;
      const line = await page.textContent("#head-readout");
      assert(line!.startsWith(`${name}: RAM ${number(data.maps[0].values[head]!)} [`), line!);
    }
    const sample = data.samples[0], rows = await unpackFloats(sample.rows);
    const head = data.ranking[0];
    await page.mouse.click(...await placeOf(page, head));
    const image = (await page.locator(".image > svg").boundingBox())!;
    const grid = sample.panels[0].grids[0];
    for (const [row, column] of [[0, 0], [1, 1], [3, 2]]) {
      await page.mouse.move(
        image.x + image.width * (column + 0.5) / 4,
        image.y + image.height * (row + 0.5) / 4,
      );
      const value = rows[grid.start + row * grid.stride + column];
      const line = await page.textContent("#token-readout");
      assert(
        line!.startsWith(`row ${row}, column ${column}: ${number(value)} (${percent(value)}`),
        `${line} for ${value}`,
      );
    }
    const [from, to] = sample.evidence[0];
    const onEvidence = rows.subarray(from, to).reduce((a, b) => a + b, 0);
    assertEquals(await page.textContent("[data-share=evidence]"), percent(onEvidence));
  },
);

browserTest(
  "heads are chosen by pointer: one, several, the top, a layer",
  {},
  async (page, data) => {
    const [a, b, c] = data.ranking;
    await page.mouse.click(...await placeOf(page, a));
    assertEquals(await chosen(page), [`head-${a}`]);
    await page.keyboard.down("Shift");
    await page.mouse.click(...await placeOf(page, b));
    await page.keyboard.up("Shift");
    assertEquals((await chosen(page)).sort(), [`head-${a}`, `head-${b}`].sort());
    await page.getByLabel("several").check();
    await page.mouse.click(...await placeOf(page, c));
    await page.mouse.click(...await placeOf(page, a));
    assertEquals((await chosen(page)).sort(), [`head-${b}`, `head-${c}`].sort());
    await page.getByLabel("Choose the top heads of this map").fill("5");
    assertEquals(
      (await chosen(page)).sort(),
      data.ranking.slice(0, 5).map((head) => `head-${head}`).sort(),
    );
    await page.getByRole("button", { name: "Clear" }).click();
    assertEquals(await chosen(page), []);
    const label = (await page.locator("text.layer").nth(2).boundingBox())!;
    await page.mouse.click(label.x + label.width / 2, label.y + label.height / 2);
    assertEquals((await chosen(page)).length, data.heads);
    await page.getByLabel("Value of the head map").selectOption("calibrated");
    await page.getByLabel("Value of the head map").selectOption("sample");
  },
);

browserTest(
  "two maps side by side: heads are chosen and pointed at in both, and their agreement is told",
  {},
  async (page, data) => {
    await page.getByLabel("A second map beside it").selectOption("beside-score");
    const grids = page.locator("svg[role=grid]");
    assertEquals(await grids.count(), 2);
    const [left, right] = await Promise.all([0, 1].map((i) => grids.nth(i).boundingBox()));
    assert(right!.x >= left!.x + left!.width && Math.abs(right!.y - left!.y) < 40, "side by side");
    const head = 13, name = `L1H5`, [first, , other] = data.maps;
    await page.locator(`#beside-${head}`).hover();
    for (const [readout, map] of [["#head-readout", first], ["#beside-readout", other]] as const) {
      const line = await page.textContent(readout);
      assert(line!.startsWith(`${name}: ${map.label} ${number(map.values[head]!)}`), line!);
    }
    await page.locator(`#beside-${head}`).click();
    assertEquals(await chosen(page), [`head-${head}`, `beside-${head}`]);
    assert((await page.textContent(".heads"))!.includes("another model on made up; n = 9"));
    const count = 2,
      top = (map: typeof first) =>
        [...map.values.keys()].sort((a, b) => map.values[b]! - map.values[a]! || a - b)
          .slice(0, count);
    const both = top(first).filter((one) => top(other).includes(one)).length;
    const rank = spearman(first.values as number[], other.values as number[]);
    const told = await page.textContent(".agreement");
    assert(told!.startsWith(`Rank correlation ${rank.toFixed(2)}; of the top 2 of each ${both} `));
    assert(page.url().includes("beside=beside-score"));
    const ids = await page.$$eval("[id]", (all) => all.map(({ id }) => id));
    assertEquals(new Set(ids).size, ids.length);
    await page.setViewportSize({ width: 390, height: 844 });
    assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  },
);

browserTest("everything works by keyboard", {}, async (page, data) => {
  const reached: string[] = [];
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement?.getAttribute("role") ?? ""));
  }
  assert(reached.includes("grid") && reached.includes("img"), reached.join());
  await page.locator("svg[role=grid]").focus();
  const start = data.ranking[0];
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const layer = Math.floor(start / data.heads);
  assertEquals(await chosen(page), [`head-${layer * data.heads + 1}`]);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+Enter");
  assertEquals((await chosen(page)).length, 2);
  await page.keyboard.press("l");
  assertEquals((await chosen(page)).length, data.heads);
  await page.keyboard.press("]");
  assert((await page.textContent(".count"))!.includes("2 of 3"));
  await page.keyboard.press("[");
  await page.keyboard.press("s");
  assert(await page.getByLabel("sinks").isChecked());
  await page.keyboard.press("e");
  assertEquals(await page.locator("path.evidence").count(), 0);
  await page.keyboard.press("o");
  assertEquals(
    await page.getByRole("button", { name: "Smooth" }).getAttribute("aria-pressed"),
    "true",
  );
  await page.getByRole("button", { name: "best 2" }).press("Enter");
  await page.locator(".image > svg").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  const read = await page.textContent("#token-readout");
  assert(read!.startsWith("row 1, column 1:"), read!);
});

browserTest(
  "query rows, images, overlay and ablation follow what is chosen",
  {},
  async (page, data) => {
    await page.mouse.click(...await placeOf(page, data.ranking[0]));
    const before = await page.textContent("[data-share=evidence]");
    await page.getByRole("radio", { name: "it", exact: true }).click();
    assert(before !== await page.textContent("[data-share=evidence]"));
    const sample = data.samples[0], rows = await unpackFloats(sample.rows);
    const row = rows.subarray((sample.means + 2) * sample.tokens).subarray(0, sample.tokens);
    const [from, to] = sample.evidence[0];
    assertEquals(
      await page.textContent("[data-share=evidence]"),
      percent(row.subarray(from, to).reduce((a, b) => a + b, 0)),
    );
    await page.getByLabel("Sample", { exact: true }).last().selectOption({ index: 1 });
    await page.waitForSelector(".strip");
    const slider = page.getByLabel("Image", { exact: true });
    assertEquals(await slider.inputValue(), "2"); // the frame that holds the evidence
    await slider.press("ArrowLeft");
    assertEquals(await page.locator(".frames [aria-pressed=true]").textContent(), "1.0 s");
    await page.getByRole("button", { name: "Off" }).click();
    assertEquals(await page.locator(".image > svg > g:not([fill]) rect").count(), 0);
    await page.getByRole("button", { name: "best 2" }).click();
    assert((await page.locator(".bars").textContent())!.includes("without these20%"));
    assert((await page.locator(".bars").textContent())!.includes("only these70%"));
    assert((await page.locator(".finding").textContent())!.includes("−0.700"));
    await page.getByLabel("Sample", { exact: true }).last().selectOption({ index: 2 });
    assert(await page.locator(".tokens .token.evidence").first().isVisible()); // evidence in text
    await page.locator(".tokens .token.evidence").first().hover();
    assert((await page.locator(".text .readout").textContent())!.includes("evidence"));
    const asked = page.locator(".tokens .source", { hasText: "where" });
    await asked.click(); // a word of the question becomes the row
    assertEquals(await page.locator(".tokens .chosen").textContent(), "where");
    const chip = page.getByRole("radio", { name: "where", exact: true });
    assertEquals(await chip.getAttribute("aria-checked"), "true");
    await asked.click();
    assertEquals(await page.locator(".tokens .chosen").count(), 0);
  },
);

browserTest("a link restores the view", {}, async (page, data) => {
  await page.getByLabel("Sample", { exact: true }).last().selectOption({ index: 1 });
  await page.mouse.click(...await placeOf(page, 5));
  await page.getByRole("button", { name: "Smooth" }).click();
  await page.getByRole("button", { name: "Dark" }).click();
  await page.getByLabel("sinks").check();
  const url = page.url(),
    state = async (on: Page) => [
      await chosen(on),
      await on.textContent(".count"),
      await on.getByLabel("sinks").isChecked(),
      await on.locator(".explorer.dark").count(),
      await on.getByRole("button", { name: "Smooth" }).getAttribute("aria-pressed"),
    ];
  const wanted = await state(page);
  assertEquals(wanted[0], ["head-5"]);
  const again = await page.context().newPage();
  await again.goto(url);
  await again.waitForSelector(".shares, .note");
  assertEquals(await state(again), wanted);
  await again.goto(`${url.split("#")[0]}#heads=L99H1,<b>&sample=nothing&row=-4&image=99&map=x`);
  await again.reload();
  assertEquals(await again.textContent(".count"), `1 of ${data.samples.length}`);
});

browserTest("figures are saved as SVG and PNG, complete in themselves", {}, async (page) => {
  for (const place of [".map", ".image"]) {
    for (const kind of ["SVG", "PNG"]) {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.locator(place).getByRole("button", { name: kind }).click(),
      ]);
      assert(download.suggestedFilename().endsWith(`.${kind.toLowerCase()}`));
      const bytes = await Deno.readFile(await download.path());
      if (kind === "SVG") {
        const text = new TextDecoder().decode(bytes);
        assert(text.startsWith("<svg") && text.includes('xmlns="http://www.w3.org/2000/svg"'));
        assert(!/href="(?!data:)/.test(text));
      } else {
        const width = new DataView(bytes.buffer).getUint32(16);
        assert(bytes[1] === 0x50 && width >= 1200, `${width} pixels`);
      }
    }
  }
});

browserTest("390 pixels, dark and touch: nothing sticks out, and a finger chooses", {
  width: 390,
  height: 844,
  colorScheme: "dark",
  hasTouch: true,
}, async (page, data) => {
  assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  assertEquals(await page.locator(".explorer.dark").count(), 1);
  const small = await page.$$eval(
    "button, select, input:not([type=checkbox]):not([type=range])",
    (all) =>
      all.filter((one) => one.getBoundingClientRect().height < 24).map((one) => one.textContent),
  );
  assertEquals(small, []);
  await page.touchscreen.tap(...await placeOf(page, data.ranking[3]));
  assertEquals(await chosen(page), [`head-${data.ranking[3]}`]);
});

browserTest("1,152 heads: there within a second, and a move of the mouse costs under 16 ms", {
  layers: 36,
  heads: 32,
}, async (page) => {
  // seconds of the main thread, not of the clock: other work on the machine does not count
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")!.value;
  };
  const before = await busy();
  await page.reload();
  await page.waitForSelector(".shares");
  const loading = await busy() - before;
  assert(loading > 0.001 && loading < 1, `${loading} s of work to open`);
  const map = (await page.locator("svg[role=grid]").boundingBox())!, moves = 120;
  const start = await busy(), lines = new Set<string | null>();
  for (let i = 0; i < moves; i++) {
    await page.mouse.move(
      map.x + map.width * (0.1 + 0.85 * (i * 37 % moves) / moves),
      map.y + map.height * (0.05 + 0.8 * (i * 91 % moves) / moves),
    );
    if (i % 20 === 0) lines.add(await page.textContent("#head-readout"));
  }
  const move = (await busy() - start) / moves;
  assert(lines.size > 3, "every move is followed");
  assert(move < 0.016, `${move} s a move`);
  console.log(
    `    open ${Math.round(1e3 * loading)} ms, a move ${(1e3 * move).toFixed(1)} ms of work`,
  );
});

browserTest("the accessibility tree names every control", {}, async (page, data) => {
  const nameless = await page.$$eval(
    "button, select, input, [role=grid], [role=img], [tabindex='0']",
    (all) =>
      all.filter((one) =>
        !(one.getAttribute("aria-label") || one.textContent?.trim() ||
          one.closest("label")?.textContent)
      ).map((one) => one.outerHTML.slice(0, 80)),
  );
  assertEquals(nameless, []);
  assertEquals(await page.getByRole("gridcell").count(), data.layers * data.heads);
  assertEquals(await page.getByRole("row").count() >= data.layers, true);
  for (const name of ["Heads", "Sample", "What happens to the answer"]) {
    assertEquals(await page.getByRole("region", { name, exact: true }).count(), 1);
  }
  const ids = await page.$$eval("[id]", (all) => all.map(({ id }) => id));
  assertEquals(new Set(ids).size, ids.length);
});

browserTest(
  "as an ES module it draws for anywidget, and goes away again",
  {},
  async (page, data) => {
    const other = await page.context().newPage();
    await other.setContent("<div id='cell'></div>");
    const found = await other.evaluate(async ([source, style, json]) => {
      const sheet = document.createElement("style");
      sheet.textContent = style;
      document.head.append(sheet);
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      const { default: widget } = await import(url);
      const el = document.getElementById("cell")!;
      const traits: Record<string, unknown> = { data: json, heads: [[1, 2]] };
      const heard: (() => void)[] = [], saved: string[] = [];
      const model = {
        get: (name: string) => traits[name],
        set: (name: string, value: unknown) => traits[name] = value,
        save_changes: () => saved.push(JSON.stringify(traits["heads"])),
        on: (_: string, act: () => void) => heard.push(act),
        off: (_: string, act: () => void) => heard.splice(heard.indexOf(act), 1),
      };
      const clean = widget.render({ model, el });
      const wait = () => new Promise((resolve) => setTimeout(resolve, 100));
      const chosen = () => [...el.querySelectorAll("[aria-selected=true]")].map(({ id }) => id);
      await wait();
      const title = el.querySelector("h1")?.textContent, first = chosen();
      traits["heads"] = [[0, 1], [0, 2]];
      heard.forEach((act) => act());
      await wait();
      const second = chosen();
      (el.querySelector(".facts button") as HTMLButtonElement).click();
      await wait();
      clean();
      return [title, first, second, saved, heard.length, el.childElementCount, location.hash];
    }, [clientScript, clientStyle, JSON.stringify(data)]);
    const names = (...heads: number[]) => heads.map((head) => `head-${head}`);
    assertEquals(found, [
      data.title,
      names(data.heads + 2),
      names(1, 2),
      ["[[0,2]]"],
      0,
      0,
      "",
    ]);
  },
);

browserTest("in a notebook's frame everything works, saving too", {}, async (page, data) => {
  const notebook = await page.context().newPage(), problems: string[] = [];
  notebook.on("console", (message) => problems.push(message.text()));
  notebook.on("pageerror", (error) => problems.push(error.message));
  await notebook.setContent(new Explorer(data).toHtml());
  const frame = notebook.frameLocator("iframe");
  await frame.locator(".shares").waitFor();
  await frame.getByRole("button", { name: "best 2" }).click();
  await frame.getByRole("button", { name: "Smooth" }).click();
  assertEquals(await frame.getByRole("button", { name: "Copy link" }).count(), 0);
  const [download] = await Promise.all([
    notebook.waitForEvent("download"),
    frame.locator(".image").getByRole("button", { name: "PNG" }).click(),
  ]);
  assertEquals((await Deno.readFile(await download.path()))[1], 0x50);
  assertEquals(problems, []);
});
