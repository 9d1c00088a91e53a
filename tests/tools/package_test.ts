import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join, relative } from "node:path";
import denoJson from "../../deno.json" with { type: "json" };
import { packageVersion } from "../../lib/common/package.ts";
import { defaultNativeDir } from "../../lib/backend/tensorflow.ts";
import { pack } from "../../tools/pack.ts";
import { run } from "../../tools/setup/command.ts";
import { compiledFiles, compiledPackages } from "../../tools/setup/installed.ts";
import { bindingIsBuilt as native } from "../suites/built_binding.ts";
import { repository } from "../suites/program.ts";

const imports: Record<string, string> = denoJson.imports;
const image = join(repository, "data", "samples", "scene", "scene-01-0.png");

/** What a stranger writes; `MODEL` is the model. Prints the backend and an answer. */
const program = (entry: string, model: string) => `
import { fromPretrained } from ${JSON.stringify(entry)};
import { useBackend } from ${JSON.stringify(`${entry}/model`)};
console.log((await useBackend(Deno.args[0])).backend);
const model = await fromPretrained(${JSON.stringify(model)});
const image = await Deno.readFile(${JSON.stringify(image)});
console.log((await model.ask({ images: [image], question: "where is the red heart?" })).answer);
model.dispose();
`;

/** Runs a stranger's program in its own project, with a cache folder of its own. */
async function strangersRun(folder: string, backend: string): Promise<string[]> {
  const env = {
    ...Deno.env.toObject(),
    NO_COLOR: "1",
    XDG_CACHE_HOME: join(folder, "cache"),
    CORELENS_NATIVE: defaultNativeDir(),
  };
  const args = ["run", "--quiet", "--no-lock", "--allow-all", "main.ts", backend];
  const { ok, stdout, stderr } = await run(Deno.execPath(), args, { cwd: folder, env });
  assert(ok, stderr);
  return stdout.trim().split("\n");
}

/** Files of a folder and its folders, relative to it. */
async function filesBelow(folder: string, root = folder): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const files = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesBelow(path, root) : [relative(root, path)];
  }));
  return files.flat().sort();
}

Deno.test("package: versions are written once more where deno.json is out of reach", async () => {
  assertEquals(packageVersion, denoJson.version);
  for (const [name, target] of Object.entries(compiledPackages)) {
    assertEquals(imports[name], target);
  }
  const sources = await filesBelow(join(repository, "tools", "native"));
  assertEquals([...compiledFiles].sort(), sources.map((name) => `tools/native/${name}`));
});

Deno.test("package: imported over HTTP it computes and fetches the small model", async () => {
  const folder = await Deno.makeTempDir();
  const asked: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      const bytes = await Deno.readFile(join(repository, pathname)).catch(() => null);
      if (bytes === null) return new Response("none", { status: 404 });
      const type = pathname.endsWith(".ts") ? "application/typescript" : "application/json";
      return new Response(bytes, { headers: { "content-type": type } });
    },
  );
  try {
    const fromNpm = Object.entries(imports).filter(([, target]) => target.startsWith("npm:"));
    const library = `http://127.0.0.1:${server.addr.port}/lib`;
    await Deno.writeTextFile(
      join(folder, "deno.json"),
      JSON.stringify({
        imports: {
          ...Object.fromEntries(fromNpm),
          corelens: `${library}/mod.ts`,
          "corelens/model": `${library}/model_entry.ts`,
        },
      }),
    );
    await Deno.writeTextFile(join(folder, "main.ts"), program("corelens", "mini"));
    const [backend, onWasm] = await strangersRun(folder, "wasm");
    assertEquals(backend, "wasm");
    const fetched = asked.filter((path) => path.startsWith("/data/models/mini/")).length;
    assert(fetched > 1, "the model was not fetched");
    if (native) assertEquals(await strangersRun(folder, "tensorflow"), ["tensorflow", onWasm]);
    assertEquals(asked.filter((path) => path.startsWith("/data/models/mini/")).length, fetched);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("package: the npm tarball is small, runs on Deno and says on Node.js that it does not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const tarball = join(folder, "corelens.tgz");
    await pack(tarball);
    const modules = join(folder, "node_modules");
    await Deno.mkdir(join(modules, "@corelens"), { recursive: true });
    assert((await run("tar", ["-xzf", tarball], { cwd: folder })).ok);
    const files = await filesBelow(join(folder, "package"));
    const sizes = await Promise.all(files.map((name) => Deno.stat(join(folder, "package", name))));
    const size = sizes.reduce((sum, one) => sum + one.size, 0);
    assert(size < 6e6, `unpacked ${size} bytes`);
    assert((await Deno.stat(tarball)).size < 3e6, "the tarball has 3 MB or more");
    const strange = files.filter((name) =>
      !/^(lib|tools\/(setup|native))\/|^(README|CHANGELOG)\.md$|^LICENSE$|^package\.json$|^node\.js$/
        .test(name)
    );
    assertEquals(strange, []);
    await Deno.rename(join(folder, "package"), join(modules, "@corelens", "corelens"));
    for await (const { name } of Deno.readDir(join(repository, "node_modules"))) {
      if (!name.startsWith(".")) {
        await Deno.symlink(join(repository, "node_modules", name), join(modules, name));
      }
    }
    await Deno.writeTextFile(join(folder, "deno.json"), '{ "nodeModulesDir": "manual" }');
    await Deno.writeTextFile(join(folder, "package.json"), "{}");
    const model = join(repository, "data", "models", "mini");
    await Deno.writeTextFile(join(folder, "main.ts"), program("@corelens/corelens", model));
    const [backend, onWasm] = await strangersRun(folder, "wasm");
    assertEquals(backend, "wasm");
    if (native) assertEquals(await strangersRun(folder, "tensorflow"), ["tensorflow", onWasm]);
    const node = await run("node", [
      "-e",
      'import("@corelens/corelens").catch((e) => console.log(e.message))',
    ], {
      cwd: folder,
    });
    if (node.ok) assertStringIncludes(node.stdout, "not on Node.js");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
