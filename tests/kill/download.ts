/**
 * Downloads of a checkpoint from a hub on this machine, killed at random moments.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Random } from "../../lib/stats/random.ts";
import { goldenDir } from "../suites/golden.ts";
import { FakeHub, noise } from "../weights/fake_hub.ts";

/** The hub's files: a golden checkpoint's, with a large one of another name beside the weights. */
async function hubFiles(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const from = goldenDir("qwen3_vl");
  const found: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) found[name] = await Deno.readFile(`${from}/${name}`);
  }
  return { ...found, "model.safetensors": noise(3_000_000) };
}

/** Files and links below a folder by path, with their bytes, without markers of no content. */
function filesBelow(folder: string, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${path}`)) {
    const own = path === "" ? name : `${path}/${name}`;
    if (isDirectory) Object.assign(found, filesBelow(folder, own));
    else found[own] = Deno.readFileSync(`${folder}/${own}`).toHex();
  }
  return found;
}

/**
 * Kills a download several times, lets it end, and compares the cache with that of an undisturbed one.
 *
 * @returns how many processes were killed
 */
export async function killedDownload(random: Random, kills: number): Promise<number> {
  const files = await hubFiles();
  await using hub = new FakeHub(files);
  const folder = await Deno.makeTempDir({ prefix: "corelens-kill-" });
  const program = `import { resolveCheckpoint } from ${
    JSON.stringify(import.meta.resolve("../../lib/weights/hub.ts"))
  };
    const [cacheDir, endpoint] = Deno.args;
    await resolveCheckpoint("org/name", { cacheDir, endpoint, backoffMs: 1 });`;
  await Deno.writeTextFile(`${folder}/get.ts`, program);
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const start = (cache: string) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-check", "-A", `--config=${config}`, `${folder}/get.ts`],
        ...[`${folder}/${cache}`, hub.endpoint],
      ],
      env: { NO_COLOR: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
  const whole = async (cache: string) => {
    const { code, stderr } = await start(cache).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return filesBelow(`${folder}/${cache}`);
  };
  try {
    const wanted = await whole("undisturbed");
    let killed = 0;
    for (let i = 0; i < kills; i++) {
      const child = start("cache");
      const requests = hub.requests.length;
      const after = 1 + random.integer(Object.keys(files).length + 2);
      let ended = false;
      const output = child.output().then(({ signal }) => {
        ended = true;
        return signal;
      });
      const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      while (!ended && hub.requests.length < requests + after) await wait(1);
      await wait(random.integer(15));
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      killed += Number(await output === "SIGKILL");
    }
    assertEquals(await whole("cache"), wanted);
    return killed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
