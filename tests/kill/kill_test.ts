import { Random } from "../../lib/stats/random.ts";
import { changesFor } from "./changes.ts";
import { killedDownload } from "./download.ts";
import { series } from "./series.ts";

/** A few series of a command, drawn by a seed; `many.ts` draws as many as one likes. */
function killed(command: "identify" | "ablate" | "accelerate", names: readonly string[]): void {
  for (const name of names) {
    Deno.test(`${command} killed, then ${name}: undisturbed bytes, or refused with what changed`, async () => {
      const change = changesFor(command).find((one) => one.name === name);
      if (!change) throw new Error(`no change ${name}`);
      await series(command, change, new Random(`kill ${command} ${name}`), 2);
    });
  }
}

killed("identify", ["nothing", "another image under the same name", "a null query"]);
killed("ablate", ["ids moved by one", "other weights of the same size and time"]);
killed("accelerate", ["another question"]);

Deno.test("a download that is killed ends with every file whole, and nothing left over", async () => {
  await killedDownload(new Random("kill download"), 2);
});
