/**
 * Weights in a packing, unpacked to float32 when they are read.
 *
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";
import { InputError } from "../common/errors.ts";
import type { JsonObject } from "../common/key_policy.ts";
import { quoted } from "../common/text.ts";
import { dtypeBytes } from "./dtypes.ts";
import { checkParts } from "./packings/check_parts.ts";
import {
  blocksOf,
  type PackedLayout,
  type PackedParts,
  shapeOf,
  unpack,
} from "./packings/layout.ts";
import { groupedCodes } from "./packings/group_plan.ts";
import { groupsOf, intoGroups, orderOf } from "./packings/groups.ts";
import { type PackedWeight, type PartRole, refuseWeight, settingsIn } from "./packings/packing.ts";
import { type NamedPacking, packingsOf } from "./packings/registry.ts";
import { checkedShape } from "./safetensors.ts";
import type { WeightHeaders, WeightSource } from "./weight_source.ts";

/** A weight that is made of stored parts. */
interface Unpacked {
  readonly by: NamedPacking;
  readonly weight: PackedWeight;
  readonly layout: PackedLayout;
  /** Names of the parts. */
  readonly names: Readonly<Partial<Record<PartRole, string>>>;
}

/** A plain weight under another name, or with other axes. */
interface Plain {
  readonly stored: string;
  readonly axes: readonly number[] | null;
}

const roles: readonly PartRole[] = ["codes", "scales", "zeros", "offsets", "groups", "shape"];

/** Scales of keys and values in a cache of fewer bits, which is not what is used here. */
const cacheScale =
  /\.self_attn\.([kvq]_scale|[kvq]_zero_point|[kvq]_proj\.([kvq]_scale|output_scale))$/;

/** The packed weights of one packing. */
function packedBy(
  headers: WeightHeaders,
  by: NamedPacking,
  known: ReadonlySet<string>,
  parts: Set<string>,
): [name: string, own: Unpacked][] {
  const { packing, settings } = by, ends = packing.parts;
  return headers.names().flatMap((name): [string, Unpacked][] => {
    if (!name.endsWith(`.${ends.codes}`)) return [];
    const module = name.slice(0, -ends.codes!.length - 1);
    if (!known.has(`${module}.${ends.scales}`)) return [];
    const names = Object.fromEntries(roles.flatMap((role) => {
      const part = `${module}.${ends[role]}`;
      return ends[role] !== undefined && known.has(part) ? [[role, part]] : [];
    }));
    const infos = Object.fromEntries(
      Object.entries(names).map(([role, part]) => [role, headers.info(part)]),
    );
    const weight: PackedWeight = { module, parts: infos, path: headers.path };
    const layout = settingsIn(headers.path, () => packing.layout(weight, settings));
    checkParts(weight, layout);
    for (const part of Object.values(names)) parts.add(part);
    for (const end of packing.ignored ?? []) parts.add(`${module}.${end}`);
    return [[`${module}.${packing.weight ?? "weight"}`, { by, weight, layout, names }]];
  });
}

/** Sorts the stored tensors into packed weights and plain ones. */
function sortTensors(
  headers: WeightHeaders,
  packings: readonly NamedPacking[],
): Map<string, Unpacked | Plain> {
  const all = headers.names(), known = new Set(all), parts = new Set<string>();
  const rename = (name: string) =>
    packings.reduce((own, { packing }) => packing.rename?.(own, all) ?? own, name);
  const axesOf = (name: string) =>
    packings.map(({ packing }) => packing.axes?.(name, all)).find((axes) => axes) ?? null;
  const packed = packings.flatMap((by) => packedBy(headers, by, known, parts));
  const found = new Map<string, Unpacked | Plain>();
  for (const [name, own] of packed) found.set(rename(name), own);
  for (const name of all) {
    if (parts.has(name) || cacheScale.test(name)) continue;
    found.set(rename(name), { stored: name, axes: axesOf(name) });
  }
  return found;
}

