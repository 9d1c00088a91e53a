/**
 * Which product of many rows of floats this machine computes faster: TensorFlow's or ours.
 *
 * Both are right, and which is faster depends on the processor. The set-up measures it once and
 * writes the answer beside the binding, so that all runs on a machine round alike.
 * @module
 */
import { join } from "node:path";
import { InputError } from "../common/errors.ts";
import { environment } from "./environment.ts";

/** What the set-up measured. */
export interface ProductChoice {
  /** Whether ours is used. */
  readonly ours: boolean;
  /** Our time over TensorFlow's. */
  readonly ratio: number;
}

/** File of the choice, in the folder of the binding. */
const choiceFile = "float_product.json";
/** Ours must be faster by more than this share to be used. */
const margin = 0.02;

/** The choice for a measured ratio of our time over TensorFlow's. */
export function productChoice(ratio: number): ProductChoice {
  return { ours: ratio < 1 - margin, ratio };
}

/**
 * The choice of the set-up.
 *
 * @param nativeDir folder of the binding
 * @returns null where none was made: an older set-up, a GPU, or a processor without the product
 * @throws {InputError} if the file is damaged
 *
 * @example
 * ```ts
 * import { productChoice, readProductChoice, writeProductChoice } from "./product_choice.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * assertEquals(readProductChoice(folder), null);
 * writeProductChoice(folder, productChoice(0.93));
 * assertEquals(readProductChoice(folder), { ours: true, ratio: 0.93 });
 * ```
 */
export function readProductChoice(nativeDir: string): ProductChoice | null {
  const path = join(nativeDir, choiceFile);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null; // none was made
    throw error;
  }
  try {
    const { ours, ratio } = JSON.parse(text);
    if (typeof ours === "boolean" && typeof ratio === "number") return { ours, ratio };
  } catch {
    // no JSON: said below
  }
  throw new InputError(
    `Cannot read the choice of a product in ${path}: remove .native and run \`deno task setup\``,
  );
}

/** Writes the choice for {@link readProductChoice}. */
export function writeProductChoice(nativeDir: string, choice: ProductChoice): void {
  Deno.writeTextFileSync(join(nativeDir, choiceFile), JSON.stringify(choice) + "\n");
}

/**
 * Whether products of many rows of floats are ours: what `CORELENS_FLOAT_PRODUCT` says, else what the
 * set-up chose.
 *
 * @param nativeDir folder of the binding
 * @throws {InputError} if the variable says anything but `ours` or `tensorflow`
 */
export function ownFloatProducts(nativeDir: string): boolean {
  const wanted = environment("CORELENS_FLOAT_PRODUCT");
  if (wanted === undefined) return readProductChoice(nativeDir)?.ours ?? false;
  if (wanted !== "ours" && wanted !== "tensorflow") {
    throw new InputError(
      `Cannot take CORELENS_FLOAT_PRODUCT="${wanted}": wanted ours or tensorflow`,
    );
  }
  return wanted === "ours";
}
