import { assertEquals } from "@std/assert";
import { stoppedLine } from "../../cli/stopped.ts";
import { journalName } from "../../lib/experiments/run_folder.ts";

Deno.test("a run that was stopped says where its results are, where it has any", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["identify", "--dataset", "shipped", "--out", "runs/a"];
    assertEquals(stoppedLine(args, folder), null);
    await Deno.mkdir(`${folder}/runs/a`, { recursive: true });
    assertEquals(stoppedLine(args, folder), null);
    await Deno.writeTextFile(`${folder}/runs/a/${journalName}`, "{}");
    const line =
      "stopped: results so far are kept in runs/a, and the same command goes on from there";
    assertEquals(stoppedLine(args, folder), line);
    assertEquals(stoppedLine(["ask", "--image", "runs/a"], folder), null);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
