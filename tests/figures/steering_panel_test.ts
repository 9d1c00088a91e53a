import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { steeringPanel, type SteeringPanelData } from "../../lib/figures/steering_panel.ts";
import { testInBrowser } from "../explorer/in_browser.ts";

const data: SteeringPanelData = {
  image: { width: 40, height: 20, data: new Uint8Array(2400) },
  question: "where is the <b>key</b>?",
  places: [{ box: [0, 0, 20, 20], says: "left" }, { box: [20, 0, 40, 20], says: "<i>right" }],
  biases: [-8, 0, 8],
  answers: [0, 1].flatMap((place) =>
    [-8, 0, 8].map((bias) => ({ place, bias, answer: answerOf(place, bias) }))
  ),
};

function answerOf(place: number, bias: number): string {
  if (bias < 0) return "neither";
  return bias > 0 && place === 1 ? "<i>right" : "left";
}

Deno.test("a steering panel has no script, and what it is given is text", () => {
  const page = steeringPanel(data).toPage(), frame = steeringPanel(data).toHtml();
  assert(!/<script|onclick|javascript:/i.test(page));
  assert(!page.includes("<b>key") && !page.includes("<i>right"));
  assert(/<iframe [^>]*\bsandbox style=/.test(frame)); // nothing is allowed in it
  assertEquals(page.match(/type=radio/g)!.length, 2 + 3);
  assertEquals(page.match(/<p class="a\d-\d">/g)!.length, 2 * 3);
});

Deno.test("a steering panel as text: answers under the strongest bias", () => {
  const lines = steeringPanel(data, { caption: "n = 1" }).toText().split("\n");
  assertEquals(lines.slice(1), [
    "where is the <b>key</b>? (bias 8)",
    "steered to the place of left: left",
    "steered to the place of <i>right: <i>right",
    "n = 1",
  ]);
});

Deno.test("a steering panel without an answer, or with a box elsewhere, cannot be drawn", () => {
  const wrong = (change: Partial<SteeringPanelData>, message: string) =>
    assertThrows(() => steeringPanel({ ...data, ...change }), InputError, message);
  wrong({ answers: data.answers.slice(1) }, "no answer for place 0 and bias -8");
  wrong({ places: [{ box: [0, 0, 41, 20], says: "x" }] }, "on an image of 40 x 20 pixels");
  wrong({ places: [{ box: null, says: "x" }] }, "no box");
  wrong({ places: [] }, "places");
});

testInBrowser(
  "in a steering panel a place and a bias are chosen, by mouse and keyboard",
  {},
  () => Promise.resolve(steeringPanel(data).toPage()),
  ".answers",
  async (page) => {
    const shown = () => page.locator(".answers p:visible").allTextContents();
    assertEquals(await shown(), ["It answers left: the right answer to the question."]);
    await page.locator(".image label").nth(1).click();
    assertEquals(await shown(), [
      "It answers <i>right: the answer of the place it looks at.",
    ]);
    await page.locator(".bias label").nth(1).click();
    assertEquals(await shown(), ["It answers left: the right answer to the question."]);
    await page.keyboard.press("ArrowLeft"); // the bias before
    assertEquals(await shown(), [
      "It answers neither: neither that place's answer nor the right one.",
    ]);
  },
);
