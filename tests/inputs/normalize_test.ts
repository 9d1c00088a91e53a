import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { levelTable } from "../../lib/inputs/normalize.ts";

const config = {
  doRescale: true,
  rescaleFactor: 1 / 255,
  doNormalize: true,
  imageMean: [0.48145466, 0.4578275, 0.40821073],
  imageStd: [0.26862954, 0.26130258, 0.27577711],
};

Deno.test("levelTable: (level / 255 - mean) / deviation, for each channel", () => {
  fc.assert(fc.property(fc.nat(2), fc.nat(255), (channel, level) => {
    const wanted = (level / 255 - config.imageMean[channel]) / config.imageStd[channel];
    assertAlmostEquals(levelTable(config)[256 * channel + level], wanted, 1e-6);
  }));
});

Deno.test("levelTable: steps that are switched off are left out", () => {
  const plain = levelTable({ ...config, doRescale: false, doNormalize: false });
  assertEquals([plain[0], plain[200], plain[767]], [0, 200, 255]);
  const scaled = levelTable({ ...config, doNormalize: false });
  assertAlmostEquals(scaled[255], 1, 1e-6);
  const centred = levelTable({ ...config, doRescale: false });
  assertAlmostEquals(centred[10], (10 - config.imageMean[0]) / config.imageStd[0], 1e-4);
});

Deno.test("levelTable: rises with the level", () => {
  const table = levelTable(config);
  for (let i = 1; i < table.length; i++) assert(i % 256 === 0 || table[i] > table[i - 1]);
});
