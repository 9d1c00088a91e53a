/**
 * The head explorer: one page in which to see where heads look, and what answers lose without them.
 *
 * @module
 */
export type * from "./data.ts";
export { Explorer, explorer, type ExplorerOptions } from "./explorer.ts";
export { gatherExplorer, type GatherOptions } from "./gather.ts";
export { packFloats, unpackFloats } from "./pack.ts";
export { explorerPage } from "./page.ts";
