import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { mapTogether } from "../../lib/inputs/media_loading.ts";
import type { ChatMessage } from "../../lib/inputs/messages.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";

Deno.test("mapTogether: results in order, a few at a time", async () => {
  let running = 0, most = 0;
  const results = await mapTogether([5, 1, 4, 2, 3, 0], async (item) => {
    most = Math.max(most, ++running);
    await new Promise((done) => setTimeout(done, item));
    running--;
    return item * 10;
  });
  assertEquals([results, most], [[50, 10, 40, 20, 30, 0], 4]);
  assertEquals(await mapTogether([], () => Promise.resolve(1)), []);
});

Deno.test("mapTogether: the first failure counts, and all others are awaited", async () => {
  const done: number[] = [];
  const failing = mapTogether([30, 10, 20], async (item) => {
    await new Promise((resolve) => setTimeout(resolve, item));
    done.push(item);
    throw new InputError(`no ${item}`);
  });
  await assertRejects(() => failing, InputError, "no 30");
  assertEquals(done, [10, 20, 30]);
});

Deno.test("several bad images and videos at once are one error that can be caught", async () => {
  const processor = await loadProcessorOf("tests/golden/qwen3_vl");
  const bad = new Uint8Array(9), unhandled: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    unhandled.push(event.reason);
    event.preventDefault();
  };
  addEventListener("unhandledrejection", note);
  try {
    const part = (video: unknown) => ({ type: "video", video });
    const content = [
      { type: "image", image: bad },
      { type: "image", image: "none.png" },
      part(["none-0.png", "none-1.png"]),
      part([bad, bad]),
      { type: "text", text: "?" },
    ];
    const messages = [{ role: "user", content }] as unknown as ChatMessage[];
    await assertRejects(() => processor.prepare(messages), InputError, "not an image");
    await new Promise((done) => setTimeout(done, 50));
  } finally {
    removeEventListener("unhandledrejection", note);
  }
  assertEquals(unhandled, []);
});
