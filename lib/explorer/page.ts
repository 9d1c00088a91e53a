/**
 * The page of the head explorer: client, look and data in one HTML file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { escapeHtml } from "../figures/text.ts";
import { clientScript, clientStyle } from "./client_bundle.ts";
import type { ExplorerData } from "./data.ts";

/** Hash of an inline script or style, as a content security policy names it. */
function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/**
 * JSON that stands between script tags: nothing in it can end the element or begin a comment, and it
 * parses to the same value.
 *
 * @example
 * ```ts
 * import { scriptJson } from "./page.ts";
 * import { assertEquals } from "@std/assert";
 * const value = { name: "</script><!--" };
 * assertEquals(scriptJson(value).includes("<"), false);
 * assertEquals(JSON.parse(scriptJson(value)), value);
 * ```
 */
export function scriptJson(value: unknown): string {
  const escape = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  // deno-lint-ignore no-control-regex
  return JSON.stringify(value).replace(/[<>&\u2028\u2029\u0000-\u001f\u007f-\u009f]/g, escape);
}

/**
 * The whole page. Its content security policy allows this script and this style by their hashes and
 * pictures in the file, and nothing else: nothing is loaded, and no text is run as code.
 */
export function explorerPage(data: ExplorerData): string {
  const policy = [
    "default-src 'none'",
    `script-src ${hashSource(clientScript)}`,
    `style-src ${hashSource(clientStyle)}`,
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(data.title)}</title>
<link rel="icon" href="data:,">
<style>${clientStyle}</style>
</head>
<body>
<div id="corelens-explorer"><noscript>This page draws with JavaScript, which is off.</noscript></div>
<script type="application/json" id="corelens-data">${scriptJson(data)}</script>
<script type="module">${clientScript}</script>
</body>
</html>
`;
}
