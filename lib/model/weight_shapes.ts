/**
 * Names and shapes of the weights that a config asks for, to check a checkpoint against.
 *
 * @module
 */
import type { ImageEncoderConfig, ImageTowerConfig, TextConfig, VisionConfig } from "./config.ts";

/** Shapes by weight name. */
export type WeightShapes = ReadonlyMap<string, readonly number[]>;

/** Weight and bias of a linear layer. */
export function linearShapes(
  name: string,
  out: number,
  width: number,
  bias: boolean,
): [string, number[]][] {
  const weight: [string, number[]] = [`${name}.weight`, [out, width]];
  return bias ? [weight, [`${name}.bias`, [out]]] : [weight];
}

/** Gain, and bias unless it is an RMS norm. */
function normWeights(name: string, width: number, kind: "layer" | "rms"): [string, number[]][] {
  const gain: [string, number[]] = [`${name}.weight`, [width]];
  return kind === "rms" ? [gain] : [gain, [`${name}.bias`, [width]]];
}

/** Weights of a text decoder, without its head. */
export function textWeightShapes(config: TextConfig): WeightShapes {
  const { hiddenSize, intermediateSize, headDim, numAttentionHeads, numKeyValueHeads } = config;
  const shapes: [string, number[]][] = [
    ["embed_tokens.weight", [config.vocabSize, hiddenSize]],
    ["norm.weight", [hiddenSize]],
  ];
  for (let layer = 0; layer < config.numHiddenLayers; layer++) {
    const own: [string, number[]][] = [
      ["input_layernorm.weight", [hiddenSize]],
      ["post_attention_layernorm.weight", [hiddenSize]],
      ...linearShapes(
        "self_attn.q_proj",
        numAttentionHeads * headDim,
        hiddenSize,
        config.attentionBias,
      ),
      ...linearShapes(
        "self_attn.k_proj",
        numKeyValueHeads * headDim,
        hiddenSize,
        config.attentionBias,
      ),
      ...linearShapes(
        "self_attn.v_proj",
        numKeyValueHeads * headDim,
        hiddenSize,
        config.attentionBias,
      ),
      ...linearShapes("self_attn.o_proj", hiddenSize, numAttentionHeads * headDim, false),
    ];
    if (config.experts?.layers.includes(layer)) {
      const { numExperts, moeIntermediateSize } = config.experts;
      own.push(
        ["mlp.gate.weight", [numExperts, hiddenSize]],
        ["mlp.experts.gate_up_proj", [numExperts, 2 * moeIntermediateSize, hiddenSize]],
        ["mlp.experts.down_proj", [numExperts, hiddenSize, moeIntermediateSize]],
      );
    } else {
      own.push(
        ...linearShapes("mlp.gate_proj", intermediateSize, hiddenSize, false),
        ...linearShapes("mlp.up_proj", intermediateSize, hiddenSize, false),
        ...linearShapes("mlp.down_proj", hiddenSize, intermediateSize, false),
      );
    }
    if (config.qkNorm) {
      own.push(["self_attn.q_norm.weight", [headDim]], ["self_attn.k_norm.weight", [headDim]]);
    }
    if (config.sandwichNorms) {
      own.push(
        ["pre_feedforward_layernorm.weight", [hiddenSize]],
        ["post_feedforward_layernorm.weight", [hiddenSize]],
      );
    }
    for (const [name, shape] of own) shapes.push([`layers.${layer}.${name}`, shape]);
  }
  return new Map(shapes);
}

