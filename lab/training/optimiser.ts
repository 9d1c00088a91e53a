/**
 * Muon for the decoder's matrices, AdamW for everything else, and clipping of the gradient's norm.
 *
 * Sources: K. Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024), as in
 * `torch.optim.Muon`; Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), as in
 * `torch.optim.AdamW`.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { bfloat16Arithmetic, type MatrixArithmetic } from "../../lib/backend/native_gradients.ts";
import { portableKernels } from "../../lib/backend/portable.ts";
import { InputError } from "../../lib/common/errors.ts";

/** Settings of both rules; the defaults are PyTorch's where the recipe names none. */
export interface OptimiserOptions {
  /** Learning rate of Muon. */
  readonly muonRate: number;
  /** Learning rate of AdamW. */
  readonly adamRate: number;
  /** Momentum of Muon (Nesterov's). */
  readonly momentum?: number;
  /** Weight decay of Muon, times the learning rate each step. */
  readonly muonDecay?: number;
  /** Decay rates of AdamW's means. */
  readonly betas?: readonly [number, number];
  /** Weight decay of AdamW, times the learning rate each step. */
  readonly adamDecay?: number;
  /** Added to the root of AdamW's second mean. */
  readonly epsilon?: number;
  /** Largest norm of all gradients together; no limit by default. */
  readonly clipNorm?: number;
}

/** A parameter and the rule that moves it. */
export interface Parameter {
  /** Name, unique in the model. */
  readonly name: string;
  /** Its value, updated in place. */
  readonly variable: tf.Variable;
  /** `muon` wants a matrix. */
  readonly rule: "muon" | "adamw";
}

/** Gradients by parameter name. */
export type Gradients = Readonly<Record<string, tf.Tensor>>;

/** The next value is `decay * value - length * direction`. */
interface Move {
  readonly direction: tf.Tensor;
  readonly length: number;
  readonly decay: number;
}

const newtonSchulz = { a: 3.4445, b: -4.775, c: 2.0315, steps: 5, epsilon: 1e-7 } as const;

/** Arithmetic in float32 on any backend. */
function portableArithmetic(): MatrixArithmetic {
  const k = portableKernels();
  return {
    kernels: k,
    weightedSum: (x, a, y, b) => k.add(k.scale(x, a), b === 1 ? y : k.scale(y, b)),
  };
}

/**
 * Approximately the nearest matrices with orthonormal rows (or columns): five steps of a quintic
 * Newton-Schulz iteration on `x / |x|`, for a stack of matrices at once.
 *
 * @param x `[n, rows, columns]`
 * @param arithmetic of the iteration: float32 by default; `torch.optim.Muon` takes bfloat16
 * @returns `[n, rows, columns]` with singular values near 1
 */
export function orthogonalise(
  x: tf.Tensor,
  { kernels: k, weightedSum }: MatrixArithmetic = portableArithmetic(),
): tf.Tensor {
  const { a, b, c, steps, epsilon } = newtonSchulz;
  return tf.tidy(() => {
    const [, rows, columns] = x.shape;
    const tall = rows > columns;
    const wide = tall ? tf.transpose(x, [0, 2, 1]) : x;
    const norm = tf.sqrt(tf.sum(tf.square(wide), [1, 2], true));
    const unit = tf.div(wide, tf.maximum(norm, epsilon));
    const found = k.scope(() => {
      let y = k.fromTfjs(unit, k.computeDType);
      for (let step = 0; step < steps; step++) {
        y = k.scope(() => {
          const gram = k.matMul(y, y, { transposeB: true }); // [n, m, m]
          const poly = weightedSum(gram, b, k.matMul(gram, gram), c);
          return weightedSum(y, a, k.matMul(poly, y), 1);
        });
      }
      return k.toTfjs(k.cast(y, "float32"));
    });
    return tall ? tf.transpose(found, [0, 2, 1]) : found;
  });
}

/** Norm of all gradients together; waits for the backend. */
export function gradientNorm(gradients: Gradients): number {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((g) => tf.sum(tf.square(g)));
    return Math.sqrt(tf.addN(squares as tf.Scalar[]).dataSync()[0]);
  });
}

/** Moves parameters along their gradients. Its state is tensors: {@link Optimiser.dispose} it. */
export class Optimiser {
  readonly #options: Required<OptimiserOptions>;
  /** Parameters of one rule and shape: they move together, in a few operations on their stack. */
  readonly #stacks: readonly (readonly Parameter[])[];
  readonly #state = new Map<string, tf.Tensor>();
  /** For Muon's iteration: bfloat16, as PyTorch's, where the processor multiplies that faster. */
  readonly #arithmetic = bfloat16Arithmetic() ?? portableArithmetic();
  #step = 0;

