/**
 * Chooses and describes the numeric backend, and wraps it in one interface for the model.
 * @module
 */
export * from "./environment.ts";
export * from "./select.ts";
export * from "./describe.ts";
export * from "./tensorflow.ts";
export * from "./create_kernels.ts";
export type { OwnProduct, ProductChoice } from "./product_choice.ts";
