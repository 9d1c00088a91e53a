/**
 * The synthetic domains as data, by name.
 *
 * @module
 */
import { InputError, nearestNames } from "../../lib/common/errors.ts";
import { documentQuestion } from "./document_question.ts";
import type { DomainSpec } from "./domain_spec.ts";
import { longVideo } from "./long_video.ts";
import type { DomainName } from "./options.ts";
import { pageRetrieval } from "./page_retrieval.ts";
import { sceneGrounding } from "./scene_grounding.ts";
import { videoGrounding } from "./video_grounding.ts";

const specs: readonly DomainSpec[] = [
  sceneGrounding,
  videoGrounding,
  pageRetrieval,
  documentQuestion,
  longVideo,
];

/** Names of all domains, in the order of the paper's benchmarks. */
export const domainNames: readonly DomainName[] = specs.map((spec) => spec.name);

/**
 * What a domain shows and asks.
 *
 * @param name one of {@link domainNames}
 * @throws {InputError} when there is no such domain
 */
export function domainSpec(name: string): DomainSpec {
  const found = specs.find((spec) => spec.name === name);
  if (found) return found;
  throw new InputError(
    `Cannot make samples of "${name}": wanted one of ${domainNames.join(", ")}; ` +
      `nearest: ${nearestNames(name, domainNames, 1)[0]}`,
  );
}
