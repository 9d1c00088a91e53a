import { assertEquals } from "@std/assert";
import { answersOf, imagesOf } from "../../lib/data/sample.ts";

const picture = { width: 1, height: 1, data: new Uint8Array(3) };

Deno.test("imagesOf: images, or the frames of a video", () => {
  assertEquals(imagesOf({ images: [picture, picture] }).length, 2);
  assertEquals(imagesOf({ video: { frames: [picture], fps: 2 } }), [picture]);
});

Deno.test("answersOf: one answer or several", () => {
  assertEquals(answersOf({ answer: "a" }), ["a"]);
  assertEquals(answersOf({ answer: ["a", "b"] }), ["a", "b"]);
});
