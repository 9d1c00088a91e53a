/**
 * Boxes of annotations as boxes in images.
 *
 * @module
 */
import type { Box } from "../sample.ts";
import type { Size } from "./media_folder.ts";
import type { Row } from "./row.ts";

/**
 * A box on a page or frame of one size, in an image of it that has another: scaled, and cut off at
 * the edges.
 *
 * @returns null if nothing of it is in the image
 *
 * @example
 * ```ts
 * import { scaledBox } from "./boxes.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(scaledBox([306, 0, 700, 396], [612, 792], [1224, 1584]), [612, 0, 1224, 792]);
 * ```
 */
export function scaledBox(box: readonly number[], from: Size, to: Size): Box | null {
  const place = (i: number) => Math.min(Math.max(box[i] * to[i % 2] / from[i % 2], 0), to[i % 2]);
  const [x0, y0, x1, y1] = [place(0), place(1), place(2), place(3)];
  return x0 < x1 && y0 < y1 ? [x0, y0, x1, y1] : null;
}

/**
 * A box in pixels of its own image.
 *
 * @param form what the four numbers are: left and top, then width and height (COCO) or right and
 *   bottom
 * @throws {InputError} if it leaves the image by more than a pixel or has no area
 */
export function boxField(row: Row, field: string, form: "xywh" | "xyxy", size: Size): Box {
  const [x, y, a, b] = row.numbers(field, 4);
  const corners = form === "xywh" ? [x, y, x + a, y + b] : [x, y, a, b];
  const inside = corners[0] >= -1 && corners[1] >= -1 && corners[2] <= size[0] + 1 &&
    corners[3] <= size[1] + 1;
  const box = inside ? scaledBox(corners, size, size) : null;
  if (box) return box;
  const names = form === "xywh" ? "[left, top, width, height]" : "[left, top, right, bottom]";
  throw row.wrong(field, `${names} within the image of ${size[0]} x ${size[1]} pixels`);
}
