/**
 * Numbers and tokens as they are shown.
 *
 * @module
 */

/** Three digits; very small numbers with an exponent. */
export function number(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value), sign = value < 0 ? "−" : "";
  if (size < 0.0005) return sign + size.toExponential(1).replace("-", "−");
  if (size >= 100) return sign + Math.round(size);
  return sign + size.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** A share in percent. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value !== 0 && Math.abs(value) < 9.95 ? value.toFixed(1) : Math.round(value)}%`;
}

/** A probability as papers write it. */
export function probability(p: number): string {
  return p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`;
}

/** A token with what is not seen made visible. */
export function tokenText(text: string): string {
  const shown = text.replace(/\n/g, "↵").replace(/\t/g, "⇥");
  return shown === "" ? "∅" : /^ +$/.test(shown) ? "␣".repeat(shown.length) : shown;
}