const isPlain = (entry: Unpacked | Plain): entry is Plain => "stored" in entry;

/** The blocks into which a weight can be put; null for one that has to be unpacked, and a plain one. */
function formatOf(own: Unpacked | Plain) {
  return isPlain(own) ? null : groupsOf(own.layout, own.names);
}

/** Headers of what is found when the weights are unpacked. */
function headersOf(
  source: WeightHeaders,
  entries: ReadonlyMap<string, Unpacked | Plain>,
): WeightHeaders {
  const names = [...entries.keys()];
  const entry = (name: string) => entries.get(name) ?? { stored: name, axes: null };
  return {
    path: source.path,
    names: () => names,
    info(name) {
      const own = entry(name);
      if (isPlain(own)) {
        const info = source.info(own.stored);
        return own.axes ? { ...info, shape: own.axes.map((axis) => info.shape[axis]) } : info;
      }
      const { shape } = own.layout;
      return {
        dtype: "F32",
        shape: shapeOf(own.layout),
        offset: own.weight.parts.codes!.offset,
        byteLength: 4 * shape[0] * shape[1],
      };
    },
    stored(name) {
      const own = entry(name);
      if (isPlain(own)) {
        const { dtype: format, byteLength } = source.info(own.stored);
        return { format, byteLength };
      }
      const parts = Object.values(own.weight.parts);
      return {
        format: own.by.packing.format(own.weight, own.by.settings),
        byteLength: parts.reduce((sum, { byteLength }) => sum + byteLength, 0),
      };
    },
    packedAs: (name) => formatOf(entry(name)),
  };
}

/**
 * Headers of weights as they are when they are unpacked.
 *
 * @param config the content of `config.json`, which names the packing
 * @returns the same headers where weights are plain
 * @throws {InputError} for parts that are missing or do not fit each other
 */
export function unpackedHeaders(headers: WeightHeaders, config: JsonObject): WeightHeaders {
  const found = settingsIn(headers.path, () => packingsOf(config));
  return found.length === 0 ? headers : headersOf(headers, sortTensors(headers, found));
}

