/**
 * Gets a real language model once: `smol` (SmolLM2-135M-Instruct), `qwen`
 * (Qwen2.5-Coder-0.5B-Instruct), `qwen-1.5b` (the same of 1.5B) or `gemma` (Gemma 3 270M).
 * @module
 */
import { say, SetupError } from "./setup/command.ts";
import { fetchModel } from "./setup/fetch.ts";
import { fetchedModels, type FetchedName } from "./setup/fetched_models.ts";

if (import.meta.main) {
  const [name, ...more] = Deno.args;
  const names = Object.keys(fetchedModels);
  if (!names.includes(name) || more.length > 0) {
    say(`Cannot fetch ${Deno.args.join(" ") || "nothing"}: wanted one of ${names.join(", ")}`);
    Deno.exit(2);
  }
  const { title } = fetchedModels[name as FetchedName];
  try {
    say(`${title}: ${await fetchModel(name as FetchedName)}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${title}: missing, because ${error.message}. All else works without it.`);
    Deno.exit(1);
  }
}
