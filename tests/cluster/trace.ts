/**
 * Loaded before the command line (`deno run --preload`): notes each unit that is computed, before it
 * goes into a journal, in a file that the environment names; and makes units as slow as those of a
 * model that is not tiny (100 ms more, or as the environment says), so that kills meet them.
 *
 * @module
 */
import { Journal } from "../../lib/experiments/journal.ts";

const path = Deno.env.get("CORELENS_TEST_TRACE")!;
const slowness = Number(Deno.env.get("CORELENS_TEST_SLOWNESS") ?? 100);
const add = Journal.prototype.add;
Journal.prototype.add = async function (key, entry) {
  Deno.writeTextFileSync(path, `${key}\n`, { append: true });
  await new Promise((resolve) => setTimeout(resolve, slowness));
  await add.call(this, key, entry);
};
