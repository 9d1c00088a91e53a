/**
 * Duplicate keys in JSON text. `JSON.parse` keeps the last of several silently, so that two readers
 * of one file could see two different checkpoints.
 *
 * @module
 */

/**
 * The first key that occurs twice in one object of valid JSON text, at any depth; null if none does.
 *
 * Keys that are spelt differently but mean the same (`"a"`, `"\u0061"`) count as the same.
 *
 * @param json text that `JSON.parse` accepts
 *
 * @example
 * ```ts
 * import { duplicateKey } from "./json_keys.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(duplicateKey('{"a": {"b": 1}, "b": [{"a": 2}, {"a": 3}]}'), null);
 * assertEquals(duplicateKey('{"a": 1, "b": 2, "a": 3}'), "a");
 * ```
 */
export function duplicateKey(json: string): string | null {
  const open: (Set<string> | null)[] = []; // keys of each open object; null for an open array
  let expectsKey = false;
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x7b: // {
        open.push(new Set());
        expectsKey = true;
        break;
      case 0x5b: // [
        open.push(null);
        expectsKey = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        expectsKey = false;
        break;
      case 0x2c: // ,
        expectsKey = open[open.length - 1] != null;
        break;
      case 0x22: { // "
        const start = i;
        let escaped = false;
        for (i++; json.charCodeAt(i) !== 0x22; i++) {
          if (json.charCodeAt(i) === 0x5c) {
            escaped = true;
            i++;
          }
        }
        if (!expectsKey) break;
        expectsKey = false;
        const key = escaped ? JSON.parse(json.slice(start, i + 1)) : json.slice(start + 1, i);
        const keys = open[open.length - 1]!;
        if (keys.has(key)) return key;
        keys.add(key);
      }
    }
  }
  return null;
}
