/**
 * How much memory the prepared images of a prompt may take.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** Most numbers of all images of a prompt together: 2 GiB. */
export const maxPreparedValues = 2 ** 29;

/**
 * Room for prepared images.
 *
 * @param count how many numbers
 * @throws {InputError} if that is more than {@link maxPreparedValues}, or more than there is
 */
export function newValues(count: number): Float32Array<ArrayBuffer> {
  const gigabytes = (values: number) => `${(values * 4 / 1e9).toPrecision(3)} GB`;
  if (count > maxPreparedValues) {
    throw new InputError(
      `Cannot prepare images of ${gigabytes(count)} in one prompt: at most ` +
        `${gigabytes(maxPreparedValues)}; use fewer or smaller ones (max_pixels)`,
    );
  }
  try {
    return new Float32Array(count);
  } catch {
    throw new InputError(`Cannot prepare images: no memory for ${gigabytes(count)}`);
  }
}
