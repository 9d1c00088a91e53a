/**
 * Our operations under the address and undefined-behaviour sanitizers: `tools/sanitize/harness.cc`.
 * @module
 */
import { join } from "node:path";
import {
  attentionShapes,
  linearSizes,
  normShapes,
  rotateShapes,
  rowShapes,
} from "../../tests/suites/kernel_shapes.ts";
import { findCompilers } from "./compiler.ts";
import { exists, lastLine, repository, run, SetupError } from "./command.ts";

/** What to check. */
export interface SanitizeOptions {
  /** Processor to compile for; this machine's by default. */
  readonly march?: string;
  /** Whether matrix registers are imitated, so that what needs them is checked anywhere. */
  readonly softwareTiles?: boolean;
  /** Random calls after those of the kernel suite. */
  readonly calls: number;
  /** Seed of the random calls. */
  readonly seed: number;
}

/** Shapes of the kernel suite, one call in a line. */
function shapeLines(): string {
  return [
    ...linearSizes.map((sizes) => ["linear", ...sizes]),
    ...normShapes.map((shape) => ["norm", ...shape]),
    ...rotateShapes.map((shape) => ["rotate", ...shape]),
    ...attentionShapes.map(({ query, keyHeads, runs }) => [
      "attention",
      ...query,
      keyHeads,
      ...runs.flat(),
    ]),
    ...rowShapes.map(({ heads, headDim, lengths }) => ["rows", heads, headDim, ...lengths]),
  ].map((line) => line.join(" ") + "\n").join("");
}

/** Arguments that compile the harness. */
function harnessArguments(include: string, march: string, target: string): string[] {
  return [
    // as the operations are compiled, but for speed
    ...["-O1", `-march=${march}`, "-ffp-contract=fast", "-fno-math-errno", "-std=c++17", "-w"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"],
    ...["-pthread", "-I", include, join(repository, "tools", "sanitize", "harness.cc")],
    ...["-o", target],
  ];
}

/** Why the operations cannot be checked here; null where they can. */
export async function sanitizeProblem(): Promise<string | null> {
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") return `not on ${os} ${arch}`;
  if (!await exists(join(repository, ".native", "include"))) return "`deno task setup` did not run";
  const [compiler] = await findCompilers();
  if (!compiler) return "no C++ compiler is installed";
  const probe = await Deno.makeTempDir();
  try {
    const source = join(probe, "probe.cc");
    await Deno.writeTextFile(source, "int main() { return 0; }\n");
    const flags = ["-fsanitize=address,undefined", source, "-o", join(probe, "probe")];
    const { ok } = await run(compiler.program, [...compiler.args, ...flags]);
    return ok ? null : `${compiler.name} has no sanitizers`;
  } finally {
    await Deno.remove(probe, { recursive: true });
  }
}

/**
 * Compiles the operations with sanitizers and runs them.
 *
 * @returns whether nothing was found, and the lines that say what
 * @throws {SetupError} where they cannot be compiled
 */
export async function sanitize(
  { march = "native", calls, seed, softwareTiles = false }: SanitizeOptions,
): Promise<{ readonly ok: boolean; readonly report: string }> {
  const problem = await sanitizeProblem();
  if (problem) throw new SetupError(`Cannot check the operations: ${problem}`);
  const [compiler] = await findCompilers();
  const folder = await Deno.makeTempDir();
  try {
    const program = join(folder, "harness");
    const args = harnessArguments(join(repository, ".native", "include"), march, program);
    if (softwareTiles) args.push("-DCORELENS_SOFTWARE_TILES");
    const { ok, stderr } = await run(compiler.program, [...compiler.args, ...args]);
    if (!ok) throw new SetupError(`Cannot compile the harness: ${lastLine(stderr)}`);
    const child = new Deno.Command(program, {
      args: [String(calls), String(seed)],
      // tensors are counted call by call; the pool's threads and what they keep live to the end
      env: { ASAN_OPTIONS: "detect_leaks=0" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(shapeLines()));
    await writer.close();
    const output = await child.output();
    const report = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { ok: output.success, report: report.join("").trim() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
