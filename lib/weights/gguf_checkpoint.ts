/**
 * A GGUF file as a checkpoint: it has the files of Hugging Face's layout inside.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { ggufConfig } from "./gguf_config.ts";
import {
  type GgufHeader,
  HeaderIncomplete,
  maxGgufHeaderBytes,
  parseGgufHeader,
} from "./gguf_header.ts";
import { ggufTokenizer, ggufTokenizerConfig } from "./gguf_tokenizer.ts";
import { RangeFile } from "./range_file.ts";

/** What is inside, by the name of the file in Hugging Face's layout. */
const contents: Readonly<
  Record<string, (header: GgufHeader, file: string) => Record<string, unknown>>
> = {
  "config.json": ggufConfig,
  "tokenizer.json": ggufTokenizer,
  "tokenizer_config.json": ggufTokenizerConfig,
};

/** Whether a GGUF file holds what Hugging Face keeps in a file of this name. */
export function isInsideGguf(name: string): boolean {
  return Object.hasOwn(contents, name);
}

/**
 * The GGUF file of a checkpoint: `path` itself, or the only one in a directory without weights in
 * safetensors.
 *
 * @returns its path, or null if there is none
 * @throws {InputError} if there are several to choose from
 *
 * @example
 * ```ts
 * import { findGguf } from "./gguf_checkpoint.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await findGguf("tests/golden/qwen3_vl"), null);
 * ```
 */
export async function findGguf(path: string): Promise<string | null> {
  if (path.endsWith(".gguf")) {
    const found = await Deno.stat(path).catch(() => null);
    if (found?.isFile) return path;
  }
  const found: string[] = [];
  try {
    for await (const { name } of Deno.readDir(path)) {
      if (/\.safetensors(\.index\.json)?$/.test(name)) return null;
      if (name.endsWith(".gguf")) found.push(name);
    }
  } catch {
    return null; // no directory, or none that may be listed
  }
  if (found.length < 2) return found.length === 1 ? `${path}/${found[0]}` : null;
  throw new InputError(
    `Cannot open ${path}: it has ${found.length} GGUF files, such as ` +
      `${found.sort().slice(0, 2).map((name) => quoted(name)).join(" and ")}; name one of them`,
  );
}

/**
 * Reads the header of an open file, and no more of the file than about twice its length.
 *
 * @throws {InputError} if it is damaged
 */
export async function readGgufHeader(file: RangeFile): Promise<GgufHeader> {
  for (let length = 2 ** 20;; length *= 4) {
    const bytes = await file.read(0, Math.min(length, file.size));
    try {
      return parseGgufHeader(bytes, file.size, file.path);
    } catch (error) {
      if (!(error instanceof HeaderIncomplete)) throw error;
      if (bytes.length < length) {
        throw new InputError(`Cannot read ${file.path}: it was truncated while it was read`);
      }
      if (length > maxGgufHeaderBytes) {
        throw new InputError(
          `Cannot read ${file.path}: its header is longer than ${maxGgufHeaderBytes} bytes`,
        );
      }
    }
  }
}

/**
 * What a GGUF file holds in place of one of Hugging Face's files.
 *
 * @param path the GGUF file
 * @param name `config.json`, `tokenizer.json` or `tokenizer_config.json`
 * @throws {InputError} for a damaged file, and a model or vocabulary of a kind that is not supported
 */
export async function readInsideGguf(
  path: string,
  name: string,
): Promise<Record<string, unknown>> {
  using file = await RangeFile.open(path);
  return contents[name](await readGgufHeader(file), path);
}
