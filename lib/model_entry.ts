/**
 * Models from checkpoint to tensor: families and loading, hub and weights, the network, hook points,
 * attention functions, kernels and backends.
 *
 * @module
 */
export * from "./backend/mod.ts";
export * from "./nn/mod.ts";
export * from "./hooks/mod.ts";
export * from "./model/mod.ts";
export * from "./weights/mod.ts";
export * from "./families/mod.ts";
