import { assertEquals } from "@std/assert";
import { addedCounts, testCounts } from "../../tools/ok.ts";

Deno.test("the counts are those of the test runner's last summary", () => {
  assertEquals(testCounts("ok | 19 passed | 0 failed (4s)\n"), { passed: 19, failed: 0 });
  assertEquals(
    testCounts("x ... ok (1ms)\n\nFAILED | 871 passed (45 steps) | 2 failed (2m22s)\n"),
    { passed: 871, failed: 2 },
  );
  assertEquals(testCounts("3 notebooks checked, 0 problems\n"), null);
});

Deno.test("a check that fails without a failed test counts as one failure", () => {
  assertEquals(addedCounts(true, ""), { passed: 0, failed: 0 });
  assertEquals(addedCounts(false, "error: Type checking failed"), { passed: 0, failed: 1 });
  assertEquals(addedCounts(false, "FAILED | 5 passed | 2 failed (1s)"), { passed: 5, failed: 2 });
  assertEquals(addedCounts(true, "ok | 5 passed | 0 failed (1s)"), { passed: 5, failed: 0 });
});
