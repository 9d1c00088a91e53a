/**
 * Where this package lies: in a checkout of the repository, or installed from elsewhere.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Version of the package, as in `deno.json`. */
export const packageVersion = "0.1.0";

/** Address of the package's root folder; ends with a slash. */
export const packageRoot: URL = new URL("../../", import.meta.url);

/**
 * The root folder of the checkout that this code runs from; null where it is installed: from a
 * registry, over HTTP, or below `node_modules`.
 *
 * @example
 * ```ts
 * import { checkoutFolder } from "./package.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(checkoutFolder(new URL("https://example.org/corelens/")), null);
 * ```
 */
export function checkoutFolder(root: URL = packageRoot): string | null {
  if (root.protocol !== "file:" || root.pathname.includes("/node_modules/")) return null;
  return fileURLToPath(root);
}

/** The command that sets up the native backend, as a user of this copy has to write it. */
export function setupCommand(): string {
  return checkoutFolder() === null
    ? `deno run -A jsr:@corelens/corelens@${packageVersion}/setup`
    : "deno task setup";
}
