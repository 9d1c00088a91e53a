/**
 * Which stored weight is which part of a model, and what is said of weights that are none, or missing.
 *
 * @module
 */
import { InputError, likelyName } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { hasVision, type ModelConfig } from "../model/config.ts";
import { textWeightShapes } from "../model/weight_shapes.ts";
import type { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { checkedShape } from "../weights/safetensors.ts";
import type { WeightHeaders } from "../weights/weight_source.ts";
import type { Family } from "./family.ts";
import { mayBeIdleBias } from "./idle_biases.ts";
import { unusualWeights } from "./other_layouts.ts";

/** All weights that a config asks for, by role name. */
export function expectedShapes(
  family: Family,
  config: ModelConfig,
): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, shape] of textWeightShapes(config.text)) shapes.set(`text.${name}`, shape);
  if (hasVision(config)) {
    for (const [name, shape] of family.visionShapes(config)) shapes.set(`vision.${name}`, shape);
  }
  shapes.set("lm_head.weight", [config.text.vocabSize, config.text.hiddenSize]);
  return shapes;
}

/**
 * What programs that wrap a model put into the names of its weights: `torch.compile`, FSDP and activation
 * checkpointing anywhere; then DistributedDataParallel, PEFT and TRL's models with a value head in front.
 */
const wrappers = [
  /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g,
  /^(?:module\.|base_model\.model\.|pretrained_model\.)+/,
];

/** A weight's name in the model itself. */
const unwrapped = (stored: string): string =>
  wrappers.reduce((name, wrapper) => name.replace(wrapper, ""), stored);

/**
 * Buffers that older releases stored, and that a config determines; transformers passes them over, too.
 */
const isBuffer = (name: string): boolean =>
  /(?:^|\.)(?:rotary_(?:pos_)?emb\.(?:original_)?inv_freq|position_ids)$/.test(name);

/** Role name of a stored weight, or null where the family knows no such prefix. */
export function roleName(family: Family, name: string): string | null {
  const stored = unwrapped(name);
  for (const [prefix, role] of family.weightPrefixes) {
    if (!stored.startsWith(prefix)) continue;
    return (family.weightRenames ?? []).reduce(
      (name, [from, to]) => name.replace(from, to),
      role + stored.slice(prefix.length),
    );
  }
  return null;
}

/** What names of weights that a model computes with begin with, in any family. */
const modelParts = new Set([
  ...["model", "language_model", "lm_head", "visual", "vision_tower", "vision_model", "mlp1"],
  ...["multi_modal_projector", "image_newline", "transformer"],
]);

/** Whether a weight is of no part of any model here: a reward head, further predictions. */
const isForeign = (name: string): boolean => !modelParts.has(unwrapped(name).split(".")[0]);

/** Whether nothing computes with a role. */
function isIgnored({ ignoredWeights = [] }: Family, role: string): boolean {
  return ignoredWeights.some((part) =>
    role.startsWith(part) || part.startsWith(".") && role.endsWith(part)
  );
}

/** Names for a message: the first few of them. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5)
    .map((name) => name === "" ? '""' : quoted(name, 80).slice(1, -1)).join(", ");
  return shown + (names.length > 5 ? ` and ${names.length - 5} more` : "");
}

/**
 * Checks the checkpoint's names and shapes against those the config asks for.
 *
 * Weights of parts that the model does not have (a reward head, further predictions) are passed over
 * where nothing else is missing.
 *
 * @param rules are told of weights that are passed over
 * @returns stored name by role name, in the order in which the checkpoint stores them
 * @throws {InputError} naming missing, extra and misshapen weights, and two for one part
 */
export function matchWeights(
  family: Family,
  config: ModelConfig,
  source: WeightHeaders,
  rules: CheckpointRules | null = null,
): Map<string, string> {
  const expected = expectedShapes(family, config);
  const stored = new Map<string, string>();
  let extra: string[] = [];
  for (const name of source.names()) {
    const role = roleName(family, name);
    if (role && expected.has(role)) {
      const other = stored.get(role);
      if (other !== undefined) {
        throw new InputError(
          `Cannot load ${source.path}: ${quoted(other)} and ${
            quoted(name)
          } are the same weight of ` +
            `${family.title}; wanted one of them`,
        );
      }
      stored.set(role, name);
    } else if (!isBuffer(name) && (!role || !isIgnored(family, role))) extra.push(name);
  }
  const names = new Set(extra.length > 0 ? source.names() : []);
  extra = extra.filter((name) => !mayBeIdleBias(source, names, name));
  const missing = [...expected.keys()].filter((role) =>
    !stored.has(role) && role !== "lm_head.weight"
  );
  if (!stored.has("lm_head.weight") && !config.text.tieWordEmbeddings) {
    missing.push("lm_head.weight");
  }
  const unusual = unusualWeights(extra, source.path);
  if (unusual !== null) throw new InputError(`Cannot load ${source.path}: ${unusual}`);
  const foreign = extra.filter(isForeign);
  if (missing.length > 0 || extra.length > foreign.length) {
    throw unfitting(family, source, missing, extra);
  }
  if (foreign.length > 0) rules?.passedOver(foreign, source.path);
  for (const [role, name] of stored) {
    const { shape } = source.info(name), wanted = expected.get(role)!;
    const order = storedOrder(family, role, shape, wanted);
    checkedShape(name, source.path, shape, order?.map((axis) => wanted[axis]) ?? wanted);
  }
  return stored;
}

/** The error about weights that are missing, and those that fit nowhere. */
function unfitting(
  { title }: Family,
  { path }: WeightHeaders,
  missing: readonly string[],
  extra: readonly string[],
): InputError {
  const near = missing.length > 0 ? likelyName(missing[0], extra.slice(0, 1000)) : null;
  const head = missing.length === 1 && missing[0] === "lm_head.weight"
    ? ' If the head is the embedding, as in most embedding models, say "tie_word_embeddings": true in ' +
      "config.json."
    : "";
  return new InputError(
    `Cannot load ${path} as ${title}: ` +
      (missing.length > 0 ? `missing ${missing.length} weights: ${listed(missing)}. ` : "") +
      (extra.length > 0 ? `unknown ${extra.length} weights: ${listed(extra)}.` : "") +
      (near === null ? "" : ` Nearest to ${missing[0]}: ${near}.`) + head,
  );
}

/**
 * How the axes of a weight are stored, where they are in another order than wanted.
 *
 * Source: transformers `core_model_loading.py` (`Transpose` with `check_dims`): a weight that has the
 * wanted shape stays as it is.
 *
 * @returns for each stored axis the wanted one, or null where nothing has to be turned
 */
export function storedOrder(
  family: Family,
  role: string,
  stored: readonly number[],
  wanted: readonly number[],
): number[] | null {
  if (!family.transposedWeights?.some((end) => role.endsWith(end))) return null;
  if (String(stored) === String(wanted)) return null;
  const axes = [...wanted.keys()];
  return [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
}
