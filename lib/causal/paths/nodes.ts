/**
 * What a path begins with and ends in: senders, and the inputs that receive from them.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { checkHeads, type HeadGrid, type HeadId, headName } from "../../common/head_id.ts";
import { isRecord, kindOf } from "../../common/values.ts";
import type { TokenSpan } from "../../inputs/token_spans.ts";

/** What a head computes from the residual stream. */
export const headInputNames = ["query", "key", "value"] as const;

/** One of them. */
export type HeadInputName = typeof headInputNames[number];

/** An input of a head, where a path ends. */
export interface HeadInput {
  /**
   * The query head. A key or value that heads of a group share is received by this head alone: the
   * others of its group see their own.
   */
  readonly head: HeadId;
  /** Which of its inputs. */
  readonly input: HeadInputName;
  /** Only at these tokens; at all by default. */
  readonly at?: readonly TokenSpan[];
}

/** Where paths end: at inputs of heads, or at the last residual stream, from which logits are read. */
export type PathReceivers = readonly HeadInput[] | "logits";

/** Where paths begin. */
export interface PathSenders {
  /** Heads; none by default. */
  readonly heads?: readonly HeadId[];
  /** Whether what enters the decoder sends too: tokens, features of images, DeepStack. */
  readonly embedding?: boolean;
  /** Only at these tokens; at all by default. */
  readonly at?: readonly TokenSpan[];
}

/** The tokens of spans that lie within a prompt, ascending; all without spans. */
export function rowsAt(at: readonly TokenSpan[] | undefined, tokens: number): number[] {
  const all = Array.from({ length: tokens }, (_, row) => row);
  return at ? all.filter((row) => at.some(([start, end]) => row >= start && row < end)) : all;
}

/**
 * The first layer in which senders can change something: the layer of the first head, or 0; `layers`
 * where nothing is sent.
 */
export function firstSent({ heads = [], embedding }: PathSenders, layers: number): number {
  return embedding ? 0 : Math.min(layers, ...heads.map(({ layer }) => layer));
}

/** First and last layer with a receiver. */
export function receivingLayers(
  receivers: PathReceivers,
  layers: number,
): readonly [first: number, last: number] {
  if (receivers === "logits") return [layers, layers];
  const own = receivers.map(({ head: { layer } }) => layer);
  return [Math.min(layers, ...own), Math.max(-1, ...own)];
}

/** Whether a path leads from senders to a receiver: a sender stands before a receiver. */
export function reaches(senders: PathSenders, receivers: PathReceivers, layers: number): boolean {
  const last = receivingLayers(receivers, layers)[1];
  const from = senders.embedding ? -1 : firstSent(senders, layers);
  return from < Math.min(last, layers) && !senders.at?.every(([start, end]) => start >= end);
}

/**
 * Throws unless senders exist.
 *
 * @throws {InputError} naming what was given
 */
export function checkSenders(senders: PathSenders, grid: HeadGrid): void {
  const given: unknown = senders;
  if (!isRecord(given) || !("heads" in given || "embedding" in given)) {
    throw new InputError(
      `Cannot send from ${kindOf(given)}: wanted { heads: [{ layer: 3, head: 1 }] }, ` +
        "{ embedding: true }, or both",
    );
  }
  checkHeads(senders.heads ?? [], grid, "send from");
}

/**
 * Throws unless receivers exist and each stands once.
 *
 * @throws {InputError} naming the first wrong one
 */
export function checkReceivers(receivers: PathReceivers, grid: HeadGrid): void {
  if (receivers === "logits") return;
  if (!Array.isArray(receivers)) {
    throw new InputError(
      `Cannot send into ${
        kindOf(receivers)
      }: wanted "logits", or a list of inputs of heads, such ` +
        'as [{ head: { layer: 3, head: 1 }, input: "query" }]',
    );
  }
  const seen = new Set<string>();
  for (const receiver of receivers as readonly unknown[]) {
    if (!isRecord(receiver) || !headInputNames.some((name) => name === receiver.input)) {
      throw new InputError(
        `Cannot send into ${
          isRecord(receiver) ? `input ${receiver.input}` : kindOf(receiver)
        } of ` +
          `a head: wanted { head: { layer: 3, head: 1 }, input: "${
            headInputNames.join('" | "')
          }" }`,
      );
    }
    const { head, input } = receiver as unknown as HeadInput;
    checkHeads([head], grid, "send into");
    const name = `the ${input} of ${headName(head)}`;
    if (seen.has(name)) throw new InputError(`Cannot send into ${name} twice: wanted it once`);
    seen.add(name);
  }
}
