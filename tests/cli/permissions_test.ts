import { assert, assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import { namedPaths, pathOptions } from "../../cli/paths.ts";
import { permissionFlags, PermissionMistake } from "../../cli/permissions.ts";
import type { Options } from "../../cli/command.ts";
import { repository, runProgram } from "../suites/program.ts";

const root = repository.replace(/\/$/, "");

/** The flags of a command line, by name. */
function flagsOf(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = "/somewhere",
): Record<string, string[]> {
  const flags = permissionFlags(args, {
    repository: root,
    cwd,
    environment: (name) => ({ HOME: "/home/someone", ...env })[name],
  });
  return Object.fromEntries(flags.map((flag) => {
    const [name, value = ""] = flag.split(/=(.*)/s);
    return [name, value.split(",").filter((entry) => entry !== "")];
  }));
}

Deno.test("a local model without output may write nothing, ask nobody and start nothing", () => {
  const flags = flagsOf(["info", "--model", "tests/golden/llava"]);
  for (const name of ["--allow-write", "--allow-net", "--allow-run"]) {
    assertEquals(flags[name], undefined);
  }
  assert(flags["--allow-read"].includes("/somewhere/tests/golden/llava"));
  assert(!flags["--allow-read"].includes("/somewhere"));
});

Deno.test("commands whose output is one file may write beside it, whatever its name", () => {
  for (const command of ["forward", "encode", "explore"]) {
    assertEquals(flagsOf([command, "--out", "new/run.bin"])["--allow-write"], ["/somewhere/new"]);
  }
});

Deno.test("scores may be read together with what says of which model they are", () => {
  const flags = flagsOf(["generate", "--sparse", "runs/a/scores.json"]);
  assert(flags["--allow-read"].includes("/somewhere/runs/a/manifest.json"));
  assert(!flags["--allow-read"].includes("/somewhere/runs/a"));
});

Deno.test({
  name: "a pipe in the place of a manifest does not hold up the launcher",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await new Deno.Command("mkfifo", { args: [`${folder}/manifest.json`] }).output();
      const flags = flagsOf(["explore", "--scores", folder, "--out", "a.html"]);
      assert(flags["--allow-read"].includes(folder));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("what is written is the named folder, and never where libraries or code lie", () => {
  const flags = flagsOf(["identify", "--dataset", "d", "--out", "runs/a"]);
  assertEquals(flags["--allow-write"], [
    "/home/someone/.cache/corelens/digests",
    "/somewhere/runs/a",
  ]);
  for (const library of flags["--allow-ffi"]) assert(flags["--deny-write"].includes(library));
  for (
    const place of [".native/x", "node_modules", "cli/main.ts", "deno.json", "./lib/../tools/a"]
  ) {
    assertThrows(
      () => flagsOf(["encode", "--out", `${root}/${place}`]),
      PermissionMistake,
      "holds the program itself",
    );
  }
  const page = flagsOf(["ask", "--attention=look.html"], {}, "/elsewhere");
  assertEquals(page["--allow-write"], ["/elsewhere"]);
});

Deno.test("images by file: address are read, those in the address itself and on other machines ask for nothing", () => {
  const read = (image: string) =>
    flagsOf(["ask", "--image", image, "--question", "a"])["--allow-read"];
  const others = read("https://example.com/a.png");
  const addresses = [
    "file:///data/a%20b/c.png",
    "FILE://localhost/data/a b/c.png",
    "file:/data/a b/c.png",
  ];
  for (const address of addresses) {
    assertEquals(read(address), [...others, "/data/a b/c.png"]);
  }
  assertEquals(read("data:image/png;base64,iVBORw0K"), others);
  for (const wrong of ["file:///data/%zz.png", "file://elsewhere/data/a.png"]) { // told when opened
    assert(!read(wrong).some((path) => path.startsWith("/data")));
  }
});

Deno.test("a path with a comma, at which Deno would split it in two, is told", () => {
  const lines = [["info", "--model", "/a,/etc"], ["ask", "--image", "a,b.png"]]
    .concat([["identify", "--dataset", "shipped", "--out", "/tmp/run,s"]]);
  for (const args of lines) {
    assertThrows(() => flagsOf(args), PermissionMistake, "a path with a comma");
  }
});

Deno.test("explore reads what a record was made of, also where its manifest is compressed", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir()), data = `${folder}/data`;
  try {
    for (const name of ["data", "run=1"]) await Deno.mkdir(`${folder}/${name}`);
    await Deno.writeTextFile(`${data}/samples.jsonl`, "");
    const manifest = JSON.stringify({ data }), path = `${folder}/run=1/manifest.json`;
    const isRead = (...args: string[]) =>
      flagsOf(["explore", ...args, "--out", "a.html"], {}, folder)["--allow-read"].includes(data);
    assert(!isRead("--scores", "run=1"));
    await Deno.writeFile(`${path}.gz`, gzipSync(manifest));
    assert(isRead("--scores", "run=1"));
    await Deno.writeFile(`${path}.gz`, gzipSync(new Uint8Array(1 << 27)));
    assert(!isRead("--scores", "run=1"), "a manifest that unpacks without end is none");
    await Deno.writeTextFile(path, manifest);
    assert(isRead("--scores=run=1"));
    await Deno.writeTextFile(path, "null");
    assert(!isRead("--scores", "run=1"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("no file is written over what the same command reads", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const at = (name: string) => `${folder}/${name}`;
  try {
    await Deno.mkdir(at("model"));
    await Deno.mkdir(at("runs"));
    for (const name of ["a.png", "m.json", "model/model.safetensors", "m.gguf", "new.html"]) {
      await Deno.writeTextFile(at(name), "");
    }
    await Deno.symlink(at("a.png"), at("link.html"));
    const refused = [
      ["ask", "--image", "b.png", "--image", "a.png", "--attention", "./a.png"],
      ["ask", "--image=a.png", "--attention=link.html"],
      ["forward", "--messages", "m.json", "--out", at("m.json")],
      ["forward", "--model", "model", "--messages", "m.json", "--out", "model/model.safetensors"],
      ["forward", "--model", "m.gguf", "--messages", "m.json", "--out", "m.gguf"],
      ["forward", "--model", "model/model.safetensors", "--out", "model/model.safetensors"],
    ];
    refused.push(["ablate", "--dataset", "d", "--scores", "runs", "--out", "./runs/", "--fresh"]);
    for (const args of refused) {
      assertThrows(() => flagsOf(args, {}, folder), PermissionMistake, "wanted another place");
    }
    flagsOf(["ask", "--image", "a.png", "--attention", "new.html"], {}, folder);
    flagsOf(["explore", "--dataset", folder, "--scores", "r", "--out", "new.html"], {}, folder);
    flagsOf(["forward", "--model", "model", "--messages", "m.json", "--out", "a"], {}, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a link does not lead a write to where code lies", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(`${root}/.native`, `${folder}/innocent`);
    assertThrows(
      () => flagsOf(["identify", "--out", `${folder}/innocent/run`]),
      PermissionMistake,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a hub id opens the hub's hosts, those of HF_ENDPOINT too, and the cache", () => {
  const flags = flagsOf(["info", "--model", "someone/some-model"], {
    HF_ENDPOINT: "https://mirror.example:8443/hf",
    HF_HUB_CACHE: "/caches/hub",
  });
  assert(flags["--allow-net"].includes("mirror.example:8443"));
  assert(flags["--allow-net"].includes("huggingface.co"));
  assert(flags["--allow-write"].includes("/caches/hub"));
  const here = flagsOf(["info", "--model", "someone/some-model"], {
    HF_ENDPOINT: "http://127.0.0.1:8080",
  });
  assert(here["--allow-net"].includes("127.0.0.1") && !here["--allow-net"].includes(":8080"));
  assertEquals(flagsOf(["info", "--model", "mini"])["--allow-net"], undefined);
});

Deno.test("programs may be started only where a video is named", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/ffmpeg`, "");
    const env = { PATH: folder };
    assertEquals(flagsOf(["ask", "--image", "a.png"], env)["--allow-run"], undefined);
    const wanted = [`${folder}/ffmpeg`, "/usr/bin/ffprobe"];
    assertEquals(flagsOf(["ask", "--video", "a.mp4"], env)["--allow-run"], wanted);
    const messages = `${folder}/chat.json`;
    await Deno.writeTextFile(messages, '[{"content": [{"type": "video", "video": "a.mkv"}]}]');
    assertEquals(flagsOf(["encode", "--messages", messages], env)["--allow-run"], wanted);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every option that names a path is in the table of paths", async () => {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(`${root}/cli`)) {
    if (!name.endsWith(".ts")) continue;
    const module = await import(`../../cli/${name}`);
    const groups = Object.values(module).flatMap((value): Options[] => {
      if (typeof value !== "object" || value === null) return [];
      return "options" in value ? [value.options as Options] : [value as Options];
    });
    for (const options of groups) {
      for (const [option, spec] of Object.entries(options)) {
        if (/FILE|DIR|RUN|OUT|PATH|FOLDER|DATASET/.test(String(spec?.value ?? ""))) {
          names.push(option);
        }
      }
    }
  }
  assert(names.includes("messages") && names.includes("dataset"));
  assertEquals(names.filter((name) => !Object.hasOwn(pathOptions, name)), []);
});

Deno.test("paths are found in both spellings, and after words", () => {
  const found = namedPaths(["forward", "--json", "--messages=a.json", "--out", "b.safetensors"]);
  assertEquals(found.map(({ value }) => value), ["a.json", "b.safetensors"]);
  assertEquals(namedPaths(["work", "run", "--shard", "3"]).map(({ use }) => use), [
    "write-folder",
    "write-folder",
  ]);
});

Deno.test("a program under these permissions cannot get out", async () => {
  const out = await Deno.makeTempDir();
  try {
    const permissions = permissionFlags(
      ["identify", "--dataset", out, "--out", `${out}/run`],
      { repository: root, cwd: root, environment: () => undefined },
    ).filter((flag) => flag !== "--no-prompt");
    const library = new Deno.Command(Deno.execPath(), { args: ["--version"] });
    assertEquals((await library.output()).success, true);
    const { stdout, stderr } = await runProgram(
      `
      const out = ${JSON.stringify(out)}, root = ${JSON.stringify(root)};
      const attempts = {
        "write into its folder": () => Deno.mkdir(out + "/run/a", { recursive: true }),
        "load a library it wrote": async () => {
          await Deno.copyFile(root + "/.native/libcorelens_quiet.so", out + "/run/lib.so")
            .catch(() => Deno.writeTextFile(out + "/run/lib.so", "library"));
          Deno.dlopen(out + "/run/lib.so", {});
        },
        "write a library": () => Deno.writeTextFile(root + "/.native/lib.so", "library"),
        "write a package": () => Deno.writeTextFile(root + "/node_modules/lib.node", "library"),
        "link a library": () => Deno.symlink(out + "/run/lib.so", root + "/.native/lib.so"),
        "move a library": () => Deno.rename(out + "/run/lib.so", root + "/.native/lib.so"),
        "link to libraries": () => Deno.symlink(root + "/.native", out + "/run/native"),
        "read accounts": () => Deno.readTextFile("/etc/passwd"),
        "read memory": () => Deno.readFile("/proc/self/mem"),
        "read another folder": () => Deno.readDir(out + "/../")[Symbol.asyncIterator]().next(),
        "write into the checkout": () => Deno.writeTextFile(root + "/README.md", "x"),
        "change code": () => Deno.writeTextFile(root + "/cli/main.ts", "x"),
        "start a program": () => new Deno.Command("sh", { args: ["-c", "true"] }).output(),
        "ask a host": () => fetch("http://127.0.0.1:4444/"),
        "read a secret": () => { Deno.env.get("SOME_SECRET"); },
      };
      const said = {};
      for (const [name, attempt] of Object.entries(attempts)) {
        try { await attempt(); said[name] = "done"; } catch (error) { said[name] = (error.cause ?? error).name; }
      }
      console.log(JSON.stringify(said));
      `,
      { permissions, env: { SOME_SECRET: "x" } },
    );
    const said: Record<string, string> = JSON.parse(stdout || `{"": ${JSON.stringify(stderr)}}`);
    const { "write into its folder": own, ...others } = said;
    assertEquals(own, "done");
    assertEquals(Object.keys(others).length, 14);
    for (const [attempt, result] of Object.entries(others)) {
      assertEquals(result, "NotCapable", attempt);
    }
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

/** The command line as `deno task corelens` starts it. */
async function corelens(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--permission-set=launcher", "cli/launch.ts", ...args],
    cwd: root,
    env: { NO_COLOR: "1", INIT_CWD: cwd, ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("the permissions are enough to run a model on an image, from the user's folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const model = `${root}/tests/golden/qwen3_vl`;
    for (const name of ["image.json", "image_image0.png"]) {
      await Deno.copyFile(`${model}/expected/${name}`, `${folder}/${name}`);
    }
    const { code, err } = await corelens(
      ["forward", "--model", model, "--messages", "image.json", "--out", "a/b.safetensors"],
      folder,
    );
    assertEquals(code, 0, err);
    assert((await Deno.stat(`${folder}/a/b.safetensors`)).size > 1000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the launcher passes on exit codes, and refuses to write over the program", async () => {
  assertEquals((await corelens(["frward"], root)).code, 2);
  const { code, err } = await corelens(["encode", "--out", "lib/a.safetensors"], root);
  assertEquals(code, 2);
  assertEquals(err.trim().split("\n").length, 1, err);
});

Deno.test({
  name: "a run ends with its launcher, however that is ended",
  ignore: Deno.build.os === "windows", // it has no such signals
  fn: endsWithLauncher,
});

async function endsWithLauncher() {
  const folder = await Deno.makeTempDir();
  try {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      // a hub that accepts and is silent
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "--no-prompt", "--permission-set=launcher", "cli/launch.ts"],
          ...["info", "--model", "someone/some-model"],
        ],
        cwd: root,
        env: { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HUB_CACHE: folder, INIT_CWD: folder },
        stdout: "null",
        stderr: "null",
      }).spawn();
      using connection = await listener.accept(); // the run has begun
      child.kill(signal);
      await child.status;
      const buffer = new Uint8Array(1 << 16);
      // the connection ends when the run itself has ended
      while ((await connection.read(buffer).catch(() => null)) !== null);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a worker may read what its plan names and write nothing but the run", async () => {
  const run = await Deno.makeTempDir();
  try {
    const args = ["--dataset=/samples", "--model=/checkpoint", "--out=/elsewhere"];
    const plan = { command: "identify", arguments: args };
    await Deno.writeTextFile(`${run}/run.json`, JSON.stringify(plan));
    const flags = flagsOf(["work", run, "--shard=3"]);
    for (const path of ["/samples", "/checkpoint"]) assert(flags["--allow-read"].includes(path));
    assertEquals(flags["--allow-write"], [run, "/home/someone/.cache/corelens/digests"]);
    assertEquals(flags["--allow-run"], undefined);
    assert(flagsOf(["submit", run, "--engine=local"])["--allow-run"].includes(Deno.execPath()));
  } finally {
    await Deno.remove(run, { recursive: true });
  }
});
