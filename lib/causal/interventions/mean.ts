/**
 * Mean ablation: a head gives its mean output over a reference set, whatever it sees.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { headIndex } from "../../common/head_id.ts";
import { quoted } from "../../common/text.ts";
import { type HeadMeans, meanHeadOutputs } from "../head_outputs.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";

/** The head's mean output over a reference set, from `meanHeadOutputs`. */
export const mean: InterventionKind<[over: HeadMeans]> = interventionKind({
  kind: "mean",
  summary: "the head's mean output over a reference set",
  promptForm: {
    name: "mean",
    summary: "the head's mean output over this prompt",
    make: async (model, prompt) => mean(await meanHeadOutputs(model, "this prompt", [prompt])),
  },
}, (over: HeadMeans) => ({
  parameters: { over },
  check({ grid }) {
    const [layers, heads] = over.shape;
    if (layers === grid.layers && heads === grid.heads) return;
    throw new InputError(
      `Cannot use the means over ${quoted(over.name)}: they are of ${layers} layers with ` +
        `${heads} heads, the model has ${grid.layers} with ${grid.heads}`,
    );
  },
  apply(_, { attention: { layer } }) {
    const [, heads, headDim] = over.shape;
    const constant = (head: number) => {
      const start = headIndex({ layer, head }, heads) * headDim;
      return over.data.subarray(start, start + headDim);
    };
    return { factor: 0, constant };
  },
}));
