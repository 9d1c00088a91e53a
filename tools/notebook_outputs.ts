/**
 * Outputs of executed notebooks as they are committed: drawings, tables and text that GitHub and
 * nbviewer show, the same from run to run.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import sharp from "sharp";
import { digestOf } from "../lib/common/digest.ts";
import type { Cell } from "./notebooks.ts";

/** The largest notebook file, and all of them together, in bytes. */
export const largestNotebook = 400_000, largestTogether = 3_000_000;

/**
 * Tags of cells that are committed without outputs: those that show what the machine is or how fast, and
 * those that need a model which must be fetched.
 */
export const silentTags = ["machine", "fetched"];

type Output = Readonly<Record<string, unknown>>;

/** Where a notebook's metadata say which code its outputs are of. */
export const digestKey = "corelens_code";

/** Digest of a notebook's code cells. */
export function codeDigest(cells: readonly Cell[]): string {
  return digestOf(
    cells.filter(({ type }) => type === "code").map(({ source }) => source.trimEnd()),
  );
}

const joined = (text: unknown): string => Array.isArray(text) ? text.join("") : String(text ?? "");

/** The drawing in a figure's HTML. */
function drawingIn(html: string): string | null {
  const found = /<img src="data:image\/svg\+xml,([^"]*)"/.exec(html);
  return found && decodeURIComponent(found[1]);
}

/** Lines of a text as notebook files hold them. */
const lines = (text: string): string[] => text.split(/(?<=\n)/);

/** What is kept of one output; null for an empty one. */
function keptOutput(output: Output): Output | null {
  if (output["output_type"] === "stream") {
    return { name: output["name"], output_type: "stream", text: lines(joined(output["text"])) };
  }
  const data = output["data"] as Output | undefined;
  if (!data) return null;
  const html = joined(data["text/html"]), text = joined(data["text/plain"]);
  const svg = drawingIn(html);
  if (html === "" && ["", "undefined", '""'].includes(withoutColours(text))) return null;
  const kept: Record<string, unknown> = {};
  if (svg !== null) kept["image/svg+xml"] = lines(svg);
  else if (html !== "") kept["text/html"] = lines(html);
  kept["text/plain"] = lines(withoutColours(text));
  return { data: kept, metadata: {}, output_type: "display_data" };
}

/** A text without terminal colours. */
function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

/** What is kept of a cell's outputs: none where a tag says so. */
export function keptOutputs(outputs: readonly Output[], tags: readonly string[]): Output[] {
  if (tags.some((tag) => silentTags.includes(tag))) return [];
  return outputs.map(keptOutput).filter((output) => output !== null);
}

/**
 * A notebook file's text with the outputs of its executed copy.
 *
 * @param text the notebook file
 * @param executed the cells of its executed copy, in the same order
 */
export function withOutputs(text: string, executed: readonly Cell[]): string {
  const notebook = JSON.parse(text);
  notebook.cells.forEach((cell: Record<string, unknown>, i: number) => {
    if (cell["cell_type"] !== "code") return;
    cell["execution_count"] = null;
    cell["outputs"] = keptOutputs(executed[i].outputs, executed[i].tags);
  });
  notebook.metadata[digestKey] = codeDigest(executed);
  return JSON.stringify(notebook, null, 1) + "\n";
}

/** A notebook file's text with its drawings' PNG images as JPEG, where that is smaller. */
export async function withSmallImages(text: string): Promise<string> {
  const png = /data:image\/png;base64,([A-Za-z0-9+/=]+)/g;
  const small = new Map<string, string>();
  for (const [url, base64] of text.matchAll(png)) {
    const jpeg = await sharp(Buffer.from(base64, "base64")).jpeg({ quality: 80 }).toBuffer();
    const smaller = `data:image/jpeg;base64,${jpeg.toString("base64")}`;
    small.set(url, smaller.length < url.length ? smaller : url);
  }
  return text.replace(png, (url) => small.get(url)!);
}

/** What an output is, without its numbers: those differ between processors in their last digits. */
function shapeOf(output: Output): string {
  if (output["output_type"] === "stream") return `stream ${output["name"]}`;
  const data = output["data"] as Output;
  const title = joined(data["text/plain"]).split("\n")[0].replace(/[-−]?\d[\d.,]*/g, "#");
  return `${Object.keys(data).sort().join(" ")}: ${title}`;
}

/**
 * Where fresh outputs are of another kind than the committed ones, one sentence per cell. Kinds, titles
 * and order are compared; numbers are not, since sums in another order round otherwise, and an answer
 * may turn with them.
 *
 * @param committed cells of the notebook
 * @param fresh cells of its executed copy
 */
export function outputDifferences(committed: readonly Cell[], fresh: readonly Cell[]): string[] {
  return committed.flatMap(({ type, outputs, tags }, i) => {
    if (type !== "code") return [];
    const wanted = outputs.map(shapeOf), found = keptOutputs(fresh[i].outputs, tags).map(shapeOf);
    if (wanted.join("\n") === found.join("\n")) return [];
    return [`cell ${i}: committed with [${wanted.join("; ")}], now [${found.join("; ")}]`];
  });
}
