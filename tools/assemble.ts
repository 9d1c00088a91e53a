/**
 * Assembles SmolLM2 and the vision tower trained for it into the LLaVA checkpoint that `--model smol-vision` and
 * notebook 09 use. Needs `deno task smol` once.
 *
 *     deno task assemble [--vision-tower data/models/smollm2-vision-tower] [--out data/models/smol-vision]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InputError } from "../lib/common/errors.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import { assembleLlava } from "../lab/training/assemble_llava.ts";
import { say } from "./setup/command.ts";

if (import.meta.main) {
  const models = join(dataFolder(), "models");
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      base: { type: "string", default: "smol" },
      "vision-tower": { type: "string", default: join(models, "smollm2-vision-tower") },
      out: { type: "string", default: join(models, "smol-vision") },
    },
  });
  try {
    await assembleLlava(shippedOrGiven(values.base), values["vision-tower"], values.out);
    say(`SmolLM2 with a vision tower: ${values.out}`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(`${error.message}. All else works without it.`);
    Deno.exit(1);
  }
}
