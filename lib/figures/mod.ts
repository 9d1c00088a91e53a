/**
 * Figures from plain records: interactive with plotly, drawn elsewhere; no model, no TensorFlow.
 *
 * @module
 */

export * from "./ablated_sets.ts";
export * from "./attention_overlay.ts";
export * from "./bars.ts";
export * from "./compared_maps.ts";
export * from "./curves.ts";
export {
  type Displayable,
  Figure,
  type FigureParts,
  jupyterDisplay,
  makeFigure,
  type MimeBundle,
  type PlotlySpec,
} from "./figure.ts";
export { headMap, type HeadMapOptions } from "./head_map.ts";
export * from "./head_profile.ts";
export { HtmlBlock } from "./html_block.ts";
export type * from "./layout_spec.ts";
export * from "./matrix_map.ts";
export * from "./pareto.ts";
export * from "./overlay_image.ts";
export type { Measured } from "./points.ts";
export {
  circuitGraph,
  type CircuitGraphEdge,
  type CircuitGraphOptions,
  type CircuitInput,
} from "./circuit_graph.ts";
export { flowCurves, type FlowDrop, type FlowRow } from "./flow_curves.ts";
export { type HeadRecord, headRecord, type HeadRecordOptions, type ScoresJson } from "./records.ts";
export * from "./progress.ts";
export * from "./report.ts";
export type * from "./report_items.ts";
export * from "./result_curves.ts";
export * from "./scatter.ts";
export * from "./sorted_scores.ts";
export type * from "./spec.ts";
export * from "./table.ts";
export { accent, type SeriesStyle, seriesStyles } from "./theme.ts";
export * from "./token_strip.ts";
export * from "./sparse_results.ts";
export * from "./speed_quality.ts";
export { steeringCurves, type SteeringRow } from "./steering_curves.ts";
export {
  SteeringPanel,
  steeringPanel,
  type SteeringPanelData,
  type SteeringPanelOptions,
  type SteeringPlace,
} from "./steering_panel.ts";
