/**
 * Damaged copies of good input: bytes, texts and JSON, changed at random from a seed.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";

/** A whole number from 0 to `count - 1`. */
export function below(random: Random, count: number): number {
  return Math.min(count - 1, Math.floor(random.uniform() * count));
}

/** One of some values. */
export function pick<T>(random: Random, values: readonly T[]): T {
  return values[below(random, values.length)];
}

/** Values that readers stumble over. */
const hostileValues: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 255, 256, 65_536, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63)],
  ...[1e308, 1e-308, 4_000_000, "", "0", "null", "\u0000", "\u001b]0;x\u0007", "../../etc/passwd"],
  ...["/etc/passwd", "C:\\x", "a".repeat(300), "é\u202e", "😀", "__proto__", "constructor"],
  ...[[], [[]], {}, [null], [0, 0], [-1], { "": 0 }, { __proto__: null }, { length: 5 }],
];

/** A value that stands for anything. */
export function hostileValue(random: Random): unknown {
  return structuredClone(pick(random, hostileValues));
}

/** Every place in a JSON value, as the container and the key in it. */
function placesIn(value: unknown, limit = 4000): [Record<string, unknown>, string][] {
  const places: [Record<string, unknown>, string][] = [];
  const queue: unknown[] = [value];
  while (queue.length > 0 && places.length < limit) {
    const next = queue.shift();
    if (typeof next !== "object" || next === null) continue;
    for (const key of Object.keys(next)) {
      places.push([next as Record<string, unknown>, key]);
      queue.push((next as Record<string, unknown>)[key]);
    }
  }
  return places;
}

/** A copy of JSON with one to four places changed, removed, renamed or put elsewhere. */
export function mutateJson(value: unknown, random: Random): unknown {
  let copy = structuredClone(value);
  for (let changes = 1 + below(random, 4); changes > 0; changes--) {
    const places = placesIn(copy);
    if (places.length === 0 || random.uniform() < 0.02) copy = hostileValue(random);
    else {
      const [holder, key] = pick(random, places);
      const [other, otherKey] = pick(random, places);
      switch (below(random, 6)) {
        case 0:
          delete holder[key];
          break;
        case 1:
          if (!Array.isArray(holder)) holder[`${key}x`] = holder[key];
          break;
        case 2:
          holder[key] = structuredClone(other[otherKey]);
          break;
        case 3:
          if (typeof holder[key] === "number") {
            holder[key] = (holder[key] as number) * pick(random, [-1, 0, 2, 0.5, 1000, 1e9]);
            break;
          } // falls through
        default:
          holder[key] = hostileValue(random);
      }
    }
  }
  return copy;
}

/** A copy of bytes with some of them changed, left out, repeated or cut off. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let copy = new Uint8Array(bytes);
  for (let changes = 1 + below(random, 8); changes > 0 && copy.length > 0; changes--) {
    const at = below(random, copy.length), length = 1 + below(random, 16);
    switch (below(random, 8)) {
      case 0:
        copy = copy.slice(0, at);
        break;
      case 1:
        copy = joined(copy.subarray(0, at), copy.subarray(at + length));
        break;
      case 2:
        copy = joined(copy.subarray(0, at + length), copy.subarray(at));
        break;
      case 3:
        copy.fill(pick(random, [0, 255, 127, 128, 32]), at, at + length);
        break;
      case 4:
        if (copy.length >= at + 8) {
          const value = pick(random, [0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 62n, 1000n]);
          new DataView(copy.buffer).setBigInt64(at, value, true);
        }
        break;
      default:
        copy[at] ^= 1 << below(random, 8);
    }
  }
  return copy;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A text with some of its characters changed. */
export function mutateText(text: string, random: Random): string {
  return new TextDecoder().decode(mutateBytes(new TextEncoder().encode(text), random));
}
