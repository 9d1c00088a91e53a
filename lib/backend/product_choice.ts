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

/**
 * Our products of many rows of floats: Strassen's method, or floats as sums of bfloat16 parts, which
 * matrix registers multiply (three parts are as exact as plain sums of floats; two leave up to 5e-5 of
 * the sum of absolute products out, and are never chosen by themselves).
 */
export type OwnProduct = "strassen" | "bf16x3" | "bf16x2";

/** The names of all of them. */
export const ownProducts: readonly OwnProduct[] = ["strassen", "bf16x3", "bf16x2"];

/** What the set-up measured. */
export interface ProductChoice {
  /** Whether ours is used. */
  readonly ours: boolean;
  /** Our time over TensorFlow's. */
  readonly ratio: number;
  /** Which of ours; Strassen's method by default. */
  readonly method?: OwnProduct;
  /** Times over TensorFlow's of ours that were slower. */
  readonly slower?: Readonly<Partial<Record<OwnProduct, number>>>;
}

/** File of the choice, in the folder of the binding. */
const choiceFile = "float_product.json";
/** Ours must be faster by more than this share to be used. */
const margin = 0.02;

/**
 * The choice for measured ratios of our time over TensorFlow's.
 *
 * @param strassen by Strassen's method
 * @param bf16x3 in three bfloat16 parts, where the processor has matrix registers
 */
export function productChoice(strassen: number, bf16x3?: number): ProductChoice {
  if (bf16x3 === undefined) return { ours: strassen < 1 - margin, ratio: strassen };
  return bf16x3 < strassen
    ? { ours: bf16x3 < 1 - margin, ratio: bf16x3, method: "bf16x3", slower: { strassen } }
    : { ours: strassen < 1 - margin, ratio: strassen, slower: { bf16x3 } };
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
    const { ours, ratio, method, slower } = JSON.parse(text);
    const known = method === undefined || ownProducts.includes(method);
    if (typeof ours === "boolean" && typeof ratio === "number" && known) {
      return { ours, ratio, ...(method && { method }), ...(slower && { slower }) };
    }
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
 * Which of our products takes many rows of floats, null for TensorFlow's: what `CORELENS_FLOAT_PRODUCT`
 * says, else what the set-up chose.
 *
 * @param nativeDir folder of the binding
 * @throws {InputError} if the variable says anything but `tensorflow`, `ours` (the faster of ours) or
 * one of {@link ownProducts}
 */
export function ownFloatProduct(nativeDir: string): OwnProduct | null {
  const wanted = environment("CORELENS_FLOAT_PRODUCT");
  if (wanted === "tensorflow") return null;
  const named = ownProducts.find((name) => name === wanted);
  if (named) return named;
  if (wanted !== undefined && wanted !== "ours") {
    throw new InputError(
      `Cannot take CORELENS_FLOAT_PRODUCT="${wanted}": wanted tensorflow, ours or one of ` +
        ownProducts.join(", "),
    );
  }
  const choice = readProductChoice(nativeDir);
  return wanted === "ours" || choice?.ours ? choice?.method ?? "strassen" : null;
}
