/**
 * The safetensors files that commands write.
 *
 * @module
 */
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import { type TensorToWrite, writeSafetensors } from "../lib/weights/safetensors_write.ts";
import type { Arguments, Options } from "./command.ts";
import { checkOutput } from "./outputs.ts";

/** The option that names the file. */
export const outOption: Options = {
  out: { type: "string", value: "FILE", help: "safetensors file to write" },
};

/** The file of `--out`, which can be written. */
export async function outFile(args: Arguments): Promise<string> {
  const out = args.required("out");
  await checkOutput(out, "file");
  return out;
}

/** Tensors of a prompt under Hugging Face's names, without a batch axis. */
export function inputTensors(inputs: ModelInputs): Record<string, TensorToWrite> {
  const tokens = inputs.inputIds.length;
  const axes = inputs.positionIds.length / tokens;
  return {
    input_ids: { data: inputs.inputIds, shape: [tokens] },
    position_ids: { data: inputs.positionIds, shape: axes === 1 ? [tokens] : [axes, tokens] },
    ...inputs.media,
  };
}

/** Writes tensors and says their names and shapes, as text or JSON. */
export async function writeTensors(
  args: Arguments,
  out: string,
  tensors: Readonly<Record<string, TensorToWrite>>,
): Promise<void> {
  await writeSafetensors(out, tensors);
  const shapes = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape }]) => [name, shape]),
  );
  if (args.flag("json")) return console.log(JSON.stringify({ out, tensors: shapes }));
  for (const [name, shape] of Object.entries(shapes)) {
    console.log(`${name.padEnd(22)} [${shape.join(", ")}]`);
  }
}
