/**
 * Runs all checks one after the other: format, lint, types, documentation, tests, examples in the
 * documentation, notebooks. The last line is `N passed, N failed`: the test runner's counts, and one
 * failure for each other check that does not pass.
 * @module
 */
import { repository, run, say } from "./setup/command.ts";

/** Tests that passed and failed. */
export interface Counts {
  /** Number of tests that passed. */
  readonly passed: number;
  /** Number of tests that failed. */
  readonly failed: number;
}

/** One check. */
interface Check {
  /** What is checked. */
  readonly name: string;
  /** Arguments for Deno. */
  readonly args: readonly string[];
}

/** The files behind the package's exports. */
function entries(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync(`${repository}/deno.json`));
  return Object.values<string>(exports);
}

const checks: readonly Check[] = [
  // without notebooks: `deno fmt --check` 2.9.6 rejects every notebook; tools/check_notebooks.ts compares
  // (`--ignore` would replace the exclusions of deno.json)
  {
    name: "format",
    args: [
      ...[
        "fmt",
        "--check",
        "bench",
        "cli",
        "docs",
        "lab",
        "lib",
        "tests",
        "tools",
        "notebooks/README.md",
      ],
      ...["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "deno.json"],
    ],
  },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "types", args: ["check", "--quiet", "lib", "lab", "cli", "tools", "tests", "bench"] },
  {
    name: "documentation",
    args: ["doc", "--lint", "--quiet", ...entries(), "lab/mod.ts"],
  },
  {
    name: "tests",
    args: [
      ...["test", "--quiet", "--frozen", "--no-check", "--allow-all"],
      ...["--preload=./tests/suites/fixed_seed.ts", "tests"],
    ],
  },
  {
    name: "examples in the documentation",
    args: [
      "test",
      "--quiet",
      "--frozen",
      "--allow-all",
      "--doc",
      "lib",
      "lab",
      "cli",
      "CONTRIBUTING.md",
    ],
  },
  { name: "notebooks", args: ["run", "--quiet", "--allow-all", "tools/check_notebooks.ts"] },
  {
    name: "notebooks, executed",
    args: ["run", "--quiet", "--allow-all", "tools/reproduce.ts", "--where-jupyter"],
  },
  {
    name: "notebooks, executed with a model of another family",
    args: [
      ...["run", "--quiet", "--allow-all", "tools/reproduce.ts", "--where-jupyter"],
      ...["--model", "tests/golden/llava", "--only", "01,02,03"],
    ],
  },
];

/**
 * The counts in the summary line of a test run, for example `ok | 19 passed | 0 failed (4s)`; null
 * when there is none.
 */
export function testCounts(output: string): Counts | null {
  const lines = [...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed .*?\| (\d+) failed/gm)];
  const last = lines.at(-1);
  return last ? { passed: Number(last[1]), failed: Number(last[2]) } : null;
}

/** What one check adds to the sum: a check that fails without a failed test counts as one. */
export function addedCounts(succeeded: boolean, output: string): Counts {
  const { passed, failed } = testCounts(output) ?? { passed: 0, failed: 0 };
  return { passed, failed: succeeded ? failed : Math.max(failed, 1) };
}

/** Passes a stream on to standard error and keeps its text. */
async function copy(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    await Deno.stderr.write(bytes);
    text += decoder.decode(bytes, { stream: true });
  }
  return text;
}

/** Runs one check and shows what it prints. */
async function runCheck({ name, args }: Check): Promise<Counts> {
  say(`\n== ${name}`);
  const start = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: repository,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, , { success }] = await Promise.all([
    copy(child.stdout),
    copy(child.stderr),
    child.status,
  ]);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  say(`== ${name}: ${success ? "passed" : "FAILED"} (${seconds} s)`);
  return addedCounts(success, stdout);
}

/** One line that says on which backend the tests run. */
async function backendInUse(): Promise<string> {
  const program = `import { backendLine, useBackend } from "./lib/backend/select.ts";
    const backend = await useBackend();
    const [missing] = backend.missing;
    console.log("Tests run on " + backendLine(backend) +
      (missing ? ", slower than native TensorFlow: " + missing.reason : ""));`;
  const { stdout, stderr } = await run(Deno.execPath(), ["eval", "--quiet", program]);
  return stdout.trim() || stderr.trim();
}

if (import.meta.main) {
  say(await backendInUse());
  let passed = 0, failed = 0;
  for (const check of checks) {
    const counts = await runCheck(check);
    passed += counts.passed;
    failed += counts.failed;
  }
  say("");
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}
