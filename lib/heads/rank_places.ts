/**
 * Heads as retrievers: pages, images or moments of a video in the order of the attention that chosen
 * heads send them from the question.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { type HeadId, headIndex } from "../common/head_id.ts";
import { spansOf, tokensOf, type TokenSpan } from "../inputs/token_spans.ts";
import { gridLength, type PlacedGrid } from "../inputs/visual_grid.ts";
import type { AttentionProfile } from "./attention_profile.ts";

/** A place of a prompt that can be retrieved. */
export interface Place {
  /** What it is: `image 2`, `video 0, frames 4 to 5`. */
  readonly name: string;
  /** Its tokens. */
  readonly tokens: readonly TokenSpan[];
}

/**
 * The images of a prompt (tiles of one image are one place), or the moments of its videos: frames that
 * share tokens.
 *
 * @param grids the prompt's visual tokens
 *
 * @example
 * ```ts
 * import { mediaPlaces } from "./rank_places.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(mediaPlaces(plantedSample(1, 0).grids), [{ name: "image 0", tokens: [[1, 25]] }]);
 * ```
 */
export function mediaPlaces(grids: readonly PlacedGrid[]): Place[] {
  const nameOf = ({ kind, media, frames }: PlacedGrid) => {
    if (kind === "image") return `image ${media}`;
    const [first] = frames, last = frames.at(-1);
    return `video ${media}, ${first === last ? `frame ${first}` : `frames ${first} to ${last}`}`;
  };
  return [...Map.groupBy(grids, nameOf)].map(([name, own]) => ({
    name,
    tokens: spansOf(
      own.flatMap((grid) => Array.from({ length: gridLength(grid) }, (_, i) => grid.start + i)),
    ),
  }));
}

/** A place with what the heads give it. */
export interface RankedPlace extends Place {
  /** Its number among the places that were given. */
  readonly index: number;
  /** Mean attention mass of the heads, from the question's tokens; calibrated: minus the null query's. */
  readonly mass: number;
}

/**
 * Places in the order of the attention that heads send them.
 *
 * @param profile one sample's attention, from `attentionProfile`; with extra `nullQuery` where
 * `calibrated`
 * @param heads the heads; at least one
 * @param calibrated whether what the null query gives a place is taken off
 * @throws {InputError} without heads or places, or for calibrated ranks without a null query
 *
 * @example
 * ```ts
 * import { attentionProfile } from "./attention_profile.ts";
 * import { rankPlaces } from "./rank_places.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const sample = plantedSample(1, 0);
 * const cells = Array.from({ length: 24 }, (_, cell) => ({
 *   name: `cell ${cell}`,
 *   tokens: [[1 + cell, 2 + cell]] as const,
 * }));
 * const profile = await attentionProfile(model, sample);
 * const [best] = rankPlaces(profile, retrievalHeads, cells);
 * assertEquals(best.tokens, sample.spans.evidence);
 * model.dispose();
 * ```
 */
export function rankPlaces(
  profile: Pick<AttentionProfile, "shape" | "question" | "nullQuery">,
  heads: readonly HeadId[],
  places: readonly Place[],
  { calibrated = false }: { readonly calibrated?: boolean } = {},
): RankedPlace[] {
  const { shape: [, perLayer, keys], question, nullQuery } = profile;
  if (heads.length === 0 || places.length === 0) {
    throw new InputError(
      `Cannot rank ${places.length} places by ${heads.length} heads: 1 of each needed`,
    );
  }
  if (calibrated && !nullQuery) {
    throw new InputError("Cannot rank places by calibrated attention: there is no null query");
  }
  const columns = nullQuery ? nullQuery.length / (question.length / keys) : 0;
  const ranked = places.map((place, index): RankedPlace => {
    const tokens = tokensOf(place.tokens);
    let mass = 0;
    for (const head of heads) {
      const row = headIndex(head, perLayer);
      for (const token of tokens) {
        mass += question[row * keys + token];
        if (calibrated) mass -= nullQuery![row * columns + token];
      }
    }
    return { ...place, index, mass: mass / heads.length };
  });
  return ranked.sort((a, b) => b.mass - a.mass || a.index - b.index);
}
