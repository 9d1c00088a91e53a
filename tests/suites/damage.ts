/**
 * Damage to the files of a checkpoint, as values that fast-check draws and shrinks.
 *
 * @module
 */
import fc from "fast-check";

/** Changes the bytes of a file. */
export interface Damage {
  /** What is done, for messages. */
  readonly what: string;
  /** The damaged bytes. */
  readonly apply: (bytes: Uint8Array) => Uint8Array;
}

/** Numbers that readers stumble over. */
const oddNumbers: readonly unknown[] = [
  ...[-1, 0, 1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 - 1, 1e308, -0, null, "8", true, [1]],
];

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

/** Damage that needs no knowledge of a format: cut off, flipped, overwritten, lengthened, emptied. */
export function blindDamage(): fc.Arbitrary<Damage> {
  const flips = fc.array(fc.tuple(share, fc.nat(7)), { minLength: 1, maxLength: 6 });
  const near = share.map((x) => x ** 4); // mostly in the header
  return fc.oneof(
    fc.tuple(share, fc.boolean()).map(([at, front]): Damage => ({
      what: `${front ? "begins" : "ends"} at ${at}`,
      apply: (bytes) => {
        const place = Math.floor(at * bytes.length);
        return front ? bytes.slice(place) : bytes.slice(0, place);
      },
    })),
    flips.map((all): Damage => ({
      what: `bits flipped ${JSON.stringify(all)}`,
      apply: (bytes) => {
        const copy = bytes.slice();
        for (const [at, bit] of all) copy[Math.floor(at * copy.length)] ^= 1 << bit;
        return copy;
      },
    })),
    fc.tuple(near, fc.nat(7)).map(([at, bit]): Damage => ({
      what: `bit ${bit} flipped near the beginning, at ${at}`,
      apply: (bytes) => {
        const copy = bytes.slice();
        copy[Math.floor(at * copy.length)] ^= 1 << bit;
        return copy;
      },
    })),
    fc.tuple(near, fc.constantFrom(0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 62n))
      .map(([at, value]): Damage => ({
        what: `${value} written at ${at}`,
        apply: (bytes) => {
          const copy = bytes.slice();
          const place = Math.min(Math.floor(at * copy.length), copy.length - 8);
          new DataView(copy.buffer).setBigInt64(place, value, true);
          return copy;
        },
      })),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more): Damage => ({
      what: `${more.length} bytes more`,
      apply: (bytes) => Uint8Array.of(...bytes, ...more),
    })),
    fc.constant<Damage>({ what: "empty", apply: () => new Uint8Array(0) }),
  );
}

/** What a header says of a tensor. */
export interface HeaderEntry {
  dtype: unknown;
  shape: unknown;
  data_offsets: unknown;
}

/** The parts of a safetensors file, by the format's definition alone. */
export function splitSafetensors(
  bytes: Uint8Array,
): { header: Record<string, HeaderEntry>; data: Uint8Array } {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  return { header: JSON.parse(text), data: bytes.subarray(8 + length) };
}

