import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { quickRun } from "../../../lab/training/quick_run.ts";

const { backend } = await useBackend("auto");

if (backend === "tensorflow" || backend === "webgpu") {
  Deno.test("a quick run from nothing answers held-out contexts far above chance", async () => {
    const { accuracy, chance } = await quickRun();
    assert(accuracy > chance + 0.4, `${accuracy} against ${chance}`);
  });
} else {
  Deno.test(`on ${backend}, where a whole quick run takes long, its first steps learn nothing yet`, async () => {
    const steps: number[] = [];
    const { accuracy, chance } = await quickRun((step) => steps.push(step), 10);
    assertEquals(steps.map((step) => step - steps[0]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertAlmostEquals(accuracy, chance, 0.3); // nothing learnt yet
  });
}
