/**
 * Gradients of a function of the logits with respect to what happens inside the decoder, layer by layer.
 *
 * Forward, only the residual stream before each layer is kept. Backward, one layer at a time is
 * computed again on a tape, so that memory is that of the streams (`[L, T, D]`) and of one layer,
 * whatever the length. The layers are those of `text_decoder.ts` itself, so every family has gradients.
 * @module
 */
import type { DecoderLayerPoint } from "../hooks/hook_point.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { Tape } from "../nn/tape.ts";
import type { DecoderOptions } from "./decoder_pass.ts";
import type { EmbeddedPrompt } from "./run_options.ts";
import { TextDecoder } from "./text_decoder.ts";
import type { VisionLanguageModel } from "./vision_language_model.ts";

/** What is run. The tensors stay the caller's. */
export interface GradientRun {
  /** The decoder's input, `[1, T, D]`, with its DeepStack features. */
  readonly embedded: EmbeddedPrompt;
  /** Positions, `[axes, T]`. */
  readonly positionIds: Int32Array;
  /** Largest position of the whole prompt plus one, where this is its end. */
  readonly extent?: number;
  /** How many of the last rows are wanted. */
  readonly lastRows: number;
  /** Which of these have logits, counted from the first of them; all by default. */
  readonly rows?: Int32Array;
  /** Attention function; it runs on kernels that note what it does. Dense by default. */
  readonly attention?: AttentionFunction;
}

/** An activation and the gradient with respect to it, of one shape. */
export interface WithGradient {
  /** The activation. */
  readonly value: Tensor;
  /** The gradient. */
  readonly gradient: Tensor;
}

/**
 * Gets the activations of a layer with their gradients, within a scope of the kernels: keep or read what
 * is needed.
 */
export type LayerVisitor<Point extends DecoderLayerPoint> = (
  layer: number,
  at: (point: Point) => WithGradient,
) => void;

/** One pass forward through a decoder, and back as often as wanted. */
export class DecoderGradients implements Disposable {
  /** The residual stream before each layer, `[1, T, D]`. */
  readonly #streams: Tensor[] = [];
  /** The last rows of the residual stream after the last layer. */
  readonly #end: Tensor;

