import { assert, assertEquals } from "@std/assert";
import { domainNames } from "../../../lab/synthetic/domains.ts";
import { madeSamples } from "../../../lab/synthetic/made_samples.ts";
import { imagesOf } from "../../../lib/data/sample.ts";

Deno.test("every domain has its samples, and other seeds give others", () => {
  const samples = madeSamples(3), others = madeSamples(3, { first: 3 });
  assertEquals(samples.length, 3 * domainNames.length);
  assertEquals(madeSamples(3).map(({ id }) => id), samples.map(({ id }) => id));
  const ids = new Set([...samples, ...others].map(({ id }) => id));
  assertEquals(ids.size, 2 * samples.length);
});

Deno.test("a video shows every image in two frames, so that no temporal patch mixes two", () => {
  for (const sample of madeSamples(1, { images: 3 })) {
    const frames = imagesOf(sample);
    assertEquals(frames.length, sample.video ? 6 : 3);
    if (!sample.video) continue;
    for (let i = 0; i < frames.length; i += 2) assert(frames[i] === frames[i + 1]);
  }
});
