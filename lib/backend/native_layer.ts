/**
 * Decoder layers of few rows, as in decoding, in two operations of our own: before and after the attention
 * (`tools/native/ops/decoder_layer.h`). A token takes some thirty operations a layer else, and of small
 * models the calls are more work than the arithmetic.
 *
 * The fast counterpart of `lib/nn/decoder_layer.ts`, whose steps give the same bits;
 * `tests/suites/kernel_layer.ts` holds the two equal.
 * @module
 */
import type {
  AfterAttentionCall,
  AttentionInputs,
  AttentionInputsCall,
  Projection,
  Tensor,
} from "../nn/kernels.ts";
import { activationNumbers, fewRows } from "./native_fused.ts";
import type { NativeOps } from "./native_ops.ts";
import { nativeFormats, placeOf } from "./native_formats.ts";
import { type NativeTensor, PackedTensor, sizeOf } from "./native_tensors.ts";
import type { OpAttribute } from "./tensorflow.ts";

/**
 * Rows up to which products with weights in blocks are by their codes on every processor. The counterpart
 * is `kPackedTileRows` in `tools/native/ops/packed_calls.h`: change both.
 */
const packedFewRows = 16;

/** What is the same each time that a layer is called. */
interface Prepared {
  /** Everything else that it depends on. */
  readonly weights: readonly (Tensor | null)[];
  readonly settings: string;
  readonly attributes: readonly OpAttribute[];
  /** What the operation is told of the weights, and the name of its constant. */
  readonly plan: Int32Array;
  readonly planName: string;
  /** The most rows. */
  readonly rows: number;
}

/** The two operations; each gives null where the single steps are to be taken. */
export class LayerOps {
  readonly #prepared = new WeakMap<Tensor, Prepared | "other">();

  /** Operations in an element type. */
  constructor(
    private readonly ops: NativeOps,
    private readonly computeDType: "float32" | "bfloat16",
  ) {}