/** Weights of a vision encoder of the Qwen-VL kind. */
export function visionWeightShapes(config: VisionConfig): WeightShapes {
  const { hiddenSize, intermediateSize, patchSize, outHiddenSize } = config;
  const joined = hiddenSize * config.spatialMergeSize ** 2;
  const norm = (name: string, width: number) => normWeights(name, width, config.norm ?? "layer");
  const merger = (name: string, normWidth: number) => [
    ...norm(`${name}.norm`, normWidth),
    ...linearShapes(`${name}.linear_fc1`, joined, joined, true),
    ...linearShapes(`${name}.linear_fc2`, outHiddenSize, joined, true),
  ];
  const kernel = [hiddenSize, config.inChannels, config.temporalPatchSize, patchSize, patchSize];
  const shapes: [string, number[]][] = [
    ["patch_embed.proj.weight", kernel],
    ...merger("merger", hiddenSize),
  ];
  if (config.patchBias ?? true) shapes.push(["patch_embed.proj.bias", [hiddenSize]]);
  if (config.numPositionEmbeddings > 0) {
    shapes.push(["pos_embed.weight", [config.numPositionEmbeddings, hiddenSize]]);
  }
  const mlp = config.gatedMlp
    ? [
      ...linearShapes("mlp.gate_proj", intermediateSize, hiddenSize, true),
      ...linearShapes("mlp.up_proj", intermediateSize, hiddenSize, true),
      ...linearShapes("mlp.down_proj", hiddenSize, intermediateSize, true),
    ]
    : [
      ...linearShapes("mlp.linear_fc1", intermediateSize, hiddenSize, true),
      ...linearShapes("mlp.linear_fc2", hiddenSize, intermediateSize, true),
    ];
  for (let layer = 0; layer < config.depth; layer++) {
    const own = [
      ...norm("norm1", hiddenSize),
      ...norm("norm2", hiddenSize),
      ...linearShapes("attn.qkv", 3 * hiddenSize, hiddenSize, true),
      ...linearShapes("attn.proj", hiddenSize, hiddenSize, true),
      ...mlp,
    ];
    for (const [name, shape] of own) shapes.push([`blocks.${layer}.${name}`, shape]);
  }
  config.deepstackVisualIndexes.forEach((_, stage) =>
    shapes.push(...merger(`deepstack_merger_list.${stage}`, joined))
  );
  return new Map(shapes);
}

/** Weights of a vision tower for tiles of one size: `encoder.…`, `projector.…` and `newline`. */
export function imageTowerShapes(config: ImageTowerConfig, textWidth: number): WeightShapes {
  const { encoder, newline } = config;
  const { hiddenSize, imageSize, patchSize } = encoder;
  const patches = Math.floor(imageSize / patchSize) ** 2;
  const embedding = "encoder.embeddings.patch_embedding";
  const shapes: [string, readonly number[]][] = [
    [`${embedding}.weight`, [hiddenSize, 3, patchSize, patchSize]],
    [
      "encoder.embeddings.position_embedding.weight",
      [patches + (encoder.classToken ? 1 : 0), hiddenSize],
    ],
    ...projectorShapes(config, textWidth),
  ];
  if (encoder.patchBias) shapes.push([`${embedding}.bias`, [hiddenSize]]);
  if (encoder.classToken) shapes.push(["encoder.embeddings.class_embedding", [hiddenSize]]);
  if (encoder.preNorm) shapes.push(...normWeights("encoder.pre_norm", hiddenSize, encoder.norm));
  if (encoder.lastNorm) shapes.push(...normWeights("encoder.last_norm", hiddenSize, encoder.norm));
  if (newline) shapes.push(["newline", [textWidth]]);
  for (let layer = 0; layer < encoder.depth; layer++) {
    const own = encoderLayerShapes(encoder);
    for (const [name, shape] of own) shapes.push([`encoder.layers.${layer}.${name}`, shape]);
  }
  return new Map(shapes);
}

/** Weights of a projector. */
function projectorShapes(
  { encoder: { hiddenSize }, projector }: ImageTowerConfig,
  textWidth: number,
): [string, readonly number[]][] {
  if (projector.average) {
    return [["projector.norm.weight", [hiddenSize]], ["projector.matrix", [hiddenSize, textWidth]]];
  }
  const joined = hiddenSize * projector.merge ** 2;
  return [
    ...linearShapes("projector.linear_1", textWidth, joined, projector.bias),
    ...linearShapes("projector.linear_2", textWidth, textWidth, projector.bias),
    ...projector.norm ? normWeights("projector.layer_norm", joined, "layer") : [],
  ];
}

/** Weights of one layer of an image encoder. */
function encoderLayerShapes(encoder: ImageEncoderConfig): [string, number[]][] {
  const { hiddenSize: width, intermediateSize } = encoder;
  const shapes: [string, number[]][] = [
    ...normWeights("layer_norm1", width, encoder.norm),
    ...normWeights("layer_norm2", width, encoder.norm),
    ...["q", "k", "v"].flatMap((role) =>
      linearShapes(`self_attn.${role}_proj`, width, width, encoder.attentionBias)
    ),
    ...linearShapes("self_attn.out_proj", width, width, true),
    ...linearShapes("mlp.fc1", intermediateSize, width, true),
    ...linearShapes("mlp.fc2", width, intermediateSize, true),
  ];
  if (encoder.qkNorm) {
    shapes.push(["self_attn.q_norm.weight", [width]], ["self_attn.k_norm.weight", [width]]);
  }
  if (encoder.layerScale) shapes.push(["lambda_1", [width]], ["lambda_2", [width]]);
  return shapes;
}
