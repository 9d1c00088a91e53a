/**
 * Samples of several domains at once, made on the spot.
 *
 * @module
 */
import { domainNames, domainOf } from "./domains.ts";
import type { DomainName, TaskOptions } from "./options.ts";
import type { Sample } from "../../lib/data/sample.ts";

/** What is made. */
export interface MadeSamplesOptions extends Partial<Omit<TaskOptions, "frameRepeat">> {
  /** Domains; all by default. */
  readonly domains?: readonly DomainName[];
  /** First seed; samples of other seeds are other samples. 0 by default. */
  readonly first?: number;
}

/** Different frames of a video stand for two frames each: one temporal patch of Qwen3-VL. */
const framesPerImage = 2;

/**
 * Held-out samples of every domain, the same for the same arguments.
 *
 * @param perDomain how many of each domain
 * @param options size, variety and split; two images of 8 x 8 cells each, the plain form and
 *   the test split by default
 *
 * @example
 * ```ts
 * import { madeSamples } from "./made_samples.ts";
 * import { assertEquals } from "@std/assert";
 * const samples = madeSamples(2, { domains: ["scene", "video"] });
 * assertEquals(samples.map(({ domain }) => domain), ["scene", "scene", "video", "video"]);
 * ```
 */
export function madeSamples(perDomain: number, options: MadeSamplesOptions = {}): Sample[] {
  const { domains = domainNames, first = 0, ...given } = options;
  const common = { cellsPerSide: 8, images: 2, difficulty: 0, split: "test", ...given } as const;
  return domains.flatMap((name) => {
    const frames = name === "video" || name === "long-video" ? { frameRepeat: framesPerImage } : {};
    return Array.from(
      { length: perDomain },
      (_, i) => domainOf(name).generate(first + i, { ...common, ...frames }),
    );
  });
}
