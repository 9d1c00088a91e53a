/**
 * Starts the command line with the permissions that its arguments need; see `permissions.ts`.
 *
 * `deno task corelens` runs this file. Relative paths begin where the user stands, although tasks
 * run in the repository's folder.
 *
 * @module
 */
import { pathOfFileAddress } from "../lib/common/file_address.ts";
import { permissionFlags, PermissionMistake } from "./permissions.ts";
import { stoppedLine } from "./stopped.ts";

/** Where relative paths begin. */
function startFolder(): string {
  return Deno.env.get("INIT_CWD") || Deno.cwd();
}

async function launch(args: readonly string[]): Promise<number> {
  const root = pathOfFileAddress(new URL("../", import.meta.url).href)!;
  const repository = root.replace(/(.)\/$/, "$1");
  const cwd = startFolder();
  let flags: string[];
  try {
    const environment = (name: string) => Deno.env.get(name) || undefined;
    flags = permissionFlags(args, { repository, cwd, environment });
  } catch (error) {
    if (!(error instanceof PermissionMistake)) throw error;
    console.error(`corelens: ${error.message}`);
    return 2;
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      `--config=${repository}/deno.json`,
      ...flags,
      `${repository}/cli/main.ts`,
      ...args,
    ],
    cwd,
    env: { CORELENS_LAUNCHER: `${Deno.pid}` },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // Control-C reaches the child too, whose answer counts; other signals go to the launcher only.
  let interrupted = false;
  Deno.addSignalListener("SIGINT", () => interrupted = true);
  if (Deno.build.os !== "windows") {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => {
        try {
          child.kill(signal);
        } catch {
          // it has ended
        }
      });
    }
  }
  const { code } = await child.status;
  const line = interrupted && code !== 0 ? stoppedLine(args, cwd) : null;
  if (line !== null) console.error(line);
  return code;
}

if (import.meta.main) Deno.exit(await launch(Deno.args));
