import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { oneDecimal } from "../../lib/inputs/rounding.ts";
import {
  checkVideo,
  defaultFrames,
  evenIndices,
  middleFrames,
  patchSeconds,
  spreadFrames,
  steppedFrames,
  temporalPatches,
} from "../../lib/inputs/video.ts";
import { reference } from "./reference.ts";

const rules = {
  spread: spreadFrames,
  stepped: steppedFrames,
  middle: middleFrames,
  default: defaultFrames,
};

Deno.test("frames are sampled as transformers' video processors do", () => {
  for (const [name, total, fps, [wanted, minFrames, maxFrames], indices] of reference.frames) {
    const sampling = { fps: wanted, minFrames, maxFrames };
    const found = rules[name](total, fps, sampling, 2);
    assertEquals(found, [...indices], `${name}: ${total} frames at ${fps}, wanted ${wanted}`);
  }
});

Deno.test("time stamps are those of transformers' Qwen3-VL processor", () => {
  for (const [indices, fps, wanted] of reference.timeStamps) {
    const seconds = temporalPatches(indices, 2).map((patch) => patchSeconds(patch, fps));
    assertEquals(seconds.map(oneDecimal), [...wanted]);
  }
});

Deno.test("every rule: frames exist, ascend, and are as many as asked for", () => {
  const total = fc.integer({ min: 1, max: 200 });
  fc.assert(
    fc.property(total, fc.nat(199), fc.constantFrom(...Object.values(rules)), (n, some, rule) => {
      const count = 1 + some % n;
      const sampling = { fps: null, numFrames: count, minFrames: 1, maxFrames: n };
      const found = rule(n, 30, sampling, 1);
      assertEquals(found.length, count);
      found.forEach((frame, i) => {
        assert(frame >= 0 && frame < n);
        assert(i === 0 || frame >= found[i - 1]);
      });
      const all = { fps: null, minFrames: 1, maxFrames: 1 };
      assertEquals(rule(n, 30, all, 1), Array.from({ length: n }, (_, i) => i));
    }),
  );
});

Deno.test("more frames than there are is an error", () => {
  const sampling = { fps: null, numFrames: 8, minFrames: 1, maxFrames: 99 };
  for (const rule of [steppedFrames, middleFrames, defaultFrames]) {
    assertThrows(() => rule(4, 1, sampling, 2), Error, "Cannot sample 8 frames");
  }
});

Deno.test("evenIndices: first and last frame are in, halves to even", () => {
  assertEquals(evenIndices(6, 3), [0, 2, 5]); // 2.5 goes to 2
  assertEquals(evenIndices(7, 1), [0]);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 500 }), fc.integer({ min: 2, max: 500 }), (n, k) => {
      const found = evenIndices(n, k);
      assertEquals([found[0], found[k - 1], found.length], [0, n - 1, k]);
    }),
  );
});

Deno.test("temporalPatches: all frames in order, the last repeated", () => {
  const indices = fc.array(fc.nat(99), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(indices, fc.integer({ min: 1, max: 4 }), (frames, size) => {
    const patches = temporalPatches(frames, size);
    assert(patches.every((patch) => patch.length === size));
    const flat = patches.flat();
    assertEquals(flat.slice(0, frames.length), frames);
    assert(flat.slice(frames.length).every((frame) => frame === frames[frames.length - 1]));
  }));
});

Deno.test("checkVideo: frames of one size, at a rate", () => {
  const frame = { width: 2, height: 1, data: new Uint8Array(6) };
  const video = { frames: [frame, frame], fps: 2 };
  assertEquals(checkVideo(video), video);
  assertThrows(() => checkVideo({ frames: [], fps: 2 }), Error, "no frames");
  assertThrows(() => checkVideo({ ...video, fps: 0 }), Error, "0 frames per second");
  const tall = { width: 1, height: 2, data: new Uint8Array(6) };
  assertThrows(() => checkVideo({ frames: [frame, tall], fps: 1 }), Error, "frame 1 has 1 x 2");
});
