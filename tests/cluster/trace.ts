/**
 * Loaded before the command line (`deno run --preload`): notes each unit that is computed, before it
 * goes into a journal, in a file that the environment names; and makes units as slow as those of a
 * model that is not tiny, so that kills meet them.
 *
 * @module
 */
import { Journal } from "../../lib/experiments/journal.ts";

const path = Deno.env.get("CORELENS_TEST_TRACE")!;
const add = Journal.prototype.add;
Journal.prototype.add = async function (key, entry) {
  Deno.writeTextFileSync(path, `${key}\n`, { append: true });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await add.call(this, key, entry);
};
