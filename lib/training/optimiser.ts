/**
 * Muon for the decoder's matrices, AdamW for everything else, and clipping of the gradient's norm.
 *
 * Sources: K. Jordan, "Muon: an optimizer for hidden layers in neural networks" (2024), as in
 * `torch.optim.Muon`; Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), as in
 * `torch.optim.AdamW`.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../common/errors.ts";

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

const newtonSchulz = { a: 3.4445, b: -4.775, c: 2.0315, steps: 5, epsilon: 1e-7 } as const;

/**
 * Approximately the nearest matrices with orthonormal rows (or columns): five steps of a quintic
 * Newton-Schulz iteration on `x / |x|`, for a stack of matrices at once.
 *
 * @param x `[n, rows, columns]`
 * @returns `[n, rows, columns]` with singular values near 1
 */
export function orthogonalise(x: tf.Tensor): tf.Tensor {
  const { a, b, c, steps, epsilon } = newtonSchulz;
  return tf.tidy(() => {
    const [, rows, columns] = x.shape;
    const tall = rows > columns;
    const wide = tall ? tf.transpose(x, [0, 2, 1]) : x;
    const norm = tf.sqrt(tf.sum(tf.square(wide), [1, 2], true));
    let y = tf.div(wide, tf.maximum(norm, epsilon));
    for (let step = 0; step < steps; step++) {
      const gram = tf.matMul(y, y, false, true); // [n, m, m]
      const poly = tf.add(tf.mul(gram, b), tf.mul(tf.matMul(gram, gram), c));
      y = tf.add(tf.mul(y, a), tf.matMul(poly, y));
    }
    return tall ? tf.transpose(y, [0, 2, 1]) : y;
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
  readonly #parameters: readonly Parameter[];
  readonly #stacks: readonly (readonly Parameter[])[];
  readonly #state = new Map<string, tf.Tensor>();
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
    this.#parameters = parameters;
    const byShape = new Map<string, Parameter[]>();
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
      if (rule === "muon") {
        const key = String(variable.shape);
        byShape.set(key, [...byShape.get(key) ?? [], parameter]);
      }
    }
    this.#stacks = [...byShape.values()];
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
    for (const stack of this.#stacks) {
      this.#muon(stack.filter(({ name }) => gradients[name]), gradients, scale, rate);
    }
    for (const parameter of this.#parameters) {
      const gradient = gradients[parameter.name];
      if (parameter.rule === "adamw" && gradient) this.#adamw(parameter, gradient, scale, rate);
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

  #muon(stack: readonly Parameter[], gradients: Gradients, scale: number, rate: number): void {
    if (stack.length === 0) return;
    const { momentum, muonDecay, muonRate } = this.#options;
    tf.tidy(() => {
      const ahead = stack.map(({ name }) => {
        const gradient = tf.mul(gradients[name], scale);
        const old = this.#state.get(`${name}.momentum`)!;
        const own = tf.add(tf.mul(old, momentum), tf.mul(gradient, 1 - momentum));
        this.#put(`${name}.momentum`, own);
        return tf.add(tf.mul(gradient, 1 - momentum), tf.mul(own, momentum)); // Nesterov
      });
      const directions = tf.unstack(orthogonalise(tf.stack(ahead)));
      const [rows, columns] = stack[0].variable.shape;
      const length = muonRate * rate * Math.sqrt(Math.max(1, rows! / columns!));
      stack.forEach(({ variable }, i) => {
        const kept = tf.mul(variable, 1 - muonRate * rate * muonDecay);
        variable.assign(tf.sub(kept, tf.mul(directions[i], length)));
      });
    });
  }

  #adamw({ name, variable }: Parameter, gradient: tf.Tensor, scale: number, rate: number): void {
    const { betas: [b1, b2], adamDecay, adamRate, epsilon } = this.#options;
    tf.tidy(() => {
      const g = tf.mul(gradient, scale);
      const mean = tf.add(tf.mul(this.#state.get(`${name}.mean`)!, b1), tf.mul(g, 1 - b1));
      const square = tf.add(
        tf.mul(this.#state.get(`${name}.square`)!, b2),
        tf.mul(tf.square(g), 1 - b2),
      );
      this.#put(`${name}.mean`, mean);
      this.#put(`${name}.square`, square);
      const root = tf.add(tf.sqrt(tf.div(square, 1 - b2 ** this.#step)), epsilon);
      const move = tf.div(tf.mul(mean, adamRate * rate / (1 - b1 ** this.#step)), root);
      const kept = tf.mul(variable, 1 - adamRate * rate * adamDecay);
      variable.assign(tf.sub(kept, move));
    });
  }
}
