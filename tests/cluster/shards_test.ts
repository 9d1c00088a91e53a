import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { cutShards } from "../../lib/cluster/shards.ts";
import { groupsOf } from "../../lib/experiments/media_order.ts";

const units = fc.array(
  fc.record({
    seconds: fc.double({ min: 0.1, max: 100, noNaN: true }),
    media: fc.array(fc.constantFrom(..."abcdefghijklmnop"), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
);

Deno.test("every unit is in one shard, and what shares media stays together", () => {
  fc.assert(
    fc.property(units, fc.double({ min: 1, max: 300, noNaN: true }), (given, seconds) => {
      const shards = cutShards(given, seconds);
      assertEquals(shards.flat().sort((a, b) => a - b), [...given.keys()]);
      const place = new Map(shards.flatMap((shard, k) => shard.map((i) => [i, k])));
      for (const [i, { media }] of given.entries()) {
        for (const [j, other] of given.entries()) {
          if (media.some((path) => other.media.includes(path))) {
            assertEquals(place.get(i), place.get(j));
          }
        }
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});

Deno.test("a shard takes no longer than wanted, but for a group that cannot be cut", () => {
  fc.assert(
    fc.property(units, (given) => {
      const groups = groupsOf(given);
      const longest = Math.max(
        ...groups.map((group) => group.reduce((sum, i) => sum + given[i].seconds, 0)),
      );
      for (const shard of cutShards(given, 200)) {
        const seconds = shard.reduce((sum, i) => sum + given[i].seconds, 0);
        assert(seconds <= Math.max(200, longest) * 1.001);
      }
    }),
    { seed: 2, numRuns: 100 },
  );
});
