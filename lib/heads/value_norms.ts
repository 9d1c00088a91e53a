/**
 * How much there is to fetch from each token: the length of its value in the residual stream.
 *
 * @module
 */
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { ModelInputs } from "../model/model_inputs.ts";

/**
 * Length of what each token's value becomes in the residual stream, |W_O[l, n] v[l, n, j]|:
 * `[L, N, S]` row by row. Times the attention it is what a head brings from a token (Kobayashi et al.
 * 2020, Attention is Not Only a Weight); the rule `value-weighted` scores by it. One pass. Where a norm
 * follows the attention (Gemma), its gain is applied and its divisor, one for each query and the same
 * for all heads of a layer, is not.
 */
export async function valueNorms(model: AnyModel, inputs: ModelInputs): Promise<Float32Array> {
  const network = networkOf(model), { kernels: k, decoder, config: { text } } = network;
  const { numAttentionHeads: heads, numKeyValueHeads, headDim, numHiddenLayers: layers } = text;
  const tokens = inputs.inputIds.length;
  const norms = new Float32Array(layers * heads * tokens);
  const { captured } = await network.forward(inputs, {
    capture: { names: ["blocks.*.attn.v"] },
    logits: "none",
  });
  for (let layer = 0; layer < layers; layer++) {
    const { data } = captured.get(`blocks.${layer}.attn.v`)![0];
    const weight = (name: string) => decoder.weights.get(`layers.${layer}.${name}.weight`);
    const output = weight("self_attn.o_proj");
    const gain = text.sandwichNorms ? weight("post_attention_layernorm") : null;
    for (let head = 0; head < heads; head++) {
      const group = Math.floor(head / (heads / numKeyValueHeads));
      const squares = k.keep(k.scope(() => {
        const values = k.tensor(data, [tokens, numKeyValueHeads * headDim]);
        const own = k.slice(values, [0, group * headDim], [-1, headDim]);
        const part = k.slice(output, [0, head * headDim], [-1, headDim]); // [D, H]
        const plain = k.cast(k.matMul(own, part, { transposeB: true }), "float32"); // [S, D]
        const written = gain ? k.mul(plain, gain) : plain;
        return k.sum(k.mul(written, written), 1);
      }));
      const lengths = (await k.read(squares)).map(Math.sqrt);
      k.dispose(squares);
      norms.set(lengths, (layer * heads + head) * tokens);
    }
  }
  return norms;
}
