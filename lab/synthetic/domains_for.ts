import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { domainNames } from "./domains.ts";
import type { DomainName } from "./options.ts";

/**
 * The synthetic domains that a model can be asked about: those with videos only if it takes videos.
 *
 * @example
 * ```ts
 * import { domainsFor } from "./domains_for.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/llava"); // takes no videos
 * assertEquals(domainsFor(model), ["scene", "page", "document"]);
 * ```
 */
export function domainsFor(model: PretrainedModel): DomainName[] {
  const videos = model.processor.recipe.videos !== null;
  return domainNames.filter((name) => videos || (name !== "video" && name !== "long-video"));
}
