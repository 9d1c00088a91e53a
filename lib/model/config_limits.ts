/**
 * Largest sizes of a model that are read, several times those of the largest that are published: a
 * number in a file must not make this program allocate memory or loop for long.
 *
 * @module
 */

/** Upper bounds, both ends included. */
export const configLimits = {
  /** Layers of a decoder or tower. */
  layers: 1024,
  /** Heads of a layer. */
  heads: 4096,
  /** Widths of the residual stream and of feed-forward layers. */
  width: 1 << 20,
  /** Rows of the embedding table. */
  vocabulary: 1 << 23,
  /** Experts of a layer. */
  experts: 4096,
  /** Sides of tiles and images of fixed size, in pixels. */
  side: 4096,
  /** Sides of patches, in pixels, and frames of a patch. */
  patch: 256,
  /** Tiles of an image. */
  tiles: 1024,
  /** Sizes that the tiles of an image may fill. */
  resolutions: 1024,
  /** Tokens of one tile or frame. */
  tokens: 1 << 16,
  /** Rows of a learned position table. */
  positions: 1 << 22,
  /** Pixels up to which images are enlarged. */
  leastPixels: 1 << 24,
  /** Pixels of all tiles of an image. */
  mostPixels: 1 << 25,
  /** Frames that are taken of a video. */
  frames: 1 << 16,
} as const;
