/**
 * Experiments: what the notebooks and the command line run on a whole data set, and their records.
 *
 * @module
 */
export {
  attentionFrom,
  attentionPanels,
  AttentionView,
  type PanelOptions,
} from "./attention_view.ts";
