/**
 * The page of the head explorer: client, look and data in one HTML file.
 *
 * @module
 */
import { scriptJson, sourceHash } from "../common/inline_source.ts";
import { escapeHtml } from "../figures/text.ts";
import { clientScript, clientStyle } from "./client_bundle.ts";
import type { ExplorerData } from "./data.ts";

/**
 * The whole page. Its content security policy allows this script and this style by their hashes and
 * images in the file, and nothing else: nothing is loaded, and no text is run as code.
 */
export function explorerPage(data: ExplorerData): string {
  const policy = [
    "default-src 'none'",
    `script-src ${sourceHash(clientScript)}`,
    `style-src ${sourceHash(clientStyle)}`,
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