  /**
   * Starts with all momenta and means at zero.
   *
   * @throws {InputError} when a parameter under Muon is no matrix
   */
  constructor(parameters: readonly Parameter[], options: OptimiserOptions) {
    this.#options = {
      momentum: 0.95,
      muonDecay: 0.1,
      betas: [0.9, 0.999],
      adamDecay: 0.01,
      epsilon: 1e-8,
      clipNorm: Infinity,
      ...options,
    };
    const stacks = new Map<string, Parameter[]>();
    for (const parameter of parameters) {
      const { name, variable, rule } = parameter;
      if (rule === "muon" && variable.rank !== 2) {
        throw new InputError(
          `Cannot move "${name}" with Muon: it has ${variable.rank} axes, Muon wants matrices`,
        );
      }
      const slots = rule === "muon" ? ["momentum"] : ["mean", "square"];
      for (const slot of slots) {
        this.#state.set(`${name}.${slot}`, tf.keep(tf.zeros(variable.shape)));
      }
      const key = `${rule} ${variable.shape}`;
      stacks.set(key, [...stacks.get(key) ?? [], parameter]);
    }
    this.#stacks = [...stacks.values()];
  }

  /** Steps made so far. */
  get steps(): number {
    return this.#step;
  }

  /** Momenta and means by name, for a checkpoint; they stay this optimiser's. */
  get state(): ReadonlyMap<string, tf.Tensor> {
    return this.#state;
  }

  /**
   * Takes over a saved state.
   *
   * @throws {InputError} when a tensor is missing or misshapen
   */
  restore(step: number, saved: (name: string) => tf.Tensor): void {
    for (const [name, old] of this.#state) {
      const tensor = saved(name);
      if (String(tensor.shape) !== String(old.shape)) {
        throw new InputError(
          `Cannot resume with "${name}" of shape [${tensor.shape}]: wanted [${old.shape}]`,
        );
      }
      this.#put(name, tensor);
    }
    this.#step = step;
  }

  /**
   * One step. Parameters without a gradient stay as they are.
   *
   * @param rate factor of both learning rates, from the schedule
   * @returns the norm of the gradient before clipping
   */
  step(gradients: Gradients, rate = 1): number {
    this.#step++;
    const norm = gradientNorm(gradients);
    const scale = norm > this.#options.clipNorm ? this.#options.clipNorm / norm : 1;
    for (const all of this.#stacks) {
      const stack = all.filter(({ name }) => gradients[name]);
      if (stack.length === 0) continue;
      tf.tidy(() => {
        const gradient = tf.mul(tf.stack(stack.map(({ name }) => gradients[name])), scale);
        const move = stack[0].rule === "muon" ? this.#muon : this.#adamw;
        const { direction, length, decay } = move.call(this, stack, gradient, rate);
        const now = tf.stack(stack.map(({ variable }) => variable));
        const next = tf.unstack(tf.sub(tf.mul(now, decay), tf.mul(direction, length)));
        stack.forEach(({ variable }, i) => variable.assign(next[i]));
      });
    }
    return norm;
  }

  /** Frees the state. */
  dispose(): void {
    tf.dispose([...this.#state.values()]);
    this.#state.clear();
  }

  #put(name: string, tensor: tf.Tensor): void {
    this.#state.get(name)?.dispose();
    this.#state.set(name, tf.keep(tensor));
  }

  /** A slot of the state of all parameters of a stack. */
  #stacked(stack: readonly Parameter[], slot: string): tf.Tensor {
    return tf.stack(stack.map(({ name }) => this.#state.get(`${name}.${slot}`)!));
  }

  #putAll(stack: readonly Parameter[], slot: string, value: tf.Tensor): void {
    tf.unstack(value).forEach((own, i) => this.#put(`${stack[i].name}.${slot}`, own));
  }

  #muon(stack: readonly Parameter[], gradient: tf.Tensor, rate: number): Move {
    const { momentum, muonDecay, muonRate } = this.#options;
    const fresh = tf.mul(gradient, 1 - momentum);
    const own = tf.add(tf.mul(this.#stacked(stack, "momentum"), momentum), fresh);
    this.#putAll(stack, "momentum", own);
    const nesterov = tf.add(fresh, tf.mul(own, momentum));
    const [rows, columns] = stack[0].variable.shape;
    return {
      direction: orthogonalise(nesterov, this.#arithmetic),
      length: muonRate * rate * Math.sqrt(Math.max(1, rows! / columns!)),
      decay: 1 - muonRate * rate * muonDecay,
    };
  }

  #adamw(stack: readonly Parameter[], g: tf.Tensor, rate: number): Move {
    const { betas: [b1, b2], adamDecay, adamRate, epsilon } = this.#options;
    const mean = tf.add(tf.mul(this.#stacked(stack, "mean"), b1), tf.mul(g, 1 - b1));
    const square = tf.add(
      tf.mul(this.#stacked(stack, "square"), b2),
      tf.mul(tf.square(g), 1 - b2),
    );
    this.#putAll(stack, "mean", mean);
    this.#putAll(stack, "square", square);
    const root = tf.add(tf.sqrt(tf.div(square, 1 - b2 ** this.#step)), epsilon);
    return {
      direction: tf.div(mean, root),
      length: adamRate * rate / (1 - b1 ** this.#step),
      decay: 1 - adamRate * rate * adamDecay,
    };
  }
}
