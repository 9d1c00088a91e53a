/**
 * The head explorer as a file, and inline in notebooks.
 *
 * @module
 */
import { writeTextAtomically } from "../common/files.ts";
import { counted } from "../common/text.ts";
import { fromPretrained, type PretrainedModel } from "../families/pretrained.ts";
import { shippedOrGiven } from "../families/shipped.ts";
import { listSamples } from "../data/shipped_samples.ts";
import { readManifest } from "../experiments/record.ts";
import type { AnySample } from "../experiments/samples.ts";
import { type Displayable, jupyterDisplay, type MimeBundle } from "../figures/figure.ts";
import { escapeHtml } from "../figures/text.ts";
import type { ExplorerData } from "./data.ts";
import { gatherExplorer, type GatherOptions } from "./gather.ts";
import { explorerPage } from "./page.ts";

/** A head explorer, ready to be shown or saved. */
export class Explorer implements Displayable {
  /**
   * Made by {@link explorer}.
   *
   * @param data what it shows
   * @param height in notebooks, in pixels
   */
  constructor(readonly data: ExplorerData, readonly height = 860) {}

  /** Heading. */
  get title(): string {
    return this.data.title;
  }

  /** What is shown. */
  get caption(): string {
    const { samples, layers, heads, origin } = this.data;
    return `${layers * heads} heads scored on ${
      counted(origin.samples, "sample")
    } of ${origin.data}; ` +
      `${counted(samples.length, "sample")} shown.`;
  }

  /** The whole page, one HTML file. */
  toPage(): string {
    return explorerPage(this.data);
  }

  /** The page in a frame, for a notebook or a report. */
  toHtml(): string {
    return `<iframe title="${escapeHtml(this.title)}" sandbox="allow-scripts allow-downloads" ` +
      `style="width:100%;height:${this.height}px;border:1px solid #ccc;border-radius:6px" ` +
      `srcdoc="${escapeHtml(this.toPage())}"></iframe>`;
  }

  /** Title and caption. */
  toText(): string {
    return `${this.title}\n${this.caption}`;
  }

  /**
   * Writes the page.
   *
   * @returns its size in bytes
   */
  async save(path: string): Promise<number> {
    await writeTextAtomically(path, this.toPage());
    return (await Deno.stat(path)).size;
  }

  /** What Jupyter shows. */
  [jupyterDisplay](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toText() };
  }
}

/** How an explorer is made. */
export interface ExplorerOptions extends GatherOptions {
  /** The model that was scored; loaded by the record's name for it unless given. */
  readonly model?: PretrainedModel;
  /** The samples that were scored; listed by the record's name for them unless given. */
  readonly dataset?: readonly AnySample[];
  /** Height in notebooks, in pixels. */
  readonly height?: number;
}

/**
 * The head explorer of an `identify` run: its head map, the attention of its heads on its samples, and
 * what the answers lose without them. As the last value of a cell it is shown there; `save` writes one
 * HTML file that loads nothing.
 *
 * @param record folder of the run, or what another explorer shows
 * @throws {InputError} if the record is of another model or of other samples, or cannot be read
 *
 * @example
 * ```ts
 * import { explorer } from "./explorer.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { findHeads } from "../experiments/find_heads.ts";
 * import { headSamples } from "../experiments/samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const samples = (await listSamples("shipped:scene")).slice(0, 2);
 * const folder = await Deno.makeTempDir();
 * await findHeads(model, headSamples(model, samples), { folder, draws: 10 });
 * const shown = await explorer(folder, { model, dataset: samples });
 * assertEquals(shown.data.samples.length, 2);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function explorer(
  record: string | ExplorerData,
  options: ExplorerOptions = {},
): Promise<Explorer> {
  if (typeof record !== "string") return new Explorer(record, options.height);
  const { model: given, dataset, height, ...gather } = options;
  const manifest = await readManifest(record);
  const samples = dataset ?? await listSamples(manifest.data);
  const model = given ?? await fromPretrained(shippedOrGiven(manifest.model));
  try {
    return new Explorer(await gatherExplorer(model, samples, record, gather), height);
  } finally {
    if (!given) model.dispose();
  }
}
