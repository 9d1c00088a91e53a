/**
 * Our numbers with heads removed, for the check of `python/corelens.py`: for each golden checkpoint
 * the logits, the outputs of all heads and the tokens of a run without some heads.
 *
 *     deno run -A tests/suites/masked_logits.ts FOLDER
 *
 * @module
 */
import { intervene } from "../../lib/causal/intervene.ts";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import { generate } from "../../lib/model/generate.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { formulaCheckpoint } from "./formula_weights.ts";
import { goldenCase, goldenCases, goldenDir, goldenNames, modelIn } from "./golden.ts";

/** Tokens that each masked run generates. */
const newTokens = 12;

/**
 * Writes `FAMILY.safetensors` for every golden checkpoint, and FastVLM's checkpoint, whose weights are a formula, into
 * a folder of that family's name.
 */
export async function writeMaskedLogits(folder: string): Promise<void> {
  const made = await formulaCheckpoint("fast_vlm", {}, "F32", `${folder}/fast_vlm`);
  for (const family of [...goldenNames, "gemma3", "fast_vlm"]) {
    const cases = goldenCases(family);
    const name = cases.includes("image") ? "image" : "two_images";
    const { inputs, json } = await goldenCase(family, name);
    const pairs = json["ablated_heads"] as [number, number][];
    const model = await modelIn(family === "fast_vlm" ? made : goldenDir(family));
    try {
      const { numHiddenLayers: layers, numAttentionHeads: heads, headDim } = model.config.text;
      const masked = zeroHeads(pairs.map(([layer, head]) => ({ layer, head })));
      const prompt = { inputIds: inputs.inputIds };
      const points = Array.from({ length: layers }, (_, layer) => `blocks.${layer}.attn.z`);
      const result = await model.forward(inputs, {
        logits: "all",
        attention: intervene(model, [masked], prompt),
        capture: { names: points },
      });
      const ids: number[] = [];
      const attention = intervene(model, [masked], prompt);
      const options = { maxNewTokens: newTokens, stopTokenIds: [], attention };
      for await (const { id } of generate(model, inputs, options)) ids.push(id);
      const z = points.flatMap((point) => [...result.captured.get(point)![0].data]);
      await writeSafetensors(`${folder}/${family}.safetensors`, {
        logits: result.logits!,
        z: { shape: [layers, inputs.inputIds.length, heads, headDim], data: Float32Array.from(z) },
        generated: { shape: [ids.length], data: Int32Array.from(ids) },
        heads: { shape: [pairs.length, 2], data: Int32Array.from(pairs.flat()) },
      }, { case: name });
    } finally {
      model.dispose();
    }
  }
}

if (import.meta.main) await writeMaskedLogits(Deno.args[0]);
