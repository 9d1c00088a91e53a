/**
 * Images at one size: the shorter side resized, the middle cut out (CLIP's way), one grid of
 * tokens each.
 *
 * Source: transformers `image_processing_clip.py`, `processing_llava.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { configLimits } from "../model/config_limits.ts";
import { cutOut, stackImages } from "./canvas.ts";
import type { Box, RgbImage } from "./image.ts";
import type { MediaRecipe } from "./media_layout.ts";
import { levelTable } from "./normalize.ts";
import { type PixelDefaults, readPixelConfig, readSize } from "./processor_files.ts";
import { type ResizeFilter, resizeImage } from "./resize.ts";

/** Height and width of images, both given or as one side. */
export interface FixedSize {
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
}

/**
 * Reads `{"height": …, "width": …}` or one number for both; an absent object or key means `fallback`, and
 * `shortest_edge` means a square.
 */
export function readFixedSize(settings: JsonReader, key: string, fallback: number): FixedSize {
  const size = readSize(settings, key);
  const edge = size.count("shortest_edge", fallback, configLimits.side);
  return {
    height: size.count("height", edge, configLimits.side),
    width: size.count("width", edge, configLimits.side),
  };
}

/** An image in its final size and what it shows of the original. */
export interface FramedImage {
  readonly image: RgbImage;
  /** What it shows, in pixels of the original; may reach beyond it where a border was added. */
  readonly region: Box;
}

/**
 * Resizes the shorter side to `edge` and keeps the aspect.
 *
 * @returns an image whose longer side is rounded down
 */
export function resizeShorterSide(image: RgbImage, edge: number, filter: ResizeFilter): RgbImage {
  const { width, height } = image;
  const longer = (long: number, short: number) => Math.trunc(edge * long / short);
  return width <= height
    ? resizeImage(image, edge, longer(height, width), filter)
    : resizeImage(image, longer(width, height), edge, filter);
}

/**
 * Cuts the middle out of an image, with a black border where it is too small.
 *
 * @param image image that shows all of an original of `original` pixels
 */
export function cutMiddle(image: RgbImage, size: FixedSize, original: RgbImage): FramedImage {
  const offset = (have: number, want: number) =>
    have < want ? -Math.floor((want - have) / 2) : Math.trunc((have - want) / 2);
  const left = offset(image.width, size.width), top = offset(image.height, size.height);
  const sx = original.width / image.width, sy = original.height / image.height;
  return {
    image: cutOut(image, left, top, size.width, size.height),
    region: [left * sx, top * sy, (left + size.width) * sx, (top + size.height) * sy],
  };
}

/** What the processor around the image processor says. */
export interface FixedTokens {
  /** Placeholder in the rendered prompt, and the token that is repeated. */
  readonly token: string;
  /** Rows and columns of tokens of an image in its final size. */
  grid(height: number, width: number): readonly [rows: number, columns: number];
}

/** Tokens of patches, each of `patchSize` pixels along a side; what is left over at the ends is cut off. */
export function patchGrid(patchSize: number): FixedTokens["grid"] {
  return (height, width) => [Math.floor(height / patchSize), Math.floor(width / patchSize)];
}

/** Grey levels where SigLIP's class finds none in the file. */
const siglip: PixelDefaults = { imageMean: [0.5, 0.5, 0.5], imageStd: [0.5, 0.5, 0.5] };

/** Classes of transformers that give one picture at one size, and whether they cut out the middle. */
const fixedProcessors: Readonly<Record<string, boolean>> = {
  CLIPImageProcessor: true,
  LlavaImageProcessor: true,
  SiglipImageProcessor: false,
  CLIPFeatureExtractor: true, // CLIPImageProcessor's name in old files
};

/**
 * Whether the class that the settings name cuts out the middle where they do not say; without a name
 * it does.
 *
 * @throws {InputError} for a class that would make other pictures than these
 */
function cropsByDefault(settings: JsonReader): boolean {
  const named = settings.value("image_processor_type") ?? "CLIPImageProcessor";
  const name = String(named).replace(/(Fast|Pil)$/, "");
  if (Object.hasOwn(fixedProcessors, name)) return fixedProcessors[name];
  const wanted = Object.keys(fixedProcessors).slice(0, 3);
  throw settings.error("image_processor_type", `one of ${wanted.join(", ")}`);
}

/**
 * Images: each is cut to one size and becomes one grid of tokens.
 *
 * @param settings of the image processor; read here and now
 * @param defaults where the file says nothing; `edge` is the side in pixels
 * @returns tensor `pixel_values` `[n, 3, height, width]`
 * @throws {InputError} for settings that are unknown or of the wrong type
 */
export function fixedImages(
  { token, grid }: FixedTokens,
  settings: JsonReader,
  defaults: PixelDefaults & { readonly edge: number },
): MediaRecipe<RgbImage> {
  const crops = cropsByDefault(settings);
  const config = readPixelConfig(settings, crops ? defaults : siglip);
  const shape = readSize(settings, "size", !crops);
  const edge = shape.count("shortest_edge", defaults.edge, configLimits.side);
  const height = shape.count("height", edge, configLimits.side);
  const width = shape.count("width", edge, configLimits.side);
  const square = shape.value("height") !== undefined ||
    (!crops && shape.value("shortest_edge") === undefined);
  const crop = readFixedSize(settings, "crop_size", edge);
  const cropped = settings.flag("do_center_crop", crops);
  settings.finish();
  const levels = levelTable(config);
  const frame = (image: RgbImage): FramedImage => {
    const resized = !config.doResize
      ? image
      : square
      ? resizeImage(image, width, height, config.filter)
      : resizeShorterSide(image, edge, config.filter);
    if (cropped) return cutMiddle(resized, crop, image);
    return { image: resized, region: [0, 0, image.width, image.height] };
  };
  return {
    placeholder: token,
    takesSizes: false,
    prepare(images) {
      const framed = images.map(frame);
      return {
        tensors: { pixel_values: stackImages(framed.map(({ image }) => image), levels) },
        layouts: framed.map(({ image, region }, media) => {
          const [rows, columns] = grid(image.height, image.width);
          return [{
            token,
            grid: {
              kind: "image",
              media,
              size: [images[media].width, images[media].height],
              frames: [],
              rows,
              columns,
              newline: "none",
              region,
            },
          }];
        }),
      };
    },
  };
}
