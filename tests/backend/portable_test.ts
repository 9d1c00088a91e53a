import { assertEquals } from "@std/assert";
import { portableKernels } from "../../lib/backend/portable.ts";
import { currentBackend, useBackend } from "../../lib/backend/select.ts";
import { kernelSuite } from "../suites/kernel_suite.ts";

async function portable() {
  if (!currentBackend()) await useBackend("auto");
  return portableKernels();
}

kernelSuite("portable", portable);

Deno.test("portable kernels compute in float32 and say so", async () => {
  const k = await portable();
  assertEquals([k.name, k.computeDType], ["portable", "float32"]);
});
