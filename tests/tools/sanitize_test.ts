import { assertMatch } from "@std/assert";
import { sanitize, sanitizeProblem } from "../../tools/setup/sanitize.ts";

const problem = await sanitizeProblem();

Deno.test({
  name: "our operations pass the sanitizers, and fail as they should without memory" +
    (problem === null ? "" : ` (${problem})`),
  ignore: problem !== null,
  fn: async () => {
    const { report } = await sanitize({ calls: 5000, seed: 1 });
    assertMatch(report, /^5\d{3} calls, \d+ refused, 0 wrong$/);
  },
});
