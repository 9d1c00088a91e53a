/**
 * Model families as data: how each names its config keys and weights and builds its vision tower.
 *
 * Only this folder knows a model family by name; adding one is adding a file and a line in
 * `registry.ts` (`CONTRIBUTING.md` has the recipe).
 * @module
 */
import type { Kernels } from "../nn/kernels.ts";
import type { JsonReader } from "../common/json_reader.ts";
import type { InputRecipe } from "../inputs/media_layout.ts";
import type { ProcessorFiles } from "../inputs/processor_files.ts";
import type { ModelConfig } from "../model/config.ts";
import type { ConvolutionConfig } from "../model/conv_config.ts";
import type { VisionTower } from "../model/model_inputs.ts";
import type { WeightShapes } from "../model/weight_shapes.ts";
import type { WeightsMap } from "../model/weights_map.ts";

/** A stored weight name's beginning and the role name that it stands for. */
export type WeightPrefix = readonly [stored: string, role: string];

/** A part of a stored weight name and what stands for it in role names. */
export type WeightRename = readonly [stored: string, role: string];

/** A family of checkpoints: everything that a model's name decides. */
export interface Family {
  /** `model_type` of its `config.json`. */
  readonly modelType: string;
  /** Name in print. */
  readonly title: string;
  /** Reads the config; every key of the file must be read or ignored. */
  readConfig(config: JsonReader): ModelConfig;
  /**
   * Beginnings of stored names, longest first, and their roles: `text.…` for the decoder,
   * `lm_head.weight`, `vision.…` for tower and projector.
   */
  readonly weightPrefixes: readonly WeightPrefix[];
  /** Parts of the rest of a name that are called otherwise here, applied in order. */
  readonly weightRenames?: readonly WeightRename[];
  /** Ends of roles whose last two axes a checkpoint may store in the other order. */
  readonly transposedWeights?: readonly string[];
  /** Ends of roles whose values a checkpoint stores less one: gains of norms that are 1 + w. */
  readonly lessOne?: readonly string[];
  /**
   * Roles that a checkpoint may store and that nothing here computes with: whole, their beginnings, or
   * their ends, with a dot in front.
   */
  readonly ignoredWeights?: readonly string[];
  /** Names and shapes of the tower's and projector's weights, without `vision.`. */
  visionShapes(config: ModelConfig): WeightShapes;
  /** Convolutions by the role of their weight, where a tower has them: norms are folded into them. */
  convolutions?(config: ModelConfig): ReadonlyMap<string, ConvolutionConfig>;
  /** How images and videos enter a prompt, by the settings in the checkpoint's processor files. */
  readInputs(files: ProcessorFiles, config: ModelConfig): InputRecipe;
  /** The vision tower on given weights. */
  buildVision(kernels: Kernels, config: ModelConfig, weights: WeightsMap): VisionTower;
}
