/**
 * CoReLens finds, tests and uses the few attention heads with which a multimodal language model looks
 * things up in images, video and documents.
 *
 * @example Ask a question about a picture
 * ```ts
 * import { fromPretrained } from "corelens";
 *
 * const model = await fromPretrained("tests/golden/qwen3_vl");
 * const { answer } = await model.ask(
 *   { images: ["tests/golden/qwen3_vl/expected/image_image0.png"], question: "What is this?" },
 *   { maxNewTokens: 4 },
 * );
 * console.log(answer);
 * model.dispose();
 * ```
 * @module
 */
export { InputError } from "./common/errors.ts";
export * from "./stats/mod.ts";
export * from "./backend/mod.ts";
export * from "./nn/mod.ts";
export * from "./hooks/mod.ts";
export * from "./model/mod.ts";
export * from "./weights/mod.ts";
export * from "./inputs/mod.ts";
export * from "./families/mod.ts";
export * from "./heads/mod.ts";
export * from "./causal/mod.ts";
export * from "./sparse/mod.ts";
export * from "./data/mod.ts";
export * from "./experiments/mod.ts";
