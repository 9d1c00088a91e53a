/**
 * Environment variables for the length of a test.
 */

/** Runs `body` with these variables (null: unset), and puts the old ones back, also later for a promise. */
export function withEnvironment<Name extends string, T>(
  values: Readonly<Partial<Record<Name, string | null>>>,
  body: () => T,
): T {
  const names = Object.keys(values) as Name[];
  const before = names.map((name) => Deno.env.get(name));
  const set = (name: string, value: string | null | undefined) =>
    value === null || value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  const restore = () => names.forEach((name, i) => set(name, before[i]));
  names.forEach((name) => set(name, values[name]));
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}
