/** Kernel tests on our operations as they are compiled for another processor. */
import { buildForProcessor } from "../../tools/setup/processor.ts";
import { exists, repository, run } from "../../tools/setup/command.ts";
import { findCompilers } from "../../tools/setup/compiler.ts";
import { type Counts, testCounts } from "../../tools/ok.ts";

/** Why operations cannot be compiled here; null where they can. */
async function problem(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "not Linux on x86-64";
  if (!await exists(`${repository}/.native/include`)) return "`deno task setup` did not run";
  return (await findCompilers()).length === 0 ? "no C++ compiler is installed" : null;
}

const reason = await problem();

/** What runs with the compiled operations. */
export interface BuiltOperations {
  /** Environment in which programs use them. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs the tests of `tests/backend/native_test.ts` whose names match an expression. */
  tests(names: string): Promise<{ ok: boolean; stdout: string; counts: Counts | null }>;
}

/**
 * A test with our operations compiled for a processor; ignored, with the reason, where there is none to
 * compile them.
 *
 * @param march as `deno task native --march` takes it
 * @param softwareTiles whether matrix registers are imitated
 * @param env what else programs find in their environment
 */
export function testBuiltFor(
  name: string,
  { march, softwareTiles = false, env = {} }: {
    readonly march: string;
    readonly softwareTiles?: boolean;
    readonly env?: Readonly<Record<string, string>>;
  },
  body: (built: BuiltOperations) => Promise<void>,
): void {
  Deno.test({
    name: name + (reason ? ` (${reason})` : ""),
    ignore: reason !== null,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await buildForProcessor(march, folder, softwareTiles);
        const whole = { ...Deno.env.toObject(), CORELENS_NATIVE: folder, ...env, NO_COLOR: "1" };
        const tests = async (names: string) => {
          const { ok, stdout } = await run(Deno.execPath(), [
            ...["test", "--quiet", "--frozen", "--no-check", "--allow-all"],
            ...["--filter", names, "tests/backend/native_test.ts"],
          ], { env: whole });
          return { ok, stdout, counts: testCounts(stdout) };
        };
        await body({ env: whole, tests });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