/** Bytes with the axes of a tensor in another order. */
function turned(
  bytes: Uint8Array<ArrayBuffer>,
  shape: readonly number[],
  axes: readonly number[],
  size: number,
): Uint8Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, size));
  const sizes = axes.map((axis) => shape[axis]), steps = axes.map((axis) => strides[axis]);
  const out = new Uint8Array(bytes.length), index = sizes.map(() => 0);
  for (let to = 0, from = 0; to < out.length; to += size) {
    out.set(bytes.subarray(from, from + size), to);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < sizes[axis]) break;
      from -= steps[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** Groups of the inputs, which must be there. */
async function readGroups(
  source: WeightSource,
  { weight, layout, names }: Unpacked,
): Promise<Int32Array | undefined> {
  if (!names.groups) return undefined;
  const bytes = await source.read(names.groups), count = blocksOf(layout)[1];
  const groups = new Int32Array(bytes.buffer);
  if (groups.every((group) => group >= 0 && group < count)) return groups;
  return refuseWeight(weight, `its groups are numbers outside 0 to ${count - 1}`);
}

/** Refuses padding that the sizes of the parts do not show. */
async function checkTrueShape(source: WeightSource, own: Unpacked): Promise<void> {
  const { weight, layout: { shape }, names } = own;
  if (!names.shape) return;
  const bytes = await source.read(names.shape), { dtype } = source.info(names.shape);
  const found = dtype === "I64"
    ? [...new BigInt64Array(bytes.buffer)].map(Number)
    : [...new Int32Array(bytes.buffer)];
  if (found.length === 2 && found.every((size, axis) => size === shape[axis])) return;
  refuseWeight(
    weight,
    `its codes are those of a weight of [${shape}], its weight_shape says [${found}]`,
  );
}

/** Reads all parts of a weight but its codes. */
async function readShared(
  source: WeightSource,
  own: Unpacked,
): Promise<Omit<PackedParts, "codes">> {
  const { names, layout: { mendZeros = (bytes) => bytes } } = own;
  const wide = async (name: string | undefined) => {
    if (name === undefined) return undefined;
    return widenToFloat32(await source.read(name), source.info(name).dtype as "F32");
  };
  await checkTrueShape(source, own);
  return {
    scales: (await wide(names.scales))!,
    zeros: names.zeros ? mendZeros(await source.read(names.zeros)) : undefined,
    offsets: await wide(names.offsets),
    groups: await readGroups(source, own),
  };
}

/** Reads all parts of a weight. */
async function readParts(source: WeightSource, own: Unpacked): Promise<PackedParts> {
  return { ...await readShared(source, own), codes: await source.read(own.names.codes!) };
}

/** Reads a weight and unpacks it. */
async function readUnpacked(
  source: WeightSource,
  own: Unpacked,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(unpack(own.layout, await readParts(source, own)).buffer);
}

/**
 * Weights in a packing, unpacked when they are read.
 *
 * @param source the stored tensors
 * @param config the content of `config.json`, which names the packing
 * @returns the same source where weights are plain
 * @throws {InputError} for parts that are missing or do not fit each other
 */
export function unpackedSource(source: WeightSource, config: JsonObject): WeightSource {
  const found = settingsIn(source.path, () => packingsOf(config));
  if (found.length === 0) return source;
  const entries = sortTensors(source, found);
  const headers = headersOf(source, entries);
  const read = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const own = entries.get(name) ?? { stored: name, axes: null };
    if (!isPlain(own)) return await readUnpacked(source, own);
    const bytes = await source.read(own.stored);
    const { dtype, shape } = source.info(own.stored);
    return own.axes ? turned(bytes, shape, own.axes, dtypeBytes(dtype)) : bytes;
  };
  return {
    ...headers,
    metadata: source.metadata,
    has: (name) => entries.has(name),
    read,
    lying: (name, as) => {
      const own = entries.get(name) ?? { stored: name, axes: null };
      return isPlain(own) && !own.axes ? source.lying?.(own.stored, as) ?? null : null;
    },
    readPacked: async (name, wanted) => {
      const own = entries.get(name) ?? { stored: name, axes: null };
      const { shape } = headers.info(name), format = formatOf(own);
      if (isPlain(own) || !format) {
        throw new InputError(
          `Cannot read tensor ${quoted(name)} of ${source.path} in blocks: read its numbers`,
        );
      }
      checkedShape(name, source.path, shape, wanted);
      const parts = await readParts(source, own), order = orderOf(own.layout, parts.groups);
      if (order === null) return null; // groups of different sizes
      return { bytes: intoGroups(own.layout, parts, format, order), format, shape, order };
    },
    readGroups: async (name, wanted) => {
      const own = entries.get(name) ?? { stored: name, axes: null }, format = formatOf(own);
      if (isPlain(own) || !format) return null;
      checkedShape(name, source.path, shapeOf(own.layout), wanted);
      const lying = source.lying?.(own.names.codes!, "bytes");
      if (!lying) return null;
      const parts = await readShared(source, own), order = orderOf(own.layout, parts.groups);
      return order === null ? null : [groupedCodes(own.layout, parts, lying, format, order)];
    },
    readWeight: async (name, wanted) => {
      const own = entries.get(name) ?? { stored: name, axes: null };
      const { shape } = headers.info(name);
      checkedShape(name, source.path, shape, wanted);
      if (!isPlain(own)) return { bytes: await read(name), dtype: "F32", shape };
      const plain = await source.readWeight(own.stored);
      return own.axes ? { ...plain, bytes: await read(name), shape } : plain;
    },
    close: () => source.close(),
    [Symbol.dispose]: () => source.close(),
  };
}
