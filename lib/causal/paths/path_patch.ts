/**
 * Path patching: what the answer loses when chosen heads send what they give on a corrupted prompt to
 * chosen inputs of later heads (or to the logits), and to nothing else.
 *
 * Source: Wang et al. 2022 (Interpretability in the Wild), section 3.1; Goldowsky-Dill et al. 2023
 * (Localizing Model Behavior with Path Patching).
 * @module
 */
import { allHeads, type HeadGrid } from "../../common/head_id.ts";
import { type AnyModel, networkOf } from "../../model/network_of.ts";
import { SharedPrefix } from "../../model/shared_prefix.ts";
import { batchSize } from "../sweep.ts";
import { checkSenders, firstSent, type PathSenders, reaches } from "./nodes.ts";
import { type PathRequest, PathRuns } from "./path_runs.ts";

/** Where paths begin, too. */
export interface PathPatchRequest extends PathRequest {
  /** Where the paths begin. */
  readonly senders: PathSenders;
}

/** Several beginnings, one at a time. */
export interface PathSweepRequest extends PathRequest {
  /** Senders of each path; by default each head by itself, by layer, then by head. */
  readonly senders?: readonly PathSenders[];
  /** Rows of a batch, over all its variants, at most; 2048 by default. More takes more memory. */
  readonly batchRows?: number;
}

/** What a path carries. */
export interface PathEffect {
  /** The metric on the clean prompt. */
  readonly clean: number;
  /** The metric on the corrupted prompt. */
  readonly corrupted: number;
  /** The metric on the clean prompt with what arrives on the path. */
  readonly patched: number;
  /** clean - patched: what the answer owes to what the path carries on the clean prompt. */
  readonly effect: number;
}

/** What several paths carry. */
export interface PathEffects extends Pick<PathEffect, "clean" | "corrupted"> {
  /** The metric for each senders, in their order. */
  readonly patched: Float64Array;
  /** clean - patched; exactly 0 where no sender stands before a receiver. Of single heads `[L, N]`. */
  readonly effects: Float64Array;
}

/**
 * Path patching of one set of paths. With x the clean and x' the corrupted prompt:
 *
 * 1. Both are run; outputs z of all heads are kept.
 * 2. x is run once more: senders give their z of x', every other head its z of x; norms and (unless
 *    held) feed-forward networks answer. What arrives at the receivers' queries, keys and values is kept.
 * 3. x is run once more, with that in the receivers, and everything after them is computed.
 *
 * Where the logits receive, step 2 gives them. Senders that stand before no receiver do nothing. All
 * heads and the embedding into the logits give the corrupted prompt's logits to the last bit, no
 * senders or no receivers those of the clean one. Norms within branches (query and key norms, Gemma
 * 3's norms behind attention) see what arrives and answer. To ask what a path brings back rather than
 * what it loses, pass the corrupted prompt as the clean one.
 *
 * @throws {InputError} for heads that do not exist, or prompts that do not match token by token
 *
 * @example
 * ```ts
 * import { pathPatch } from "./path_patch.ts";
 * import { createKernels } from "../../backend/create_kernels.ts";
 * import { useBackend } from "../../backend/select.ts";
 * import { plantedModel } from "../../../lab/planted/planted.ts";
 * import { plantedSample } from "../../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const clean = plantedSample(1, 0), { media } = plantedSample(1, 1).inputs;
 * const corrupted = { ...clean.inputs, media }; // another image, the same question
 * const path = { clean, corrupted, receivers: "logits" } as const;
 * const found = await pathPatch(model, { ...path, senders: { heads: retrievalHeads } });
 * assert(found.effect > 0.9 * (found.clean - found.corrupted));
 * model.dispose();
 * ```
 */
export async function pathPatch(model: AnyModel, request: PathPatchRequest): Promise<PathEffect> {
  const network = networkOf(model), { senders, receivers } = request;
  checkSenders(senders, network.grid);
  using paths = new PathRuns(network, request);
  const ends = await paths.ends();
  const all = Array.from({ length: paths.pair.tokens }, (_, row) => row);
  const open = reaches(senders, receivers, network.grid.layers);
  const [patched] = open ? await paths.run([senders], all) : [ends.clean];
  return { ...ends, patched, effect: ends.clean - patched };
}

/**
 * Path patching from many senders, one at a time, into the same receivers. Equal to {@link pathPatch}
 * for each within float rounding, but senders run as one batch from their layers on, only tokens that
 * receive are run in step 2, and only tokens from the first that receives in step 3.
 *
 * @throws {InputError} as {@link pathPatch}
 *
 * @example
 * ```ts
 * import { pathSweep } from "./path_patch.ts";
 * import { createKernels } from "../../backend/create_kernels.ts";
 * import { useBackend } from "../../backend/select.ts";
 * import { plantedModel } from "../../../lab/planted/planted.ts";
 * import { plantedSample } from "../../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads: [{ layer, head }] } = plantedModel(createKernels("float32"), {
 *   seed: 2,
 *   retrievalHeads: 1,
 * });
 * const clean = plantedSample(2, 0), { media } = plantedSample(2, 1).inputs;
 * const corrupted = { ...clean.inputs, media };
 * const { effects } = await pathSweep(model, { clean, corrupted, receivers: "logits" });
 * assertEquals(effects.indexOf(Math.max(...effects)), layer * 8 + head);
 * model.dispose();
 * ```
 */
export async function pathSweep(model: AnyModel, request: PathSweepRequest): Promise<PathEffects> {
  const network = networkOf(model), { receivers, batchRows } = request, { grid } = network;
  const senders = request.senders ?? singleSenders(grid);
  for (const own of senders) checkSenders(own, grid);
  using paths = new PathRuns(network, request);
  const ends = await paths.ends(), rows = paths.receivingRows();
  const first = receivers === "logits" ? 0 : firstRun(paths, rows[0] ?? 0);
  using prefix = first > 0 ? prefixOf(paths, first) : null;
  const { tokens } = paths.pair, answers = request.clean.answerIds.length;
  const ran = receivers === "logits" ? rows.length : Math.max(rows.length, tokens - first);
  const most = batchSize(network, ran, tokens, answers, batchRows);
  const patched = new Float64Array(senders.length).fill(ends.clean);
  const order = [...senders.keys()].filter((i) =>
    rows.length > 0 && reaches(senders[i], receivers, grid.layers)
  ).sort((a, b) => firstSent(senders[a], grid.layers) - firstSent(senders[b], grid.layers));
  while (order.length > 0) {
    const group = order.splice(0, most);
    const found = await paths.run(group.map((i) => senders[i]), rows, prefix, answers);
    group.forEach((sender, i) => patched[sender] = found[i]);
  }
  return { ...ends, patched, effects: patched.map((value) => ends.clean - value) };
}

/** Every head by itself, by layer, then by head. */
export function singleSenders(grid: HeadGrid): PathSenders[] {
  return allHeads(grid).map((head) => ({ heads: [head] }));
}

/** The first token that step 3 runs: of an image whose tokens see one another, its first. */
function firstRun({ network, pair: { positionIds, tokens } }: PathRuns, row: number): number {
  if (!network.config.text.mutualImages) return row;
  const starts = positionIds.subarray(tokens);
  return Math.min(row, starts.indexOf(starts[row]));
}

function prefixOf({ network, inputs, request: { attention } }: PathRuns, length: number) {
  return new SharedPrefix(network, inputs, length, { attention });
}
