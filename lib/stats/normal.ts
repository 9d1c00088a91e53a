/**
 * The standard normal distribution: cumulative probability and quantile, to double precision.
 *
 * @module
 */

/** Value of the polynomial whose coefficients are given from the highest power down. */
function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
}

/**
 * Probability that a standard normal variable is at most `z`.
 *
 * Hart's rational approximation as given by G. West, "Better approximations to cumulative normal
 * functions" (2005); absolute error below 1e-14, relative error below 1e-9 in the far tails.
 *
 * @param z any number; infinities give 0 and 1
 *
 * @example
 * ```ts
 * import { normalCdf } from "./normal.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(normalCdf(1.959963984540054), 0.975, 1e-12);
 * ```
 */
export function normalCdf(z: number): number {
  const size = Math.abs(z);
  let tail = 0;
  if (size <= 37) {
    const density = Math.exp(-size * size / 2);
    if (size < 7.07106781186547) {
      const top = polynomial([
        3.52624965998911e-2,
        0.700383064443688,
        6.37396220353165,
        33.912866078383,
        112.079291497871,
        221.213596169931,
        220.206867912376,
      ], size);
      const bottom = polynomial([
        8.83883476483184e-2,
        1.75566716318264,
        16.064177579207,
        86.7807322029461,
        296.564248779674,
        637.333633378831,
        793.826512519948,
        440.413735824752,
      ], size);
      tail = density * top / bottom;
    } else {
      const fraction = size + 1 / (size + 2 / (size + 3 / (size + 4 / (size + 0.65))));
      tail = density / (fraction * 2.506628274631);
    }
  }
  return z > 0 ? 1 - tail : tail;
}

/**
 * The `z` below which a standard normal variable lies with the given probability.
 *
 * Wichura's algorithm AS 241 (PPND16); relative error about 1e-16.
 *
 * @param probability in [0, 1]; 0 gives minus infinity and 1 infinity, anything else NaN
 *
 * @example
 * ```ts
 * import { normalQuantile } from "./normal.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(normalQuantile(0.975), 1.959963984540054, 1e-14);
 * ```
 */
export function normalQuantile(probability: number): number {
  if (probability === 0) return -Infinity;
  if (probability === 1) return Infinity;
  const fromMiddle = probability - 0.5;
  if (Math.abs(fromMiddle) <= 0.425) {
    const r = 0.180625 - fromMiddle * fromMiddle;
    return fromMiddle * polynomial(MIDDLE_TOP, r) / polynomial(MIDDLE_BOTTOM, r);
  }
  const r = Math.sqrt(-Math.log(Math.min(probability, 1 - probability)));
  const size = r <= 5
    ? polynomial(TAIL_TOP, r - 1.6) / polynomial(TAIL_BOTTOM, r - 1.6)
    : polynomial(FAR_TOP, r - 5) / polynomial(FAR_BOTTOM, r - 5);
  return fromMiddle < 0 ? -size : size;
}

const MIDDLE_TOP = [
  2.5090809287301226727e3,
  3.3430575583588128105e4,
  6.7265770927008700853e4,
  4.5921953931549871457e4,
  1.3731693765509461125e4,
  1.9715909503065514427e3,
  1.3314166789178437745e2,
  3.3871328727963666080,
];
const MIDDLE_BOTTOM = [
  5.2264952788528545610e3,
  2.8729085735721942674e4,
  3.9307895800092710610e4,
  2.1213794301586595867e4,
  5.3941960214247511077e3,
  6.8718700749205790830e2,
  4.2313330701600911252e1,
  1,
];
const TAIL_TOP = [
  7.74545014278341407640e-4,
  2.27238449892691845833e-2,
  2.41780725177450611770e-1,
  1.27045825245236838258,
  3.64784832476320460504,
  5.76949722146069140550,
  4.63033784615654529590,
  1.42343711074968357734,
];
const TAIL_BOTTOM = [
  1.05075007164441684324e-9,
  5.47593808499534494600e-4,
  1.51986665636164571966e-2,
  1.48103976427480074590e-1,
  6.89767334985100004550e-1,
  1.67638483018380384940,
  2.05319162663775882187,
  1,
];
const FAR_TOP = [
  2.01033439929228813265e-7,
  2.71155556874348757815e-5,
  1.24266094738807843860e-3,
  2.65321895265761230930e-2,
  2.96560571828504891230e-1,
  1.78482653991729133580,
  5.46378491116411436990,
  6.65790464350110377720,
];
const FAR_BOTTOM = [
  2.04426310338993978564e-15,
  1.42151175831644588870e-7,
  1.84631831751005468180e-5,
  7.86869131145613259100e-4,
  1.48753612908506148525e-2,
  1.36929880922735805310e-1,
  5.99832206555887937690e-1,
  1,
];
