/**
 * Questions about owners whose heads can be steered: the places are the sentences on the other owners,
 * in texts and on page images, and the answer to each is that owner's name.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import type { AblationSample } from "../../lib/experiments/ablate_heads.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import type { LazySteerSample, SteerTarget } from "../../lib/experiments/steer_samples.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { evidenceTokens } from "../../lib/inputs/evidence.ts";
import type { Sample } from "../../lib/data/sample.ts";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { samplePrompt } from "../../lib/experiments/samples.ts";
import { needleSamples } from "./completion_sample.ts";
import { ownerCompletion, ownerCompletions } from "./owner_completion.ts";

/** Tokens in which a name must have been said. */
const nameTokens = 4;

/** Whether what was generated begins with a name. */
function saysName({ processor: { tokenizer } }: PretrainedModel, name: string) {
  return (tokenIds: readonly number[]): boolean => {
    const said = tokenizer.decode(tokenIds, { skipSpecialTokens: true }).trim();
    return new RegExp(`^${name}\\b`, "iu").test(said);
  };
}

/** A loaded sample with its places: the tokens of each foil, and the name that it answers. */
function withTargets(
  model: PretrainedModel,
  { id, answer, foilAnswers = [] }: Sample,
  loaded: AblationSample,
  foils: readonly (readonly number[])[],
) {
  const targets = foils.flatMap((tokens, i): SteerTarget[] => {
    const judge = saysName(model, foilAnswers[i][0]);
    return tokens.length > 0 && foilAnswers[i][0] !== answer[0] ? [{ tokens, judge }] : [];
  });
  if (targets.length === 0) {
    throw new UnusableSampleError(id, "it names no other owner: there is nowhere to steer to");
  }
  return {
    ...loaded,
    judge: saysName(model, answer[0]),
    maxNewTokens: nameTokens,
    targets,
  };
}

/**
 * Text needles that are gone on with, for `steerHeads`.
 *
 * @throws {UnusableSampleError} while loading, for a text that names one owner
 *
 * @example
 * ```ts
 * import { steeredTexts } from "./steered_owners.ts";
 * import { textNeedles } from "../pages/text_needles.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf");
 * const made = textNeedles(1, { needles: 4, sentences: 2, split: "test" });
 * const [sample] = steeredTexts(model, made);
 * assertEquals((await sample.load()).targets.length, 3);
 * ```
 */
export function steeredTexts(
  model: PretrainedModel,
  samples: readonly Sample[],
): LazySteerSample[] {
  return ownerCompletions(model, samples).map(({ offers: _, ...lazy }, i) => ({
    ...lazy,
    targetsDigest: digestOf([samples[i].foils ?? [], samples[i].foilAnswers ?? null]),
    load: () =>
      new Promise((resolve) => {
        const { foilTokens, ...own } = ownerCompletion(model, samples[i]);
        resolve(withTargets(model, samples[i], own, foilTokens));
      }),
  }));
}

/** A sample that is drawn when its turn comes. */
interface DrawnSample extends Pick<LazySample<Sample>, "id" | "domain"> {
  readonly draw: () => Sample;
}

/**
 * Page needles whose reply has begun, for `steerHeads`.
 *
 * @throws {UnusableSampleError} while loading, for pages that name one owner
 */
export function steeredPages(
  model: PretrainedModel,
  samples: readonly DrawnSample[],
): LazySteerSample[] {
  return samples.map(({ id, domain, draw }) => ({
    id,
    domain,
    targetsDigest: digestOf([id, "foils of the drawing"]),
    digest: () => needleSamples(model, [draw()])[0].digest!(),
    load: async () => {
      const sample = draw();
      const prompt = await samplePrompt(model, sample);
      const foils = (sample.foils ?? []).map((foil) => evidenceTokens(prompt, foil));
      return withTargets(model, sample, await needleSamples(model, [sample])[0].load(), foils);
    },
  }));
}