/** A safetensors file of its parts. */
export function joinSafetensors(header: unknown, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

/** A header that is whole and says something wrong of one tensor. */
export function headerDamage(): fc.Arbitrary<Damage> {
  const odd = fc.constantFrom(...oddNumbers);
  const types = ["F64", "F16", "BF16", "I32", "I64", "U8", "BOOL", "F8_E4M3", "F4", "f32", "", 7];
  type Change = (entry: HeaderEntry, other: HeaderEntry) => void;
  const change: fc.Arbitrary<readonly [string, Change]> = fc.oneof(
    fc.constantFrom(...types).map((dtype) =>
      [`dtype ${dtype}`, (entry: HeaderEntry) => void (entry.dtype = dtype)] as const
    ),
    fc.tuple(fc.nat(3), odd).map(([axis, size]) =>
      [`axis ${axis} is ${size}`, ({ shape }: HeaderEntry) => {
        const sizes = shape as unknown[];
        sizes[axis % (sizes.length + 1)] = size;
      }] as const
    ),
    fc.constant(
      ["shape turned", ({ shape }: HeaderEntry) => {
        (shape as unknown[]).reverse();
      }] as const,
    ),
    fc.tuple(fc.nat(1), odd).map(([end, place]) =>
      [`offset ${end} is ${place}`, ({ data_offsets }: HeaderEntry) => {
        (data_offsets as unknown[])[end] = place;
      }] as const
    ),
    fc.tuple(fc.nat(1), fc.constantFrom(-4, -1, 1, 4, 4096)).map(([end, by]) =>
      [`offset ${end} moved by ${by}`, ({ data_offsets }: HeaderEntry) => {
        (data_offsets as number[])[end] += by;
      }] as const
    ),
    fc.constant(
      ["lies where another lies", (entry: HeaderEntry, other: HeaderEntry) => {
        entry.data_offsets = other.data_offsets;
      }] as const,
    ),
    fc.constant(
      ["changes places with another", (entry: HeaderEntry, other: HeaderEntry) => {
        [entry.data_offsets, other.data_offsets] = [other.data_offsets, entry.data_offsets];
      }] as const,
    ),
    fc.constantFrom("dtype", "shape", "data_offsets").map((key) =>
      [`no ${key}`, (entry: HeaderEntry) => {
        delete (entry as unknown as Record<string, unknown>)[key];
      }] as const
    ),
  );
  const places = fc.tuple(fc.nat(10_000), fc.nat(10_000));
  const entries = fc.tuple(places, change).map(([[one, two], [what, apply]]): Damage => ({
    what: `tensor ${one} (beside ${two}): ${what}`,
    apply: (bytes) => {
      const { header, data } = splitSafetensors(bytes);
      const all = Object.keys(header).filter((name) => name !== "__metadata__");
      apply(header[all[one % all.length]], header[all[two % all.length]]);
      return joinSafetensors(header, data);
    },
  }));
  const names = fc.tuple(fc.nat(10_000), fc.constantFrom("x", "", "__metadata__", "__proto__"))
    .map(([one, name]): Damage => ({
      what: `tensor ${one} is called ${JSON.stringify(name)}`,
      apply: (bytes) => {
        const { header, data } = splitSafetensors(bytes), own = Object.keys(header);
        const at = own[one % own.length];
        const renamed = own.map((key) => [key === at ? name : key, header[key]]);
        return joinSafetensors(Object.fromEntries(renamed), data);
      },
    }));
  const lengths = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((length): Damage => ({
    what: `header of ${length} bytes`,
    apply: (bytes) => {
      const copy = bytes.slice();
      new DataView(copy.buffer).setBigUint64(0, length, true);
      return copy;
    },
  }));
  return fc.oneof({ weight: 8, arbitrary: entries }, { weight: 2, arbitrary: names }, lengths);
}

/** An index of shards that says something wrong. */
export function indexDamage(shards: readonly string[]): fc.Arbitrary<Damage> {
  const files = [...shards, "none.safetensors", "../model.safetensors", "a.bin", 3, null, ""];
  const one = fc.tuple(fc.nat(10_000), fc.constantFrom(...files)).map(([at, file]): Damage => ({
    what: `tensor ${at} is in ${JSON.stringify(file)}`,
    apply: (bytes) => {
      const json = JSON.parse(new TextDecoder().decode(bytes));
      const names = Object.keys(json.weight_map);
      json.weight_map[names[at % names.length]] = file;
      return new TextEncoder().encode(JSON.stringify(json));
    },
  }));
  const whole = fc.constantFrom("", "{", "[]", "null", "{}", '{"weight_map": 3}', "\u0000")
    .map((text): Damage => ({
      what: `is ${JSON.stringify(text)}`,
      apply: () => new TextEncoder().encode(text),
    }));
  const noEntries = fc.constant<Damage>({
    what: "names nothing",
    apply: () => new TextEncoder().encode('{"weight_map": {}}'),
  });
  return fc.oneof({ weight: 4, arbitrary: one }, whole, noEntries, blindDamage());
}
