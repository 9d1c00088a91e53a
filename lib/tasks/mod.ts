/**
 * Synthetic visual retrieval tasks in the shape of the paper's benchmarks, and folder data sets.
 *
 * @module
 */
export * from "./context.ts";
export * from "./domains.ts";
export type { DomainName, TaskOptions, TaskPlan, TaskVariety } from "./options.ts";
export { maxDifficulty } from "./options.ts";
export type { ContextQuestion } from "./questions.ts";
export * from "./sample.ts";
export type { Split } from "./split.ts";
export * from "./vocabulary.ts";
