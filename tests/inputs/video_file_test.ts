import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fileURLToPath } from "node:url";
import { InputError } from "../../lib/common/errors.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { PpmReader } from "../../lib/inputs/ppm_reader.ts";
import { countFrames, frameExpression, readVideoFile } from "../../lib/inputs/video_file.ts";
import { bytes } from "./reference.ts";

const inputs = new URL("../golden/inputs/", import.meta.url);
const golden = fileURLToPath(inputs);

/** Clips and their frames, by `tools/reference/make_clip_reference.py`. */
const clips: Readonly<
  Record<string, {
    readonly total: number;
    readonly fps: number;
    readonly indices: readonly number[];
    readonly frames: readonly string[];
  }>
> = JSON.parse(Deno.readTextFileSync(new URL("clips.json", inputs)));

async function checkClip(name: string): Promise<void> {
  const { total, fps, indices, frames } = clips[name];
  const video = await readVideoFile({ path: `${golden}${name}`, name }, (found, rate) => {
    assertEquals(found, total);
    assert(Math.abs(rate - fps) < 1e-6, `${rate} frames a second`);
    return indices;
  }, {});
  assertEquals(video.chosen, { indices, total });
  video.frames.forEach(({ width, height, data }, i) => {
    assertEquals([width, height], [32, 24]);
    assertEquals([...data], [...bytes(frames[i])], `frame ${indices[i]} of ${name}`);
  });
}

