/**
 * Experts that are stored one by one, as one weight each of all experts of a layer: files published
 * before transformers 5 hold `experts.0.gate_proj.weight`, …, the model wants `experts.gate_up_proj`
 * and `experts.down_proj`.
 *
 * Source: transformers `conversion_mapping.py` (`qwen2_moe`).
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { FileBytes, GroupedCodes } from "../nn/kernels.ts";
import { checkedShape } from "./safetensors.ts";
import type { StoredAs, WeightHeaders, WeightSource } from "./weight_source.ts";
import type { TensorInfo } from "./safetensors_header.ts";

const single = /^(.*\.mlp\.experts)\.(\d{1,4})\.(gate|up|down)_proj\.weight$/;

/** The weights that each joined weight is made of, in order. */
type Parts = ReadonlyMap<string, readonly string[]>;

/** Finds experts that are stored one by one, numbered from 0 without a gap. */
function findParts(names: readonly string[]): Parts {
  const counts = new Map<string, number>();
  for (const name of names) {
    const [, prefix, expert] = single.exec(name) ?? [];
    if (prefix === undefined) continue;
    counts.set(prefix, Math.max(counts.get(prefix) ?? 0, Number(expert) + 1));
  }
  const all = new Set(names), parts = new Map<string, string[]>();
  for (const [prefix, count] of counts) {
    const name = (expert: number, kind: string) => `${prefix}.${expert}.${kind}_proj.weight`;
    const of = (...kinds: string[]) =>
      Array.from({ length: count }, (_, expert) => kinds.map((kind) => name(expert, kind))).flat();
    const [gateUp, down] = [of("gate", "up"), of("down")];
    if (![...gateUp, ...down].every((part) => all.has(part))) continue; // the names stay as they are
    parts.set(`${prefix}.gate_up_proj`, gateUp);
    parts.set(`${prefix}.down_proj`, down);
  }
  return parts;
}

/** Type and shape of a joined weight. */
function joinedInfo(source: WeightHeaders, name: string, parts: readonly string[]): TensorInfo {
  const infos = parts.map((part) => source.info(part));
  const [{ dtype, shape: [rows, columns], offset }] = infos;
  infos.forEach((info, i) => {
    if (info.dtype === dtype && String(info.shape) === String([rows, columns])) return;
    throw new InputError(
      `Cannot use ${quoted(parts[i])} of ${source.path}: it is ${info.dtype} of shape ` +
        `[${info.shape}], ${quoted(parts[0])} is ${dtype} of [${rows},${columns}]; wanted the same`,
    );
  });
  const perExpert = name.endsWith("gate_up_proj") ? 2 : 1;
  return {
    dtype,
    shape: [parts.length / perExpert, perExpert * rows, columns],
    offset,
    byteLength: infos.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

/** How the parts of a joined weight are stored. */
function joinedStored(source: WeightHeaders, parts: readonly string[]): StoredAs {
  const all = parts.map((part) => {
    const { dtype: format, byteLength } = source.info(part);
    return source.stored?.(part) ?? { format, byteLength };
  });
  return {
    format: [...new Set(all.map(({ format }) => format))].join("+"),
    byteLength: all.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

/** Bytes one after the other; null where they are not all in one file. */
function inOneFile(parts: readonly (FileBytes | null | undefined)[]): FileBytes | null {
  const [first] = parts;
  if (!first || parts.some((part) => part?.file.path !== first.file.path)) return null;
  return { file: first.file, ranges: parts.flatMap((part) => [...part!.ranges]) };
}

/** Names with those of parts replaced by the weight that they make. */
function joinedNames(names: readonly string[], parts: Parts): string[] {
  const owner = new Map([...parts].flatMap(([name, own]) => own.map((part) => [part, name])));
  return [...new Set(names.map((name) => owner.get(name) ?? name))];
}

/**
 * Headers in which experts that are stored one by one are joined.
 *
 * @returns the same headers where there are none
 */
export function joinedHeaders(source: WeightHeaders): WeightHeaders {
  const parts = findParts(source.names());
  if (parts.size === 0) return source;
  const names = joinedNames(source.names(), parts);
  return {
    path: source.path,
    names: () => names,
    info: (name) =>
      parts.has(name) ? joinedInfo(source, name, parts.get(name)!) : source.info(name),
    stored: (name) => joinedStored(source, parts.get(name) ?? [name]),
    packedAs(name) {
      const [first = null, ...others] = (parts.get(name) ?? [name]).map((part) =>
        source.packedAs?.(part) ?? null
      );
      return others.every((format) => format?.name === first?.name) ? first : null;
    },
    plainOnly: source.plainOnly,
  };
}

/**
 * Weights in which experts that are stored one by one are joined when they are read.
 *
 * @returns the same source where there are none
 */
export function joinedExperts(source: WeightSource): WeightSource {
  const parts = findParts(source.names());
  if (parts.size === 0) return source;
  const headers = joinedHeaders(source);
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const own = parts.get(name);
    if (!own) return await source.read(name);
    const bytes = new Uint8Array(headers.info(name).byteLength);
    let at = 0;
    for (const part of own) {
      const piece = await source.read(part);
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  };
  return {
    path: source.path,
    metadata: source.metadata,
    names: headers.names,
    has: (name) => parts.has(name) || source.has(name),
    info: headers.info,
    stored: headers.stored,
    packedAs: headers.packedAs,
    read,
    readPacked: async (name, wanted) => {
      const own = parts.get(name);
      if (!own) return await source.readPacked!(name, wanted);
      const format = headers.packedAs!(name), { shape } = headers.info(name);
      if (!format) throw new InputError(`Cannot read ${quoted(name)} of ${source.path} in blocks`);
      checkedShape(name, source.path, shape, wanted);
      const size = shape.reduce((a, b) => a * b, 1) / format.elements * format.bytes;
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const part of own) {
        const piece = await source.readPacked!(part);
        if (!piece || piece.order) return null; // each expert has its own order of inputs
        bytes.set(piece.bytes, at);
        at += piece.bytes.length;
      }
      return { bytes, format, shape };
    },
    lying: (name, as) => {
      const own = parts.get(name);
      if (!own) return source.lying?.(name, as) ?? null;
      return as === "numbers" ? inOneFile(own.map((part) => source.lying?.(part, as))) : null;
    },
    readGroups: async (name, wanted) => {
      const own = parts.get(name);
      if (!own) return await source.readGroups?.(name, wanted) ?? null;
      if (!source.readGroups || !headers.packedAs!(name)) return null;
      checkedShape(name, source.path, headers.info(name).shape, wanted);
      const codes: GroupedCodes[] = [];
      for (const part of own) {
        const piece = await source.readGroups(part);
        if (!piece || piece.some(({ order }) => order)) return null; // each expert has its own order
        codes.push(...piece);
      }
      return codes;
    },
    readWeight: async (name, wanted) => {
      const own = parts.get(name);
      if (!own) return await source.readWeight(name, wanted);
      const { shape } = headers.info(name);
      checkedShape(name, source.path, shape, wanted);
      const { dtype } = await source.readWeight(own[0]); // refuses other types than weights have
      return { bytes: await read(name), dtype, shape };
    },
    close: () => source.close(),
    [Symbol.dispose]: () => source.close(),
  };
}
