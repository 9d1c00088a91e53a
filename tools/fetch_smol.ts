/**
 * Gets the language model that `--model smol` and notebook 08 use, once.
 * @module
 */
import { say, SetupError } from "./setup/command.ts";
import { setUpSmol } from "./setup/smol.ts";

if (import.meta.main) {
  try {
    say(`SmolLM2-135M-Instruct: ${await setUpSmol()}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`SmolLM2-135M-Instruct: missing, because ${error.message}. All else works without it.`);
    Deno.exit(1);
  }
}