  /** Runs the decoder forward. */
  constructor(readonly network: VisionLanguageModel, readonly run: GradientRun) {
    const { kernels: k, decoder } = network;
    const keep = (x: Tensor) => void this.#streams.push(k.keep(k.cast(x, "float32")));
    const hooks = network.runHooks({ "blocks.*.resid_pre": { onTensor: keep } });
    try {
      this.#end = k.keep(k.scope(() =>
        decoder.forward(run.embedded.embeddings, run.positionIds, {
          ...this.#options(),
          hooks,
          lastRows: run.lastRows,
        })
      ));
    } catch (error) {
      k.dispose(...this.#streams);
      throw error;
    }
  }

  /** Logits of the last rows, or of the chosen ones, `[1, rows, V]`; the caller's. */
  logits(): Tensor {
    const { kernels: k, decoder } = this.network;
    return k.scope(() => k.keep(decoder.logits(this.#chosen(k, this.#end))));
  }

  /**
   * Goes back through the layers, the last first.
   *
   * @param dLogits gradient with respect to the logits, `[1, rows, V]`
   * @param points activations whose gradients are wanted at every layer
   * @param outputs filled with the gradient with respect to each layer's output; the caller's
   * @returns the gradient with respect to the embeddings, `[1, T, D]`; the caller's
   */
  backward<Point extends DecoderLayerPoint>(
    dLogits: Tensor,
    points: readonly Point[],
    visit: LayerVisitor<Point>,
    outputs?: Tensor[],
  ): Tensor {
    const { kernels: k } = this.network, layers = this.#streams.length;
    const dy = k.scope(() => {
      const tape = new Tape(k), end = tape.watch(this.#end);
      const logits = this.#decoder(tape.kernels).logits(this.#chosen(tape.kernels, end));
      return k.keep(tape.gradients(logits, dLogits, [end])[0]);
    });
    return this.#layersBack(layers, dy, points, visit, outputs);
  }

  /**
   * Goes back through the layers below one, as if that layer added nothing to the stream.
   *
   * @param dropped the layer; at least 1
   * @param dy gradient with respect to its output, as {@link backward} gives it
   * @returns as there
   */
  backwardWithout<Point extends DecoderLayerPoint>(
    dropped: number,
    dy: Tensor,
    points: readonly Point[],
    visit: LayerVisitor<Point>,
  ): Tensor {
    const { kernels: k } = this.network, [, tokens, width] = this.#streams[dropped].shape;
    const before = tokens - dy.shape[1]; // the last layer gives its last rows only
    const own = k.scope(() =>
      k.keep(before > 0 ? k.concat([k.zeros([1, before, width]), dy], 1) : k.scale(dy, 1))
    );
    return this.#layersBack(dropped, own, points, visit);
  }

  /** Goes back through the first layers; frees the gradient that it begins with. */
  #layersBack<Point extends DecoderLayerPoint>(
    layers: number,
    start: Tensor,
    points: readonly Point[],
    visit: LayerVisitor<Point>,
    outputs?: Tensor[],
  ): Tensor {
    const { kernels: k } = this.network;
    let dy = start;
    for (let layer = layers - 1; layer >= 0; layer--) {
      const after = dy;
      if (outputs) outputs[layer] = after;
      try {
        dy = k.scope(() => k.keep(this.#layerBack(layer, after, points, visit)));
      } finally {
        if (!outputs) k.dispose(after);
      }
    }
    return dy;
  }

  /** One layer, computed again: shows its gradients, and gives that of its input. */
  #layerBack<Point extends DecoderLayerPoint>(
    layer: number,
    dy: Tensor,
    points: readonly Point[],
    visit: LayerVisitor<Point>,
  ): Tensor {
    const { network, run } = this, tape = new Tape(network.kernels);
    const input = tape.watch(this.#streams[layer]);
    const values = new Map<Point, Tensor>();
    const hooks = network.runHooks(Object.fromEntries(points.map((point) => {
      const onTensor = (x: Tensor) => void values.set(point, x);
      return [`blocks.${layer}.${point}`, { onTensor }];
    })));
    const out = this.#decoder(tape.kernels).forward(input, run.positionIds, {
      ...this.#options(),
      hooks,
      fromLayer: layer,
      toLayer: layer + 1,
      lastRows: layer === this.#streams.length - 1 ? run.lastRows : undefined,
    });
    const found = points.map((point) => values.get(point)!);
    const [dInput, ...gradients] = tape.gradients(out, dy, [input, ...found]);
    visit(layer, (point) => {
      const i = points.indexOf(point);
      return { value: found[i], gradient: gradients[i] };
    });
    return dInput;
  }

  /** The rows that have logits, `[1, rows, D]`. */
  #chosen(k: Kernels, end: Tensor): Tensor {
    const { rows } = this.run;
    if (!rows) return end;
    const [, last, width] = end.shape;
    const found = k.gather(k.reshape(end, [last, width]), k.tensor(rows, [rows.length]));
    return k.reshape(found, [1, rows.length, width]);
  }

  #options(): DecoderOptions {
    const { embedded: { deepstack }, extent, attention } = this.run;
    return { deepstack, extent, attention };
  }

  /** The model's decoder on other kernels. */
  #decoder(kernels: Kernels): TextDecoder {
    const { config, weights, lmHead } = this.network.decoder;
    return new TextDecoder(kernels, config, weights, lmHead);
  }

  /** Frees what was kept. */
  [Symbol.dispose](): void {
    this.network.kernels.dispose(this.#end, ...this.#streams);
  }
}