  /** As `Kernels.attentionInputs`. */
  attentionInputs(call: AttentionInputsCall): AttentionInputs | null {
    const { x, gain, eps, query, key, value, tables: { cos, sin }, scale, headDim } = call;
    const [batch, tokens] = x.shape;
    if (x.shape.length !== 3 || (call.queryRows ?? tokens) !== tokens) return null;
    const gains = [gain, query.gain, key.gain];
    const prepared = this.#prepare({
      ...{ parts: [query, key, value], gains, settings: `${eps},${scale},${headDim}` },
      attributes: (types) => [
        ...["Q", "K", "V"].map((name, i) => ({ ...types[i], name })),
        ...[this.ops.float("eps", eps), this.ops.float("scale", scale)],
      ],
      plan: (weights) => [
        ...[query, key].map(({ weight }) => weight.shape[0] / headDim),
        Number(query.gain !== null),
        ...weights,
      ],
    });
    const wide = [x, cos, sin].every(({ dtype }) => dtype === "float32");
    const alike = (query.gain === null) === (key.gain === null);
    if (!prepared || !wide || !alike || batch * tokens > prepared.rows) return null;
    const { store } = this.ops, none = store.constant([], this.computeDType);
    const idOf = (own: Tensor | null) => own ? store.idOf(own) : none;
    const parts = [query, key, value].flatMap(({ weight, bias }) => [idOf(weight), idOf(bias)]);
    const [queries, keys, values] = store.runAll("CorelensLayerStart", prepared.attributes, [
      ...[idOf(x), idOf(gain), ...parts, idOf(query.gain), idOf(key.gain), idOf(cos), idOf(sin)],
      this.#plan(prepared),
    ], 3);
    return { query: queries, key: keys, value: values };
  }

  /** As `Kernels.afterAttention`. */
  afterAttention(call: AfterAttentionCall): NativeTensor | null {
    const { x, z, output, outputGain, gain, eps, gate, up, down, activation, feedGain } = call;
    const products = [output, ...[gate, up, down].map((weight) => ({ weight, bias: null }))];
    const prepared = this.#prepare({
      ...{ parts: products, gains: [gain, outputGain, feedGain], settings: `${eps},${activation}` },
      attributes: (types) => [
        ...["O", "G", "U", "D"].map((name, i) => ({ ...types[i], name })),
        ...[this.ops.float("eps", eps), this.ops.integer("kind", activationNumbers[activation])],
      ],
      plan: (weights) => [...weights, gate.shape[0]],
    });
    const typed = x.dtype === "float32" && z.dtype === this.computeDType;
    if (!prepared || !typed || sizeOf(x.shape.slice(0, -1)) > prepared.rows) return null;
    const { store } = this.ops, none = store.constant([], this.computeDType);
    const idOf = (own: Tensor | null) => own ? store.idOf(own) : none;
    const gains = [gain, outputGain, feedGain].map(idOf);
    const weights = products.map(({ weight }) => idOf(weight));
    return store.run("CorelensLayerRest", prepared.attributes, [
      ...[idOf(x), idOf(z), ...gains, ...weights, idOf(output.bias), none],
      this.#plan(prepared),
    ]);
  }

  /** What a call needs to know of its weights; null where some are of a kind that it does not take. */
  #prepare(call: {
    readonly parts: readonly Projection[];
    readonly gains: readonly (Tensor | null)[];
    readonly settings: string;
    readonly attributes: (types: readonly OpAttribute[]) => OpAttribute[];
    readonly plan: (weights: readonly number[]) => number[];
  }): Prepared | null {
    const [{ weight: first }] = call.parts, { settings } = call;
    const weights = [...call.parts.flatMap(({ weight, bias }) => [weight, bias]), ...call.gains];
    const known = this.#prepared.get(first);
    if (known === "other") return null;
    if (
      known?.settings === settings && known.weights.every((own, i) => own === weights[i])
    ) return known;
    const numbers = call.parts.map(({ weight }) => this.#numbersOf(weight));
    const others = [...call.parts.map(({ bias }) => bias), ...call.gains];
    const typed = others.every((own) => own === null || own.dtype === this.computeDType);
    if (!typed || numbers.some((own) => own === null)) {
      this.#prepared.set(first, "other");
      return null;
    }
    const plan = call.plan(numbers.flatMap((own) => own!));
    const packed = call.parts.every(({ weight }) => weight instanceof PackedTensor);
    const types = call.parts.map(({ weight }) => this.#type(weight));
    const name = `layer${settings},${types.map(({ value }) => value)}`;
    const attributes = this.ops.attributes(name, () => [
      this.ops.type("T", this.computeDType),
      ...call.attributes(types),
    ]);
    const prepared = {
      ...{ weights, settings, attributes, plan: Int32Array.from(plan) },
      planName: `layer ${plan}`,
      rows: packed ? packedFewRows : fewRows[this.computeDType],
    };
    this.#prepared.set(first, prepared);
    return prepared;
  }

  /** The type of a weight's tensor, as an attribute. */
  #type(weight: Tensor): OpAttribute {
    const type = this.ops.type("T", this.computeDType);
    const { TF_UINT8 } = this.ops.store.tensorFlow.binding;
    return weight instanceof PackedTensor ? { ...type, value: TF_UINT8 } : type;
  }

  /** What a plan says of a weight: see `FewWeightOf` in `tools/native/ops/few_products.h`. */
  #numbersOf(weight: Tensor): number[] | null {
    if (weight.shape.length !== 2) return null;
    if (!(weight instanceof PackedTensor)) {
      return weight.dtype === this.computeDType ? [0, 0, 0, 0, 0, 0] : null;
    }
    if (weight.how.columns) return null;
    const place = placeOf(weight);
    return [
      nativeFormats[weight.how.format.name],
      ...place.length > 0 ? [1, ...place] : [0, 0, 0, 0, 0],
    ];
  }

  #plan({ plan, planName }: Prepared): number {
    return this.ops.store.namedConstant(planName, [plan.length], () => plan);
  }
}
