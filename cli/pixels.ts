/**
 * Options that say how large images are for a model.
 *
 * @module
 */
import type { ProcessorOverrides } from "../lib/inputs/processor_overrides.ts";
import type { Arguments, Options } from "./command.ts";

/** Options of commands that show images to a model. */
export const pixelOptions: Options = {
  "min-pixels": { type: "string", value: "N", help: "minimum pixels of an image (Qwen-VL models)" },
  "max-pixels": { type: "string", value: "N", help: "maximum pixels of an image (Qwen-VL models)" },
};

/** Settings of the processor that the options ask for. */
export function overridesOf(args: Arguments): ProcessorOverrides {
  const pixels = (name: string) =>
    args.text(name) === undefined ? undefined : args.integer(name, 1, 1);
  const [minPixels, maxPixels] = [pixels("min-pixels"), pixels("max-pixels")];
  return {
    ...(minPixels === undefined ? {} : { minPixels }),
    ...(maxPixels === undefined ? {} : { maxPixels }),
  };
}
