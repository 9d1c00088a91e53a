import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { contactSheet } from "../../lib/figures/contact_sheet.ts";
import { assertSound, hostile, plainPicture } from "./helpers.ts";

Deno.test("a sample shows its pictures, evidence, question and answers", () => {
  const sheet = contactSheet([{
    pictures: [plainPicture(8, 4), plainPicture(4, 4)],
    boxes: [{ picture: 0, box: [4, 0, 8, 2] }],
    label: "scene-1",
    question: "What is left of the cup?",
    answer: "key",
    given: [
      { name: "whole model", answer: "key", right: true },
      { name: "without core heads", answer: "cup", right: false },
      { name: "other", answer: "pen" },
    ],
  }], { title: "Samples" });
  assertSound(sheet);
  const html = sheet.toHtml();
  assertEquals(html.match(/<img /g)?.length, 2);
  assert(html.includes("left:50%;top:0%;width:50%;height:50%"));
  assertEquals(
    sheet.toText(),
    "Samples\nscene-1 | What is left of the cup? | answer: key | whole model: ✓ key | " +
      "without core heads: ✗ cup | other: pen",
  );
});

Deno.test("hostile texts are shown as they are", () => {
  const sheet = contactSheet([{
    pictures: [plainPicture(2, 2)],
    label: hostile,
    question: hostile,
    answer: hostile,
    given: [{ name: hostile, answer: hostile, right: false }],
  }], { title: hostile, caption: hostile });
  assertSound(sheet);
});

Deno.test("sheets without samples or pictures are refused", () => {
  assertThrows(() => contactSheet([]), InputError, "0 samples");
  assertThrows(() => contactSheet([{ pictures: [] }]), InputError, "0 pictures");
});
