/**
 * Makes `data/album`: photographs in the public domain out of the Python package scikit-image 0.20.0, made small. Nothing
 * of the package is installed or run.
 *
 *     deno run -A tools/make_album.ts [--out data/album]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { say, SetupError } from "./setup/command.ts";
import type { Wheel } from "./setup/wheels.ts";
import { downloadWheel, unpack } from "./setup/native.ts";
import { makeVenv } from "./setup/python.ts";

const wheel: Wheel = {
  requirement: "scikit-image==0.20.0",
  platform: "manylinux_2_17_x86_64",
  sha256: "8d719242ea7e7250d49e38d1e33c44c2dd59c3414ae085881d168b98cbb6059a",
  megabytes: 13,
};

/** What each photograph shows, and its file; authors and terms are in `data/README.md`. */
const photographs = {
  cat: "chelsea.png",
  cup: "coffee.png",
  astronaut: "astronaut.png",
  camera: "camera.png",
};

/** Side of the middle that is kept, in pixels. */
const side = 160;

if (import.meta.main) {
  const { values: { out } } = parseArgs({
    args: [...Deno.args],
    options: { out: { type: "string", default: "data/album" } },
  });
  const work = await Deno.makeTempDir({ prefix: "album-" });
  try {
    await makeVenv();
    await unpack(await downloadWheel(wheel, work), work, ["skimage/data/"]);
    await Deno.mkdir(out, { recursive: true });
    for (const [name, file] of Object.entries(photographs)) {
      await sharp(join(work, "skimage", "data", file)).removeAlpha().toColourspace("srgb")
        .resize({ width: side, height: side, fit: "cover" }).jpeg({ quality: 85 })
        .toFile(join(out, `${name}.jpg`));
    }
    say(`${Object.keys(photographs).join(", ")}: ${out}`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`${out}: missing, because ${error.message}`);
    Deno.exitCode = 1;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