/** Whether ffmpeg can be started here. */
async function hasFfmpeg(): Promise<boolean> {
  try {
    return (await new Deno.Command("ffprobe", { args: ["-version"], stdout: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

Deno.test("animated GIF: frames as ffmpeg unpacks them, without ffmpeg", () =>
  checkClip("clip.gif"));

Deno.test({
  name: "MP4: frames as ffmpeg's libraries unpack them",
  ignore: !await hasFfmpeg(), // ffmpeg is not installed here
  fn: () => checkClip("clip.mp4"),
});

Deno.test("a video file becomes a prompt with the frames and times that the model samples", async () => {
  const processor = await loadProcessorOf("tests/golden/qwen3_vl");
  const frames = async (wishes: Record<string, number>) => {
    const content = [{ type: "video", video: `${golden}clip.gif`, ...wishes }] as never;
    const { grids, text } = await processor.prepare([{ role: "user", content }]);
    assertEquals(grids[0].frameCount, 24);
    return { seen: [...new Set(grids.flatMap((grid) => grid.frames))], text };
  };
  // 2.4 seconds at 2 a second are 4 frames: np.linspace(0, 23, 4).round()
  const { seen, text } = await frames({});
  assertEquals(seen, [0, 8, 15, 23]);
  assert(text.includes("<0.4 seconds>") && text.includes("<1.9 seconds>"), text);
  assertEquals((await frames({ nframes: 2 })).seen, [0, 23]);
  // 4 a second would be 9 frames; the checkpoint allows 6
  assertEquals((await frames({ fps: 4 })).seen, [0, 5, 9, 14, 18, 23]);
  assertEquals((await frames({ fps: 4, max_frames: 9 })).seen, [0, 3, 6, 9, 12, 14, 17, 20, 23]);
});

Deno.test("frames are counted from packets, as torchcodec counts them", () => {
  const stream = { width: 4, height: 2, time_base: "1/90", avg_frame_rate: "25/1" };
  const packets = [0, 6, 3, 9].map((pts) => ({ pts, duration: 3, flags: "__" }));
  const found = countFrames({ streams: [stream], packets }, "x");
  assertEquals(found, { total: 4, fps: 30, width: 4, height: 2 });
  const discarded = [...packets, { pts: 12, duration: 3, flags: "_D" }];
  assertEquals(countFrames({ streams: [stream], packets: discarded }, "x").total, 4);
  const untimed = packets.map(() => ({ flags: "K_" }));
  assertEquals(countFrames({ streams: [stream], packets: untimed }, "x").fps, 25);
  assertThrows(() => countFrames({ packets }, "x"), InputError, "no video stream");
  assertThrows(() => countFrames({ streams: [stream] }, "x"), InputError, "0 frames");
});

Deno.test("frameExpression: runs are joined, and nothing nests deep", () => {
  assertEquals(frameExpression([3]), "eq(n,3)");
  assertEquals(frameExpression([0, 1, 2, 7]), "(between(n,0,2)+eq(n,7))");
  const depths = [...frameExpression(Array.from({ length: 768 }, (_, i) => 2 * i))].map((c) =>
    c === "(" ? 1 : c === ")" ? -1 : 0
  );
  let depth = 0, most = 0;
  for (const step of depths) most = Math.max(most, depth += step);
  assertEquals([depth, most <= 12], [0, true]);
});

Deno.test("PpmReader: images from pieces of any length", () => {
  const picture = (
    level: number,
  ) => [...new TextEncoder().encode("P6\n2 1\n255\n"), ...Array(6).fill(level)];
  const stream = Uint8Array.from([...picture(10), ...picture(80), ...picture(54)]);
  for (const length of [1, 2, 7, 12, 17, 100]) {
    const reader = new PpmReader("x");
    for (let at = 0; at < stream.length; at += length) reader.add(stream.subarray(at, at + length));
    assertEquals(reader.finish().map(({ width, height, data }) => [width, height, ...data]), [
      [2, 1, ...Array(6).fill(10)],
      [2, 1, ...Array(6).fill(80)],
      [2, 1, ...Array(6).fill(54)],
    ]);
  }
  const reader = new PpmReader("x.mp4");
  assertThrows(
    () => reader.add(new TextEncoder().encode("hello")),
    InputError,
    "wrote no images",
  );
});

/** A folder with programs called ffprobe and ffmpeg, and a file that begins like an MP4. */
async function withStub(
  scripts: { readonly ffprobe?: string; readonly ffmpeg?: string },
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [program, script] of Object.entries(scripts)) {
      await Deno.writeTextFile(`${folder}/${program}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const start = "\0\0\0\x18ftypmp42\0\0\0\0";
    await Deno.writeTextFile(`${folder}/a.mp4`, start);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const stub = { ignore: Deno.build.os === "windows" }; // Windows starts no shell scripts

Deno.test({
  ...stub,
  name: "ffprobe and ffmpeg are asked for the chosen frames and nothing else",
  fn: async () => {
    const packets = Array.from({ length: 4 }, (_, i) => ({ pts: i, duration: 1, flags: "K_" }));
    const streams = [{ width: 2, height: 1, time_base: "1/2", avg_frame_rate: "2/1" }];
    const note = 'echo "$0 $@" >> "${0%/*}/calls"';
    const ffprobe = `${note}\necho '${JSON.stringify({ packets, streams })}'`;
    const frame = (level: string) => `printf 'P6\\n2 1\\n255\\n${level.repeat(6)}'`;
    const ffmpeg = `${note}\n[ -z "$LD_PRELOAD" ] && ${frame("a")} && ${frame("b")}`;
    await withStub({ ffprobe, ffmpeg }, async (folder) => {
      const found = { path: `${folder}/a.mp4`, name: "a.mp4" };
      const access = { ffmpegDir: folder };
      const { frames, fps, chosen } = await readVideoFile(found, () => [1, 3, 3], access);
      assertEquals([fps, chosen], [2, { indices: [1, 3, 3], total: 4 }]);
      assertEquals(frames.map(({ data }) => data[0]), [97, 98, 98]);
      const calls = await Deno.readTextFile(`${folder}/calls`);
      assert(calls.includes("select='(eq(n,1)+eq(n,3))'"), calls);
      assertEquals(calls.match(/-protocol_whitelist file,pipe/g)?.length, 2);
      assertEquals(calls.match(/-f mov -i file:/g)?.length, 2); // no playlists are followed
      // bytes go through a temporary file, which is removed
      const whole = { bytes: await Deno.readFile(`${folder}/a.mp4`), name: "the video" };
      assertEquals((await readVideoFile(whole, () => [0, 2], access)).frames.length, 2);
      const missing = readVideoFile(found, () => [0, 1, 2], access);
      await assertRejects(() => missing, InputError, "unpacked 2 of 3 frames");
    });
  },
});

Deno.test({
  ...stub,
  name: "videos that cannot be read are one error",
  fn: async () => {
    const read = (folder: string, name = "a.mp4") =>
      readVideoFile({ path: `${folder}/${name}`, name }, () => [0], { ffmpegDir: folder });
    await withStub({}, async (folder) => {
      await assertRejects(() => read(folder), InputError, "are not installed (apt install ffmpeg");
      await Deno.writeTextFile(`${folder}/b.txt`, "#EXTM3U\nhttp://example.org/a.ts\n");
      await assertRejects(
        () => read(folder, "b.txt"),
        InputError,
        "no video of a kind that is read",
      );
    });
    await withStub({ ffprobe: "echo 'moov atom not found' >&2; exit 1" }, async (folder) => {
      await assertRejects(() => read(folder), InputError, 'ffprobe says "moov atom not found"');
    });
    await withStub({ ffprobe: "echo no" }, async (folder) => {
      await assertRejects(() => read(folder), InputError, "does not answer in JSON");
    });
    const huge = { streams: [{ width: 50_000, height: 50_000, avg_frame_rate: "25" }] };
    const listing = JSON.stringify({ ...huge, packets: [{ flags: "K_" }] });
    await withStub({ ffprobe: `echo '${listing}'` }, async (folder) => {
      await assertRejects(() => read(folder), InputError, "ask for fewer (fps, nframes)");
    });
  },
});
