import { assert } from "@std/assert";
import { useBackend } from "../../lib/backend/select.ts";
import { quickRun } from "../../lib/training/quick_run.ts";

await useBackend("auto");

Deno.test("a quick run from nothing answers held-out contexts far above chance", async () => {
  const { accuracy, chance } = await quickRun();
  assert(accuracy > chance + 0.4, `${accuracy} against ${chance}`);
});
