/**
 * Bundles the head explorer's client into `lib/explorer/client_bundle.ts`: one script and one style.
 * The digest in that file is of the sources, so that a test notices when they were changed since.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { repository } from "./setup/command.ts";

const folder = `${repository}/lib/explorer/client`;

/** Digest of the client's sources: names and contents. */
export async function clientDigest(): Promise<string> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const hash = createHash("sha256");
  for (const name of names) {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    hash.update(`${name}\n${text.length}\n${text}`);
  }
  return hash.digest("hex").slice(0, 32);
}

/** Bundles the client. @returns the content of `client_bundle.ts` */
export async function bundleClient(): Promise<string> {
  const out = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--platform", "browser", "--minify"],
        ...["--output", `${out}/client.js`, `${folder}/main.tsx`],
      ],
      cwd: repository,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const script = (await Deno.readTextFile(`${out}/client.js`)).trim();
    const style = (await Deno.readTextFile(`${folder}/style.css`)).replace(/\s*\n\s*/g, "\n")
      .trim();
    if (/<\/script|<!--/i.test(script)) {
      throw new Error("the bundle holds an end of its script tag");
    }
    return [
      "/**",
      " * The head explorer's client, bundled. Written by `deno task explorer`: change `client/` instead.",
      " *",
      " * @module",
      " */",
      "",
      "/** Digest of the sources. */",
      `export const clientDigest = ${JSON.stringify(await clientDigest())};`,
      "",
      "/** The style sheet. */",
      `export const clientStyle = ${JSON.stringify(style)};`,
      "",
      "/** The ES module; it exports `render` for anywidget by default, and starts on an explorer page. */",
      `export const clientScript = ${JSON.stringify(script)};`,
      "",
    ].join("\n");
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

if (import.meta.main) {
  const path = `${repository}/lib/explorer/client_bundle.ts`;
  await Deno.writeTextFile(path, await bundleClient());
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
  console.log(`lib/explorer/client_bundle.ts: ${(await Deno.stat(path)).size} bytes`);
}
