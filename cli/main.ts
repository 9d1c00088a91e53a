/**
 * The entry point of the command line: `deno task corelens <command> [options]`.
 *
 * Exit codes: 0 success; 2 a mistake in the arguments or the input, told in one line; 1 anything else.
 * @module
 */
import { InputError, nearestNames } from "../lib/common/errors.ts";
import { packageVersion } from "../lib/common/package.ts";
import { checkNeeds, type Command, helpOf, parseCommand } from "./command.ts";
import { runCommands } from "./run_commands.ts";
import { lastWords, protectConsole } from "./terminal.ts";

/** Commands by name, each loaded when it is called. */
export const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  doctor: () => import("./doctor.ts"),
  info: () => import("./info.ts"),
  ask: () => import("./ask.ts"),
  encode: () => import("./encode.ts"),
  forward: () => import("./forward.ts"),
  generate: () => import("./generate.ts"),
  ...runCommands,
  heads: () => import("./heads.ts"),
  explore: () => import("./explore.ts"),
  plan: () => import("./plan.ts"),
  work: () => import("./work.ts"),
  submit: () => import("./submit.ts"),
  status: () => import("./status.ts"),
  merge: () => import("./merge.ts"),
};

async function overview(): Promise<string> {
  const rows = await Promise.all(
    Object.values(commands).map(async (load) => {
      const { command } = await load();
      return `  ${command.name.padEnd(12)} ${command.summary}`;
    }),
  );
  return [
    "corelens: find, test and use the attention heads that retrieve",
    "",
    "Commands",
    ...rows,
    "",
    "Help on one: deno task corelens <command> --help",
  ].join("\n");
}

/** Runs one command line and returns its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const [first, second, ...others] = args;
    // "help NAME" is "NAME --help"
    const asksHelp = first === "help" && second !== undefined;
    const [name, ...rest] = asksHelp ? [second, ...others, "--help"] : args;
    if (name === undefined || ["help", "--help", "-h"].includes(name)) {
      console.log(await overview());
      return 0;
    }
    if (["version", "--version", "-V"].includes(name)) {
      console.log(`corelens ${packageVersion}`);
      return 0;
    }
    if (!Object.hasOwn(commands, name)) {
      const near = nearestNames(name, Object.keys(commands), 1)[0];
      throw new InputError(`Unknown command "${name}"; nearest: ${near}`);
    }
    const { command: named } = await commands[name]();
    const command = await named.within?.(rest[0]) ?? named;
    const parsed = parseCommand(command, command === named ? rest : rest.slice(1));
    if (parsed.flag("help")) console.log(helpOf(command));
    else {
      checkNeeds(command, parsed);
      await command.run(parsed);
    }
    return 0;
  } catch (error) {
    const { text, code } = lastWords(error, Boolean(variable("CORELENS_TRACE")));
    console.error(text);
    return code;
  }
}

/** A variable of the environment; undefined also where it may not be read. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** Ends this process soon after its launcher was killed, so that no run goes on unseen. */
function endWithLauncher(): void {
  const launcher = Deno.ppid;
  if (variable("CORELENS_LAUNCHER") !== `${launcher}`) return;
  const watch = setInterval(() => {
    if (Deno.ppid !== launcher) Deno.exit(1);
  }, 1000);
  Deno.unrefTimer(watch);
}

/** Ends the program on an error that no command caught, also one that nobody waited for. */
function fail(error: unknown): never {
  const { text, code } = lastWords(error, Boolean(variable("CORELENS_TRACE")));
  console.error(text);
  Deno.exit(code);
}

if (import.meta.main) {
  protectConsole();
  endWithLauncher();
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
  Deno.exit(await main(Deno.args));
}
