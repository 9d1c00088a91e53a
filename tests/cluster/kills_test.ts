import { assertEquals } from "@std/assert";
import { killedRun, type PlannedCommand, undisturbed } from "./kills.ts";

/** Commands, each with a seed (an odd one: several workers for a shard) and a number of kills. */
const cases: readonly (readonly [PlannedCommand, number, number])[] = [
  ["identify", 1, 2],
  ["ablate", 2, 1],
  ["accelerate", 4, 1],
];

for (const [command, seed, kills] of cases) {
  Deno.test(`${command}: three workers, killed at random moments, come to the record of one process`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "corelens-cluster-" });
    try {
      await undisturbed(folder, command);
      assertEquals((await killedRun(folder, command, seed, kills)).killed > 0, true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
