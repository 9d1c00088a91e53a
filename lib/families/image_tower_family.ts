/**
 * What the families with a tower for tiles of one size share: LLaVA in its versions, and InternVL.
 *
 * Source: transformers `models/llava`, `models/llava_next`, `models/llava_onevision`,
 * `models/internvl`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import type { AnyresConfig } from "../model/config.ts";
import { ImageTower, type TileLayoutRules } from "../model/image_tower.ts";
import { imageTowerShapes } from "../model/weight_shapes.ts";
import { ignoreBookkeeping } from "./config_keys.ts";
import type { Family } from "./family.ts";
import {
  decoderOf,
  imageTowerIgnored,
  imageTowerPrefixes,
  imageTowerRenames,
  readImageTower,
  type TowerDefaults,
} from "./image_tower_config.ts";
import { readEosTokenIds, readTextConfig } from "./text_config.ts";

/** What one of these families decides. */
export interface ImageTowerRules extends Pick<Family, "modelType" | "title" | "readInputs"> {
  /** `model_type` of the decoder where the file has none. */
  readonly decoder: string;
  /** Whether the head shares the embedding table where the file says nothing; false by default. */
  readonly tied?: boolean;
  readonly tower: TowerDefaults;
  /** Token ids of placeholders where the file has none; without `video` it takes no video tokens. */
  readonly tokens: { readonly image: number; readonly video?: number };
  /** Reads how images of any resolution are cut into tiles, where they are. */
  readonly readAnyres?: (config: JsonReader) => AnyresConfig;
  /** Order of the rows of a prompt's tiles. */
  readonly layouts: TileLayoutRules;
}

/** A token id under its old or its new key. */
export function readTokenId(
  config: JsonReader,
  kind: "image" | "video",
  fallback: number,
): number {
  const old = config.integer(`${kind}_token_index`, fallback);
  return config.integer(`${kind}_token_id`, old);
}

/** A family with a tower for tiles of one size. */
export function imageTowerFamily(rules: ImageTowerRules): Family {
  const { modelType, title, readInputs, tokens, tower, layouts } = rules;
  return {
    modelType,
    title,
    readConfig(config) {
      ignoreBookkeeping(config);
      config.ignore("image_seq_length"); // the processor counts the placeholders
      const text = config.object("text_config");
      const decoder = decoderOf(text, rules.decoder);
      const read = readImageTower(config, tower);
      return {
        modelType,
        text: readTextConfig(text, config, { ...decoder, tied: rules.tied }),
        vision: null,
        imageTower: rules.readAnyres ? { ...read, anyres: rules.readAnyres(config) } : read,
        imageTokenId: readTokenId(config, "image", tokens.image),
        videoTokenId: tokens.video === undefined ? -1 : readTokenId(config, "video", tokens.video),
        eosTokenIds: readEosTokenIds(text, decoder),
      };
    },
    weightPrefixes: imageTowerPrefixes,
    weightRenames: imageTowerRenames,
    ignoredWeights: imageTowerIgnored,
    visionShapes: (config) => imageTowerShapes(config.imageTower!, config.text.hiddenSize),
    readInputs,
    buildVision: (kernels, { imageTower }, weights) =>
      new ImageTower(kernels, imageTower!, weights, layouts),
  };
}
