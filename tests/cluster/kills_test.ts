import { assertEquals } from "@std/assert";
import { killedRun, undisturbed } from "./kills.ts";

Deno.test("three workers, killed at random moments: merged to the bytes of one process", async () => {
  const folder = await Deno.makeTempDir({ prefix: "corelens-cluster-" });
  try {
    await undisturbed(folder);
    assertEquals(await killedRun(folder, 1, 3) > 0, true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
