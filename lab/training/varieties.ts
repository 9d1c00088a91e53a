/**
 * Every variety of the tasks by name, and how often each is practised: the more, the worse it is known.
 *
 * @module
 */
import { Random } from "../../lib/stats/random.ts";
import type { Stage } from "./curriculum.ts";
import { domainNames } from "../synthetic/domains.ts";
import {
  type DomainName,
  hardFeatures,
  type TaskVariety,
  varietyOf,
} from "../synthetic/options.ts";

/** One way of showing and asking in one domain. */
export interface Variety {
  /** Domain and form, e.g. `scene: coordinates`. */
  readonly name: string;
  readonly domain: DomainName;
  readonly variety: TaskVariety;
}

/** Names of difficulty levels 0 to 3. */
const levels: readonly string[] = ["plain", "short questions", "sentences", "varied"];

/** What a hard feature is called. */
function featureName({ answerWords, keyWords, place, label, choices }: Partial<TaskVariety>) {
  if (answerWords === 2) return "two-word answers";
  if (keyWords === 2) return "two-word keys";
  if (place === "coordinates") return "coordinates";
  if (label === "shared") return "a number beside each";
  if (label === "once") return "one number an image";
  return choices === "letters" ? "lettered choices" : "plain";
}

function varietiesOf(domain: DomainName): Variety[] {
  const random = new Random(0); // decides nothing below level 4
  const named = (form: string, variety: TaskVariety): Variety => ({
    ...{ name: `${domain}: ${form}`, domain, variety },
  });
  const base = levels.map((_, level) => varietyOf(domain, level, random));
  return [
    ...levels.map((form, level) => named(form, base[level])),
    ...hardFeatures[domain].flatMap((feature) => {
      const form = featureName(feature);
      return [
        named(`${form}, plain`, { ...base[0], ...feature }),
        named(form, { ...base[3], ...feature }),
      ];
    }),
  ];
}

/** All varieties: four levels of each domain, and each hard feature in the plain and in the varied form. */
export const varieties: readonly Variety[] = domainNames.flatMap(varietiesOf);

/** The varieties that a stage practises. */
export function practisedVarieties(
  { only = "", without = [] }: Pick<Stage, "only" | "without">,
): Variety[] {
  return varieties.filter(({ name }) =>
    name.includes(only) && !without.some((part) => name.includes(part))
  );
}

/** Whether a question of this variety lists choices, which makes it twice as long. */
export function listsChoices({ variety: { choices } }: Variety): boolean {
  return choices === "words" || choices === "letters";
}

/** Running share of right answers, by name of the variety; absent before the first question. */
export type RunningShares = Readonly<Record<string, number>>;

/** Questions over which a running share forgets. */
const memory = 60;

/** Running shares after a batch, whose right and all questions are given by name. */
export function runningShares(
  before: RunningShares,
  counts: Readonly<Record<string, readonly [right: number, asked: number]>>,
): RunningShares {
  const after = { ...before };
  for (const [name, [right, asked]] of Object.entries(counts)) {
    const kept = Math.exp(-asked / memory);
    after[name] = name in after ? kept * after[name] + (1 - kept) * right / asked : right / asked;
  }
  return after;
}

/** Weight of a variety that is always right, where one that is never right has 1 more. */
const floor = 0.25;

/** One of the given varieties, drawn the more often, the worse it is known. */
export function drawVariety(
  from: readonly Variety[],
  shares: RunningShares,
  random: Random,
): Variety {
  const weights = from.map(({ name }) => floor + (1 - (shares[name] ?? 0.5)) ** 2);
  let left = random.uniform(0, weights.reduce((a, b) => a + b, 0));
  for (let i = 0; i < from.length; i++) {
    left -= weights[i];
    if (left < 0) return from[i];
  }
  return from[from.length - 1];
}
