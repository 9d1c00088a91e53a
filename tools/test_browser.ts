/**
 * Tests the head explorer and the report in a real browser; says what is missing where there is none.
 *
 * @module
 */
import { findChromium, missingChromium } from "../tests/explorer/chromium.ts";
import { repository } from "./setup/command.ts";

if (import.meta.main) {
  const path = findChromium();
  if (path === null) {
    console.error(`Cannot test in a browser: ${missingChromium}`);
    Deno.exit(1);
  }
  console.error(`browser: ${path}`);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--quiet", "--no-check", "--allow-all"],
      ...["tests/explorer/browser_test.ts", "tests/figures/report_browser_test.ts"],
    ],
    cwd: repository,
    env: { CORELENS_CHROMIUM: path },
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  Deno.exit(code);
}
