/**
 * Samples of the synthetic domains: one question on its images or video.
 *
 * @module
 */
import { generateContext } from "./context.ts";
import type { DomainName, TaskOptions } from "./options.ts";
import type { Sample, SampleMedia } from "../../lib/data/sample.ts";
import { domainNames, domainSpec } from "./specs.ts";

export { domainNames };

/** A source of samples. */
export interface Domain {
  /** Its name in data sets. */
  readonly name: DomainName;
  /** What is shown and asked, for a person. */
  readonly description: string;
  /**
   * Makes one sample: the same one for the same seed and options.
   *
   * @param seed any integer; samples of different splits differ whatever their seeds are
   * @param options size, split and variety
   * @throws {InputError} when an option is out of range or does not fit the others
   */
  generate(seed: number, options: TaskOptions): Sample;
}

/** Frames of a video in a second: the rate at which models of the Qwen families look at videos. */
const FRAMES_PER_SECOND = 2;

/**
 * Several samples on one context, each about another pair.
 *
 * @param seed any integer
 * @param options size, split, variety, and how many questions; fewer where there are fewer pairs
 * @throws {InputError} when an option is out of range or does not fit the others
 *
 * @example
 * ```ts
 * import { contextSamples } from "./domains.ts";
 * import { assertEquals } from "@std/assert";
 * const options = { cellsPerSide: 8, images: 1, difficulty: 0, split: "test" } as const;
 * const [first, second] = contextSamples("scene", 7, { ...options, questions: 2 });
 * assertEquals([first.images === second.images, first.question === second.question], [true, false]);
 * ```
 */
export function contextSamples(
  name: DomainName,
  seed: number,
  options: TaskOptions & { readonly questions: number },
): Sample[] {
  const { plan, media, images, questions } = generateContext(name, seed, {
    ...options,
    draw: true,
  });
  const tokens = plan.images * plan.rows * plan.columns;
  const level = typeof options.difficulty === "number" ? `level${options.difficulty}` : "custom";
  const shown: SampleMedia = media === "images" ? { images } : {
    video: {
      frames: images.flatMap((image) => Array.from({ length: plan.frameRepeat }, () => image)),
      fps: FRAMES_PER_SECOND,
    },
  };
  return questions.map((asked, i): Sample => ({
    id: `${name}-${plan.split}-${tokens}-${level}-${seed}${i > 0 ? `-${i}` : ""}`,
    domain: name,
    question: asked.question,
    answer: asked.accepted.length === 1 ? asked.answer : asked.accepted,
    ...(asked.choices ? { choices: asked.choices } : {}),
    evidence: asked.evidence,
    ...(asked.null === undefined ? {} : { null: asked.null }),
    ...(asked.foils.length > 0 ? { foils: asked.foils } : {}),
    ...(asked.foils.length > 0 && asked.foilAnswers ? { foilAnswers: asked.foilAnswers } : {}),
    chance: asked.chance,
    ...shown,
  }));
}

/** All synthetic domains, in the order of the paper's benchmarks. */
export const domains: readonly Domain[] = domainNames.map((name) => ({
  name,
  description: domainSpec(name).description,
  generate: (seed, options) => contextSamples(name, seed, { ...options, questions: 1 })[0],
}));

/**
 * A domain by its name.
 *
 * @param name one of `domainNames`
 * @throws {InputError} when there is no such domain
 *
 * @example
 * ```ts
 * import { domainOf } from "./domains.ts";
 * import { assertEquals } from "@std/assert";
 * const options = { cellsPerSide: 4, images: 2, difficulty: 2, split: "test" } as const;
 * const sample = domainOf("page").generate(7, options);
 * assertEquals(sample.images?.length, 2);
 * assertEquals(sample.images?.[0].width, 4 * 16);
 * ```
 */
export function domainOf(name: string): Domain {
  const spec = domainSpec(name);
  return domains.find((domain) => domain.name === spec.name)!;
}
