/**
 * Values that are costly to make, kept while they fit into a given number of bytes.
 *
 * @module
 */
import { InputError } from "./errors.ts";

/** A value in use: it is not freed before the lease ends. */
export interface Lease<T> extends Disposable {
  /** The value; it belongs to the cache. */
  readonly value: T;
}

/** A value for the cache to keep. */
export interface Kept<T> {
  /** The value. */
  readonly value: T;
  /** What it takes. */
  readonly bytes: number;
  /** Frees it; the garbage collector does by default. */
  readonly free?: () => void;
}

interface Entry extends Kept<unknown> {
  users: number;
  forgotten: boolean;
}

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/**
 * A number that names an object in keys: always the same for one object, never the same for two.
 *
 * @example
 * ```ts
 * import { objectNumber } from "./bounded_cache.ts";
 * import { assert } from "@std/assert";
 * const [a, b] = [{}, {}];
 * assert(objectNumber(a) === objectNumber(a) && objectNumber(a) !== objectNumber(b));
 * ```
 */
export function objectNumber(object: object): number {
  const known = numbers.get(object) ?? ++lastNumber;
  numbers.set(object, known);
  return known;
}

/**
 * Keeps values by key, those used last while they fit together into the limit. A value that does not
 * fit is used once and freed. Dispose of it to free all.
 */
export class BoundedCache implements Disposable {
  readonly #entries = new Map<string, Entry>(); // least recently used first
  #bytes = 0;

  /**
   * An empty cache.
   *
   * @param limit bytes that it may hold; with 0 it keeps nothing
   * @throws {InputError} for a limit that is no number of at least 0
   */
  constructor(readonly limit: number) {
    if (limit >= 0) return;
    throw new InputError(`Cannot keep ${limit} bytes: wanted a number of at least 0`);
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of values held now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Frees values that nobody uses, least recently used first, until so many bytes fit. */
  makeRoom(bytes: number): void {
    for (const [key, entry] of [...this.#entries]) {
      if (this.#bytes + bytes <= this.limit) return;
      if (entry.users === 0) this.#forget(key, entry);
    }
  }

  /** The value of a key, if it is held. */
  find<T>(key: string): Lease<T> | null {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    this.#entries.delete(key); // and last again
    this.#entries.set(key, entry);
    return this.#lease<T>(entry);
  }

  /** Keeps a value, if it fits; takes it over in any case. */
  add<T>(key: string, kept: Kept<T>): Lease<T> {
    const entry: Entry = { ...kept, users: 0, forgotten: true };
    if (!this.#entries.has(key) && kept.bytes <= this.limit) {
      this.makeRoom(kept.bytes);
      if (this.#bytes + kept.bytes <= this.limit) {
        entry.forgotten = false;
        this.#entries.set(key, entry);
        this.#bytes += kept.bytes;
      }
    }
    return this.#lease<T>(entry);
  }

  /**
   * The value of a key that needs no freeing: held, or made now.
   *
   * @param make makes it; not called where it is held
   * @param bytesOf what the value takes
   */
  async remember<T>(
    key: string,
    make: () => T | Promise<T>,
    bytesOf: (value: T) => number,
  ): Promise<T> {
    using known = this.find<T>(key);
    if (known) return known.value;
    const value = await make();
    using lease = this.add(key, { value, bytes: bytesOf(value) });
    return lease.value;
  }

  /** Frees everything; values in use when their leases end. */
  [Symbol.dispose](): void {
    for (const [key, entry] of [...this.#entries]) this.#forget(key, entry);
  }

  #lease<T>(entry: Entry): Lease<T> {
    entry.users++;
    let open = true;
    return {
      value: entry.value as T,
      [Symbol.dispose]: () => {
        if (!open) return;
        open = false;
        if (--entry.users === 0 && entry.forgotten) entry.free?.();
      },
    };
  }

  #forget(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    entry.forgotten = true;
    if (entry.users === 0) entry.free?.();
  }
}
