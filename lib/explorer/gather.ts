/**
 * From records of runs to what the head explorer shows: reads them, and runs the model once more on
 * some of their samples for the attention itself.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { headAt, type HeadGrid, headIndex } from "../common/head_id.ts";
import { quoted } from "../common/text.ts";
import { readRecordJson } from "../common/record_bytes.ts";
import { modelIdentity } from "../experiments/identity.ts";
import { readFoundHeads } from "../experiments/found_heads.ts";
import { type Manifest, readManifest } from "../experiments/record.ts";
import type { ScoresRecord } from "../experiments/scores_record.ts";
import type { Progress } from "../experiments/run_context.ts";
import { sampleDigest } from "../experiments/sample_digest.ts";
import type { AnySample } from "../experiments/samples.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { layerMatchedHeads } from "../heads/controls.ts";
import { type HeadScores, sampleMap } from "../heads/head_scores.ts";
import { checkRanking } from "../heads/ranking_file.ts";
import type { ExplorerData, ExplorerMap, ExplorerSample } from "./data.ts";
import { ImageStore } from "./images.ts";
import { effectMap, originOf, readAblation, readSpeed, scoreMaps } from "./records.ts";
import { sampleView } from "./sample_view.ts";

/** What goes into an explorer. */
export interface GatherOptions {
  /** Folder of an `ablate` run. */
  readonly ablation?: string;
  /** Folder of an `accelerate` run. */
  readonly speed?: string;
  /**
   * Folder of another `identify` run, or of an imported list, over as many layers and heads: its
   * scores can be shown beside these.
   */
  readonly beside?: string;
  /** Samples shown at most, evenly over domains; 40 by default. */
  readonly samples?: number;
  /** Heads whose attention is kept, best first and then controls; as many as fit by default. */
  readonly heads?: number;
  /** Heading. */
  readonly title?: string;
  /** Tokens of an answer at most; by default what each sample needs. */
  readonly maxNewTokens?: number;
  /** Progress over samples. */
  readonly onProgress?: Progress;
  /** Told what the user should know. */
  readonly onNotice?: (text: string) => void;
}

/** Characters for images and for attention in a page of up to {@link fullPage} samples. */
export const room = { images: 5_000_000, attention: 5_500_000 };

/** Samples that share {@link room}; each further one adds its share. */
const fullPage = 40;

/** Samples of the record, as many as wanted, evenly over domains, in the order of the data set. */
export function chosenSamples<T extends { readonly id: string; readonly domain: string }>(
  samples: readonly T[],
  scored: ReadonlySet<string>,
  count: number,
): T[] {
  const byDomain = new Map<string, T[]>();
  for (const sample of samples) {
    if (!scored.has(sample.id)) continue;
    byDomain.set(sample.domain, [...byDomain.get(sample.domain) ?? [], sample]);
  }
  const chosen = new Set<T>(), queues = [...byDomain.values()];
  for (let turn = 0; chosen.size < count && queues.some((queue) => turn < queue.length); turn++) {
    for (const queue of queues) {
      if (turn < queue.length && chosen.size < count) chosen.add(queue[turn]);
    }
  }
  return samples.filter((sample) => chosen.has(sample));
}

/** @throws {InputError} for a model with other weights than the one that was scored */
async function checkWeights(
  model: PretrainedModel,
  { identity, model: name }: Manifest,
  folder: string,
): Promise<void> {
  if (identity?.weights === undefined) return; // records of earlier versions have none
  if (identity.weights === (await modelIdentity(model.network)).weights) return;
  throw new InputError(
    `Cannot explore ${folder}: its scores are of ${quoted(name)} with other weights than this ` +
      "model's; name the model that was scored with --model, or score this one with identify",
  );
}

/** @throws {InputError} for a sample that is not as it was scored */
async function checkSamples(
  samples: readonly AnySample[],
  digests: Manifest["digests"],
  folder: string,
): Promise<void> {
  const known = new Map(Array.isArray(digests) ? digests : []); // earlier versions have none
  for (const sample of samples) {
    const digest = known.get(sample.id);
    if (digest === undefined || digest === await sampleDigest(sample)) continue;
    throw new InputError(
      `Cannot explore ${folder}: sample ${
        quoted(sample.id)
      } is not what was scored, by its digest; ` +
        "score the data set again with identify",
    );
  }
}

