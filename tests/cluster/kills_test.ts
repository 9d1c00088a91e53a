import { assertEquals } from "@std/assert";
import { killedRun, type PlannedCommand, undisturbed } from "./kills.ts";

/** Commands with a seed each: of one worker for a shard, and of several. */
const cases: readonly (readonly [PlannedCommand, number])[] = [
  ["identify", 1],
  ["ablate", 2],
  ["accelerate", 4],
];

for (const [command, seed] of cases) {
  Deno.test(`${command}: three workers, killed at random moments, come to the record of one process`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "corelens-cluster-" });
    try {
      await undisturbed(folder, command);
      assertEquals((await killedRun(folder, command, seed, 2)).killed > 0, true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
