/**
 * GGUF files as a checkpoint: they have the files of Hugging Face's layout inside.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { type DecoderConfig, ggufArchitecture, ggufConfig } from "./gguf_config.ts";
import { findGguf, type GgufFiles, ggufHeader } from "./gguf_files.ts";
import type { GgufHeader, GgufTensor } from "./gguf_header.ts";
import { ropeFactors } from "./gguf_text_weights.ts";
import { ggufTokenizer, ggufTokenizerConfig } from "./gguf_tokenizer.ts";
import { towerOf } from "./gguf_towers/registry.ts";
import type { JsonFile, TowerFile } from "./gguf_towers/tower.ts";
import { RangeFile } from "./range_file.ts";

/** The headers of a checkpoint's files. */
interface Headers {
  readonly header: GgufHeader;
  readonly file: string;
  readonly tower: TowerFile | null;
}

/** A file of the processor, which the vision tower's file says. */
const processorFile = (name: string) => ({ header, file, tower }: Headers): JsonFile | null => {
  if (!tower) return null;
  const { files } = towerOf(tower, ggufArchitecture(header, file));
  return files({ decoder: {}, header, file, tower })[name] ?? null;
};

/** What is inside, by the name of the file in Hugging Face's layout; null where it is not. */
const contents: Readonly<Record<string, (headers: Headers) => JsonFile | null>> = {
  "config.json": ({ header, file, tower }) => ggufConfig(header, file, tower),
  "tokenizer.json": ({ header, file }) => ggufTokenizer(header, file),
  "tokenizer_config.json": ({ header, file }) => ggufTokenizerConfig(header, file),
  "preprocessor_config.json": processorFile("preprocessor_config.json"),
  "processor_config.json": processorFile("processor_config.json"),
};

const processorFiles: readonly string[] = ["preprocessor_config.json", "processor_config.json"];

async function headersOf({ model, mmproj }: GgufFiles): Promise<Headers> {
  const tower = mmproj === null ? null : { header: await ggufHeader(mmproj), file: mmproj };
  return { header: await ggufHeader(model), file: model, tower };
}

/**
 * The GGUF files of a checkpoint, if they hold what Hugging Face keeps in a file of this name.
 *
 * @param path as for `findGguf`
 * @param name such as `config.json`
 * @returns null if there are none, or they do not
 * @throws {InputError} as `findGguf`
 *
 * @example
 * ```ts
 * import { ggufWith } from "./gguf_checkpoint.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const path = "tests/golden/gguf_multimodal/qwen3_vl";
 * assert(await ggufWith(path, "preprocessor_config.json"));
 * assertEquals(await ggufWith(path, "merges.txt"), null);
 * ```
 */
export async function ggufWith(path: string, name: string): Promise<GgufFiles | null> {
  if (!Object.hasOwn(contents, name)) return null;
  const files = await findGguf(path);
  if (files === null || !processorFiles.includes(name)) return files;
  if (files.mmproj === null) return null;
  return contents[name](await headersOf(files)) === null ? null : files;
}

/** A config with the divisors of rotary frequencies that one of the files may have. */
async function withRopeFactors(files: GgufFiles, config: JsonFile): Promise<JsonFile> {
  for (const path of [files.model, ...files.parts ?? []]) {
    const tensor = (await ggufHeader(path)).tensors.get(ropeFactors);
    if (!tensor) continue;
    const decoder = (config.text_config ?? config) as DecoderConfig;
    const scaled = { ...decoder, rope_scaling: await readRopeFactors(path, tensor, decoder) };
    return config.text_config ? { ...config, text_config: scaled } : scaled;
  }
  return config;
}

/** `rope_scaling` of the divisors in a file: those of short and of long texts alike. */
async function readRopeFactors(
  path: string,
  tensor: GgufTensor,
  decoder: DecoderConfig,
): Promise<DecoderConfig> {
  const { type, shape, offset, byteLength } = tensor, half = Number(decoder.head_dim) / 2;
  const refuse = (found: string): never => {
    throw new InputError(`Cannot use tensor ${quoted(ropeFactors)} of ${path}: ${found}`);
  };
  if (decoder.rope_scaling) refuse("its notes name another scaling of rotary positions besides");
  if (type !== "F32" || String(shape) !== String([half])) {
    refuse(`it is ${type} of shape [${shape}]; wanted F32 of [${half}], half of a head`);
  }
  using file = await RangeFile.open(path);
  const bytes = await file.read(offset, byteLength);
  if (bytes.length < byteLength) refuse("the file was truncated after its header was read");
  const factors = [...new Float32Array(bytes.buffer)];
  const wrong = factors.find((factor) => !(factor > 0 && factor < Infinity));
  if (wrong !== undefined) refuse(`one of its divisors is ${wrong}; wanted numbers above 0`);
  return {
    ...{ rope_type: "longrope", short_factor: factors, long_factor: factors, factor: 1 },
    ...{ attention_factor: 1, original_max_position_embeddings: decoder.max_position_embeddings },
  };
}

/**
 * What GGUF files hold in place of one of Hugging Face's files.
 *
 * @param files as {@link ggufWith} found them
 * @param name `config.json`, `tokenizer.json`, `tokenizer_config.json`, `preprocessor_config.json` or
 *   `processor_config.json`
 * @throws {InputError} for a damaged file, and a model or vocabulary of a kind that is not supported
 */
export async function readInsideGguf(files: GgufFiles, name: string): Promise<JsonFile> {
  const content = contents[name](await headersOf(files)) ?? {};
  return name === "config.json" ? await withRopeFactors(files, content) : content;
}
