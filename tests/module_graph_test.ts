import { assert, assertEquals } from "@std/assert";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "./suites/program.ts";

/** An import of one library file by another; `runtime` is false for `import type`. */
interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly runtime: boolean;
}

/** What `deno info --json` says, as far as it is used here. */
interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

const lib = join(repository, "lib");
const lab = join(repository, "lab");

/** TypeScript files of a folder and its folders, as paths from the repository. */
function sourceFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [relative(repository, path)] : [];
  }).sort();
}

/** Every import in the graph below the given files. */
async function arrowsBelow(files: readonly string[]): Promise<Arrow[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const urls = files.map((file) => pathToFileURL(join(repository, file)).href);
    await Deno.writeTextFile(entry, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", join(repository, "deno.json"), entry],
      cwd: repository,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
    const root = pathToFileURL(repository).href;
    const name = (url: string) => url.startsWith(root) ? url.slice(root.length) : url;
    return modules
      .filter(({ specifier }) => specifier.startsWith(root))
      .flatMap(({ specifier, dependencies = [] }) =>
        dependencies.flatMap(({ code, type }) => {
          const to = code?.specifier ?? type?.specifier;
          return to ? [{ from: name(specifier), to: name(to), runtime: code !== undefined }] : [];
        })
      );
  } finally {
    await Deno.remove(entry);
  }
}

/** The folders of the library or the laboratory in the order of its map. */
function mappedFolders(house: string): string[] {
  const map = Deno.readTextFileSync(join(house, "README.md"));
  return [...map.matchAll(/^\| `(\w+)\/` +\|/gm)].map(([, folder]) => folder);
}

/** The library folder that a file lies in; null for other files and for `lib/mod.ts`. */
function folderOf(file: string): string | null {
  return file.match(/^lib\/(\w+)\//)?.[1] ?? null;
}

const order = mappedFolders(lib);
const labOrder = mappedFolders(lab);
const arrows = await arrowsBelow([...sourceFiles(lib), ...sourceFiles(lab)]);

for (const [house, names] of [[lib, order], [lab, labOrder]] as const) {
  Deno.test(`the map of ${relative(repository, house)} names every folder once`, () => {
    const folders = [...Deno.readDirSync(house)].filter((entry) => entry.isDirectory);
    const withCode = folders.map(({ name }) => name)
      .filter((name) => sourceFiles(join(house, name)).length > 0);
    assertEquals(new Set(names).size, names.length);
    assertEquals(withCode.filter((name) => !names.includes(name)), []);
  });
}

Deno.test("each folder of the laboratory imports only from the library and folders above it", () => {
  const place = (file: string) => file.match(/^lab\/(\w+)\//)?.[1] ?? null;
  const wrong = arrows.filter(({ from, to }) => {
    const [source, target] = [place(from), place(to)];
    if (source === null || target === null) return false;
    return labOrder.indexOf(target) > labOrder.indexOf(source);
  });
  assertEquals(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("each folder imports only from folders above it in the map", () => {
  assert(arrows.length > 100, "the graph is empty");
  const wrong = arrows.filter(({ from, to }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (source === null || target === null) return false;
    return !order.includes(target) || order.indexOf(target) > order.indexOf(source);
  });
  assertEquals(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("no library file imports the package's entry or anything outside the library", () => {
  const wrong = arrows.filter(({ from, to }) =>
    folderOf(from) !== null && folderOf(to) === null && !/^(npm|node):/.test(to)
  );
  assertEquals(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("only backend and hooks of the library know TensorFlow.js; the others compute with kernels", () => {
  const users = arrows.filter(({ to, runtime }) => runtime && to.includes("@tensorflow/"));
  assert(users.some(({ from }) => from.startsWith("lib/backend/")));
  const wrong = users.filter(({ from }) => !/^(lib\/(backend|hooks)|lab\/training)\//.test(from));
  assertEquals(wrong.map(({ from, to }) => `${from} imports ${to}`), []);
});

Deno.test("figures load no other folder but common, and no TensorFlow.js", async () => {
  const runtime = (await arrowsBelow(["lib/figures/mod.ts"])).filter((arrow) => arrow.runtime);
  const reached = new Set(["lib/figures/mod.ts"]);
  for (const file of reached) {
    for (const { from, to } of runtime) if (from === file) reached.add(to);
  }
  const folders = new Set([...reached].map((file) => folderOf(file) ?? file));
  folders.delete("figures");
  folders.delete("common");
  assertEquals([...folders].filter((name) => !name.startsWith("node:")), []);
});

/** A way from a file back to itself, or null where there is none. */
function circleOf(graph: readonly Arrow[]): string[] | null {
  const below = Map.groupBy(graph, ({ from }) => from);
  const finished = new Set<string>(), way: string[] = [];
  const visit = (file: string): string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (finished.has(file)) return null;
    way.push(file);
    for (const { to } of below.get(file) ?? []) {
      const found = visit(to);
      if (found) return found;
    }
    finished.add(way.pop()!);
    return null;
  };
  for (const file of below.keys()) {
    const found = visit(file);
    if (found) return found;
  }
  return null;
}

Deno.test("no file imports itself by way of others, not even types", () => {
  const arrow = (from: string, to: string): Arrow => ({ from, to, runtime: false });
  const made = [arrow("a", "b"), arrow("b", "c"), arrow("c", "b"), arrow("a", "d")];
  assertEquals(circleOf(made), ["b", "c", "b"]);
  assertEquals(circleOf(arrows), null);
});
