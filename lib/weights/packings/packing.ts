/**
 * A packing of weights: one object for each, in a file of its own, listed in `registry.ts`.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/key_policy.ts";
import { quoted, shownValue } from "../../common/text.ts";
import type { TensorInfo } from "../safetensors_header.ts";
import type { PackedLayout } from "./layout.ts";

/** Parts of a packed weight by what they are; each is a stored tensor. */
export type PartRole = "codes" | "scales" | "zeros" | "offsets" | "groups" | "shape";

/** Ends of the names of the parts, behind the name of the module. */
export type PartNames = Readonly<Partial<Record<PartRole, string>>>;

/** Headers of the parts that are there. */
export type PartInfos = Readonly<Partial<Record<PartRole, TensorInfo>>>;

/** A weight that is to be unpacked. */
export interface PackedWeight {
  /** Its name without the end, such as `model.layers.0.mlp.up_proj`. */
  readonly module: string;
  /** Its parts. */
  readonly parts: PartInfos;
  /** How its file is called, for errors. */
  readonly path: string;
}

/** What `config.json` says of the packing. */
export type PackingSettings = JsonObject;

/** A kind of packing. */
export interface Packing {
  /** Name in print. */
  readonly name: string;
  /** What the config says of this packing, or null where it is another or none. */
  settings(config: JsonObject): PackingSettings | null;
  /** Ends of the names of the parts; `codes` and `scales` make a packed weight. */
  readonly parts: PartNames;
  /** End of the name of the weight that the parts make; `weight` by default. */
  readonly weight?: string;
  /** Ends of the names of other tensors of packed modules, which say nothing about weights. */
  readonly ignored?: readonly string[];
  /** What the parts of one weight are. @throws {InputError} for settings that are not supported */
  layout(weight: PackedWeight, settings: PackingSettings): PackedLayout;
  /** Short name of how a weight is stored, for `info`. */
  format(weight: PackedWeight, settings: PackingSettings): string;
  /** What plain tensors are called otherwise than in Hugging Face's layout. */
  readonly rename?: (name: string, names: readonly string[]) => string;
  /** For plain tensors with axes in another order: the stored axis of each of Hugging Face's. */
  readonly axes?: (name: string, names: readonly string[]) => readonly number[] | null;
}

/** An object in a config. */
export const objectIn = (config: JsonObject, key: string): JsonObject | null => {
  const found = config[key];
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? found as JsonObject
    : null;
};

/** `quantization_config`, wherever a config has it. */
export function quantisationOf(config: JsonObject): JsonObject | null {
  const places = [config, objectIn(config, "text_config") ?? {}];
  const keys = ["quantization_config", "compression_config"];
  return places.flatMap((place) => keys.map((key) => objectIn(place, key)))
    .find((found) => found !== null) ?? null;
}

/** A whole number among those that a packing can have. @throws {InputError} for any other */
export function setting(
  settings: PackingSettings,
  key: string,
  allowed: readonly number[],
  fallback?: number,
): number {
  const value = settings[key] ?? fallback;
  if (allowed.includes(value as number)) return value as number;
  throw new InputError(
    `Cannot unpack weights with ${quoted(key)}: ${shownValue(value)}; ` +
      `supported are ${allowed.join(", ")}`,
  );
}

/** A group size: a whole number, or -1 for one scale of a whole row. @throws {InputError} otherwise */
export function groupSize(settings: PackingSettings, inputs: number, fallback?: number): number {
  const value = settings["group_size"] ?? fallback;
  if (value === -1) return inputs;
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw new InputError(
    `Cannot unpack weights with "group_size": ${shownValue(value)}; ` +
      "wanted a whole number, or -1 for whole rows",
  );
}

/**
 * What settings give, with errors that say whose settings they are.
 *
 * @param where the checkpoint, or a module of it
 */
export function settingsIn<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError) || error.message.includes(where)) throw error;
    throw new InputError(`${error.message} (says the config of ${where})`);
  }
}

/** The error of a weight that cannot be unpacked. */
export function refuseWeight({ module, path }: PackedWeight, problem: string): never {
  throw new InputError(`Cannot unpack ${quoted(module)} of ${path}: ${problem}`);
}

/** The header of a part that must be there, with so many axes. @throws {InputError} otherwise */
export function partOf(
  weight: PackedWeight,
  role: PartRole,
  dtypes: readonly string[],
  axes: number,
): TensorInfo {
  const info = weight.parts[role];
  if (info && dtypes.includes(info.dtype) && info.shape.length === axes) return info;
  return refuseWeight(
    weight,
    `its ${role} are ${info ? `${info.dtype} of shape [${info.shape}]` : "missing"}; wanted ` +
      `${axes === 2 ? "a matrix" : `${axes} axes`} of ${dtypes.join(" or ")}`,
  );
}

/** The sizes of a matrix that must be there. @throws {InputError} otherwise */
export function matrixPart(
  weight: PackedWeight,
  role: PartRole,
  dtypes: readonly string[],
): readonly [number, number] {
  const { shape } = partOf(weight, role, dtypes, 2);
  return [shape[0], shape[1]];
}

/** Numbers of a part; 0 for one that is missing. */
export const countOf = ({ parts }: PackedWeight, role: PartRole): number =>
  parts[role]?.shape.reduce((a, b) => a * b, 1) ?? 0;

/**
 * A pattern of a config, as a regular expression that begins where names do.
 *
 * @throws {InputError} for one that is none here
 */
export function namePattern(pattern: string, where: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})`);
  } catch {
    throw new InputError(
      `Cannot use ${where}: ${
        quoted(pattern, 80)
      } is no regular expression that is understood here`,
    );
  }
}