/** The order in which heads are kept: the best, some controls of the same layers, then the rest. */
function keptHeads(ranking: readonly number[], grid: HeadGrid, count: number): number[] {
  const best = ranking.slice(0, Math.min(24, Math.ceil(0.75 * count)));
  const matched = Math.min(8, Math.floor(ranking.length / 2), best.length);
  if (matched === 0) return [...ranking];
  const selected = best.slice(0, matched).map((index) => headAt(index, grid.heads));
  const controls = layerMatchedHeads(selected, grid, 0).map((id) => headIndex(id, grid.heads));
  return [...new Set([...best, ...controls, ...ranking])].slice(0, count);
}

/**
 * Gathers what the explorer shows of an `identify` run.
 *
 * @param model the model that was scored
 * @param samples the data set, or some of it
 * @param folder of the record
 * @throws {InputError} if the record is of another model or of other samples, or cannot be read
 */
export async function gatherExplorer(
  model: PretrainedModel,
  samples: readonly AnySample[],
  folder: string,
  options: GatherOptions = {},
): Promise<ExplorerData> {
  const { onProgress, onNotice } = options;
  const found = await readFoundHeads(folder), manifest = await readManifest(folder);
  const json = await readRecordJson(folder, "scores.json") as ScoresRecord;
  const { layers, heads } = model.grid;
  const ranking = checkRanking(json, model.grid, `${folder}/scores.json`)
    .map((id) => headIndex(id, heads));
  await checkWeights(model, manifest, folder);
  const scored = new Set(found.sampleIds);
  const chosen = chosenSamples(samples, scored, options.samples ?? fullPage);
  if (chosen.length === 0) {
    throw new InputError(
      `Cannot explore ${folder}: none of its ${scored.size} samples is in the data set`,
    );
  }
  await checkSamples(chosen, manifest.digests, folder);
  const ids = new Set(chosen.map(({ id }) => id));
  const ablation = options.ablation === undefined
    ? null
    : await readAblation(options.ablation, heads, ids);
  const speed = options.speed === undefined ? null : await readSpeed(options.speed);
  const maps: ExplorerMap[] = scoreMaps(json, `${folder}/scores.json`);
  const effects = ablation && effectMap(ablation, layers * heads);
  if (effects) maps.push(effects);
  if (options.beside !== undefined) maps.push(...await mapsBeside(options.beside, model.grid));
  const kept = keptHeads(ranking, model.grid, Math.min(layers * heads, options.heads ?? Infinity));
  const pages = Math.max(1, chosen.length / fullPage);
  const store = new ImageStore(room.images * pages);
  const views: ExplorerSample[] = [];
  for (const [i, sample] of chosen.entries()) {
    onProgress?.(i, chosen.length);
    views.push(
      await sampleView(model, sample, store, {
        kept,
        scores: sampleScores(found, sample.id),
        attention: room.attention * pages / chosen.length,
        images: store.left / (chosen.length - i),
        maxNewTokens: options.maxNewTokens,
      }),
    );
  }
  onProgress?.(chosen.length, chosen.length);
  if (store.shrunk > 0) {
    onNotice?.(`${store.shrunk} images are shown smaller than they are, to keep the file small`);
  }
  const most = Math.max(...views.map(({ means }) => means));
  return {
    version: 1,
    title: options.title ?? `Heads of ${shortName(manifest.model)} on ${shortName(manifest.data)}`,
    origin: originOf(manifest),
    layers,
    heads,
    maps,
    ranking,
    fraction: json.topMembership?.fraction ?? 0.05,
    kept: kept.slice(0, most),
    samples: views,
    images: store.urls,
    ablation,
    speed,
  };
}

/** Maps of another record, to be shown beside the page's own. */
async function mapsBeside(folder: string, { layers, heads }: HeadGrid): Promise<ExplorerMap[]> {
  const where = `${folder}/scores.json`, manifest = await readManifest(folder);
  const json = await readRecordJson(folder, "scores.json") as ScoresRecord;
  if (json.layers !== layers || json.heads !== heads) {
    throw new InputError(
      `Cannot show ${folder} beside these scores: it has ${json.layers} x ${json.heads} heads, ` +
        `wanted ${layers} x ${heads}`,
    );
  }
  const origin = originOf(manifest);
  const from = `${shortName(manifest.model)} on ${shortName(manifest.data)}`;
  return scoreMaps(json, where).map((map) => ({
    ...map,
    id: `beside-${map.id}`,
    label: `${map.label}, ${from}`,
    origin,
  }));
}

/** Scores of one sample, by the record's rule. */
function sampleScores(found: HeadScores, id: string): Float32Array | null {
  const row = found.sampleIds.indexOf(id);
  return row < 0 ? null : sampleMap(found, row);
}

/** The last two parts of a path, or a name as it is. */
function shortName(name: string): string {
  return name.split("/").filter((part) => part !== "").slice(-2).join("/");
}
