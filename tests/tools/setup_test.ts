import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { bindingArguments } from "../../tools/setup/compiler.ts";
import { digest, lastLine, repository, run, SetupError } from "../../tools/setup/command.ts";
import { checkDisk, freeMegabytes } from "../../tools/setup/disk.ts";
import { installArguments, jupyterEnvironment, kernelSpec } from "../../tools/setup/jupyter.ts";
import { unsupported } from "../../tools/setup/native.ts";
import {
  findPython,
  isNewEnough,
  pipFailure,
  pythonEnvironment,
  venv,
} from "../../tools/setup/python.ts";
import {
  libraryNames,
  pinnedRequirement,
  tensorFlowWheel,
  zigWheel,
} from "../../tools/setup/wheels.ts";

Deno.test("Python 3.10 and later are new enough, compared as numbers", () => {
  assertEquals(["3.10.0", "3.11.7", "3.14.0rc1", "4.0.0"].filter(isNewEnough).length, 4);
  assertEquals(["2.7.18", "3.9.18", "3.8", "", "?"].filter(isNewEnough), []);
});

const python = await findPython();

Deno.test({
  name: "the Python that is found runs and is new enough",
  ignore: python === null, // there is none here
  fn: async () => {
    const { program, version } = python!;
    assert(isNewEnough(version), version);
    const { stdout } = await run(program, ["--version"]);
    assertStringIncludes(stdout, version);
  },
});

Deno.test({
  name: "no Python is found where none is new enough",
  ignore: python !== null, // there is one here
  fn: async () => assertEquals((await run("python3.11", ["--version"])).ok, false),
});

Deno.test("pip installs into .venv whatever the user's environment says, and keeps no cache", () => {
  const parent = {
    PATH: "/usr/bin",
    PIP_INDEX_URL: "mirror",
    PIP_TARGET: "elsewhere",
    PIP_USER: "1",
    PYTHONPATH: "elsewhere",
    VIRTUAL_ENV: "another",
  };
  assertEquals(pythonEnvironment(parent), {
    PATH: "/usr/bin",
    PIP_INDEX_URL: "mirror",
    PYTHONNOUSERSITE: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_CACHE_DIR: "1",
    PIP_NO_INPUT: "1",
  });
});

Deno.test("a missing network is told apart from a missing package", () => {
  const offline = "WARNING: Retrying ... NewConnectionError('... Temporary failure in name " +
    "resolution')\nERROR: No matching distribution found for tensorflow-cpu==2.21.0";
  assertStringIncludes(pipFailure(offline), "no network?");
  assertEquals(
    pipFailure("ERROR: No matching distribution found for x==9\nnotice"),
    "No matching distribution found for x==9",
  );
  assertEquals(lastLine("a\n b \n\n"), "b");
  assertEquals(lastLine(""), "no message");
});

Deno.test("a full disk is told as such, before the set-up and in it", async () => {
  const full = "ERROR: Exception:\nTraceback ...\nOSError: [Errno 28] No space left on device\n";
  assertStringIncludes(pipFailure(full), "no space is left");
  const folder = await Deno.makeTempDir();
  await checkDisk(folder, 5000);
  await checkDisk(folder, null);
  const error = await assertRejects(() => checkDisk(folder, 700), SetupError);
  assertStringIncludes(error.message, "700 MB free");
  for (const name of [".native", ".venv", "node_modules"]) await Deno.mkdir(join(folder, name));
  await checkDisk(folder, 1);
  await Deno.remove(folder, { recursive: true });
  assert(freeMegabytes(".")! > 0);
});

