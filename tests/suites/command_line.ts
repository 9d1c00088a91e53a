/**
 * Runs the command line for tests: here, or in a process of its own where exit codes, standard streams
 * or start-up are what is tested.
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { main } from "../../cli/main.ts";
import { repository } from "./program.ts";

/** What one command line left behind. */
export interface CommandOutcome {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
}

/** Runs one command line in this process; modules and backend stay loaded from one to the next. */
export async function corelens(...args: string[]): Promise<CommandOutcome> {
  const { log, error } = console;
  let out = "", err = "";
  console.log = (text) => void (out += `${text}\n`);
  console.error = (text) => void (err += `${text}\n`);
  try {
    return { code: await main(args), out, err };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** Runs one command line in a process of its own. */
export async function corelensProcess(...args: string[]): Promise<CommandOutcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${repository}cli/main.ts`, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Runs a command once for each mistake in its options, and checks the exit code and the message. */
export async function assertRefused(
  line: readonly string[],
  mistakes: readonly (readonly [options: readonly string[], message: RegExp])[],
): Promise<void> {
  for (const [options, message] of mistakes) {
    const { code, err } = await corelens(...line, ...options);
    assertEquals(code, 2, err);
    assertMatch(err, message);
  }
}

/** Plans a command into a folder, works on every shard, and merges; every step has to succeed. */
export async function runInShards(line: readonly string[], folder: string): Promise<void> {
  const done = async (...args: string[]) => {
    const { code, err } = await corelens(...args);
    assertEquals(code, 0, err);
  };
  await done("plan", ...line, "--out", folder, "--shard-minutes", "0.001");
  const shards = (await Deno.readTextFile(`${folder}/shards.jsonl`)).trim().split("\n").length;
  for (let shard = 0; shard < shards; shard++) {
    await done("work", folder, "--shard", String(shard));
  }
  await done("merge", folder);
}

/** Checks that files of two records are the same to the letter. */
export function assertSameFiles(found: string, wanted: string, files: readonly string[]): void {
  for (const file of files) {
    const [own, other] = [found, wanted].map((at) => Deno.readTextFileSync(`${at}/${file}`));
    assertEquals(own, other, file);
  }
}