Deno.test("each supported system has one pinned package, and the others a reason", () => {
  for (const [os, arch] of [["linux", "x86_64"], ["linux", "aarch64"], ["darwin", "aarch64"]]) {
    const wheel = tensorFlowWheel(os, arch, false)!;
    assert(/^[0-9a-f]{64}$/.test(wheel.sha256));
    assertEquals(pinnedRequirement(wheel), `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
    assertEquals(unsupported(os, arch, false, false), null);
  }
  assertStringIncludes(unsupported("windows", "x86_64", false, false)!, "not for windows");
  assertStringIncludes(unsupported("darwin", "x86_64", false, false)!, "not for darwin x86_64");
  assertStringIncludes(unsupported("linux", "x86_64", false, true)!, "musl");
  assertStringIncludes(unsupported("darwin", "aarch64", true, false)!, "linux x86_64 only");
  assertEquals(unsupported("linux", "x86_64", true, false), null);
  assertEquals(zigWheel("windows", "x86_64"), null);
});

Deno.test("the binding is linked to the libraries beside it, wherever the folder moves", () => {
  const args = bindingArguments("linux", "modules", "include", "target");
  assert(args.includes("-Wl,-rpath,$ORIGIN/tensorflow"));
  for (const name of libraryNames("linux")) {
    assert(args.includes(join("target", "tensorflow", name)));
  }
  assertEquals(args.filter((arg) => arg.endsWith(".cc")).length, 2);
  const mac = bindingArguments("darwin", "modules", "include", "target");
  assert(mac.includes("-Wl,-rpath,@loader_path/tensorflow"));
  assert(mac.some((arg) => arg.endsWith("libtensorflow_cc.2.dylib")));
});

Deno.test("the kernel is this very Deno, and Jupyter writes inside .venv only", () => {
  assertEquals(kernelSpec("/a/deno").argv[0], "/a/deno");
  assert(kernelSpec("deno").argv.includes("{connection_file}"));
  const folders = Object.entries(jupyterEnvironment()).filter(([name]) => name.endsWith("DIR"));
  assert(folders.length >= 5);
  for (const [, folder] of folders) assert(folder.startsWith(venv));
});

Deno.test("a program that does not exist is a result, not an exception", async () => {
  const { ok, stderr } = await run("no-such-program-anywhere", []);
  assertEquals(ok, false);
  assert(stderr.length > 0);
});

Deno.test("the digest is SHA-256", async () => {
  // The test vector "abc" of FIPS 180-4.
  assertEquals(
    await digest("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("the set-up refuses options that it does not know, before it does anything", async () => {
  const setup = join(repository, "tools", "setup.ts");
  const { ok, stderr } = await run(Deno.execPath(), ["run", "--allow-all", setup, "--gpus"]);
  assertEquals(ok, false);
  assertStringIncludes(stderr, "Cannot set up with --gpus");
  assertStringIncludes(stderr, "--gpu ");
});

Deno.test("dependencies are pinned exactly, and the lock file names no host", async () => {
  const config = JSON.parse(await Deno.readTextFile(join(repository, "deno.json")));
  for (const [name, target] of Object.entries<string>(config.imports)) {
    assert(/^(\.\/|npm:\/?(@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+)/.test(target), `${name}: ${target}`);
  }
  const lock = await Deno.readTextFile(join(repository, "deno.lock"));
  assert(!/https?:\/\//.test(lock));
  const python = await Deno.readTextFile(join(repository, "tools", "setup", "jupyter.lock.txt"));
  const entries = python.replace(/^#.*\n/gm, "").split(/\n(?=\S)/);
  assert(entries.length > 80);
  for (const entry of entries) {
    assert(
      /^[a-z0-9-]+==[\w.]+( ; .*)?( \\\n +--hash=sha256:[0-9a-f]{64})+\n?$/.test(entry),
      entry,
    );
  }
  const wanted = await Deno.readTextFile(join(repository, "tools", "setup", "requirements.txt"));
  for (const line of wanted.trim().split("\n").filter((line) => !line.startsWith("#"))) {
    assert(entries.some((entry) => entry.startsWith(`${line} `)), `${line} is not in the lock`);
  }
  assert(installArguments("x").includes("--require-hashes"));
});
