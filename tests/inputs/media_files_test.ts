import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type ImageSource, loadImage } from "../../lib/inputs/media_files.ts";
import { bytes, reference } from "./reference.ts";

const { file, pixels } = reference.decode[0];

async function withFolders(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/media/inner`, { recursive: true });
    await Deno.mkdir(`${dir}/media2`);
    for (const path of ["media/a.png", "media/inner/b.png", "secret.png", "media2/c.png"]) {
      await Deno.writeFile(`${dir}/${path}`, bytes(file));
    }
    await Deno.symlink("../secret.png", `${dir}/media/link.png`);
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("loadImage: files below the folder, and nothing else", async () => {
  await withFolders(async (dir) => {
    const access = { mediaDir: `${dir}/media` };
    const address = new URL(`file://${dir}/media/a.png`);
    const whole = [`${dir}/media/a.png`, address.href, address];
    for (const path of ["a.png", "./a.png", "inner/b.png", "inner/../a.png", ...whole]) {
      assertEquals([...(await loadImage(path, access)).data], [...bytes(pixels)]);
    }
    for (const path of ["../secret.png", "link.png", `${dir}/secret.png`, "/etc/passwd"]) {
      await assertRejects(() => loadImage(path, access), InputError, "mediaRoot (on the command");
    }
    for (const path of ["inner", "none.png", "", "a.png/x", "a\0.png", "x".repeat(300)]) {
      await assertRejects(() => loadImage(path, access), InputError, "Cannot open");
    }
  });
});

Deno.test("loadImage: where no folder is named, every path may be read", async () => {
  await withFolders(async (dir) => {
    const here = Deno.cwd();
    Deno.chdir(`${dir}/media`);
    try {
      for (const path of ["a.png", "../secret.png", "link.png", `${dir}/secret.png`]) {
        assertEquals((await loadImage(path)).width, 7);
      }
    } finally {
      Deno.chdir(here);
    }
  });
});

const isWindows = Deno.build.os === "windows";

Deno.test({
  name: "loadImage: pipes, devices and folders are refused at once",
  ignore: isWindows, // Windows has no such files
  fn: async () => {
    await withFolders(async (dir) => {
      await new Deno.Command("mkfifo", { args: [`${dir}/pipe.png`] }).output();
      for (const path of [`${dir}/pipe.png`, "/dev/zero", "/dev/stdin"]) {
        await assertRejects(() => loadImage(path), InputError, "it is a pipe or a device");
      }
      await assertRejects(() => loadImage(dir), InputError, "it is a folder; wanted a file");
    });
  },
});

Deno.test("loadImage: the bytes of a file in every form", async () => {
  const whole = bytes(file), buffer = Uint8Array.from(whole).buffer;
  const padded = new Uint8Array([0, ...whole]);
  const sources = [
    ...[whole, buffer, new Blob([buffer]), new DataView(buffer), padded.subarray(1)],
    ...[file, `data:image/png;base64,${file}`, `data:;base64,${file.replace(/(.{76})/g, "$1\n")}`],
    `data:image/png,${whole.reduce((t, b) => `${t}%${b.toString(16).padStart(2, "0")}`, "")}`,
    new URL(`data:image/png;base64,${file}`),
  ];
  for (const source of sources) {
    assertEquals([...(await loadImage(source)).data], [...bytes(pixels)]);
  }
  const wrong = [null, undefined, 7, {}, [whole], { width: 1, height: 1 }] as unknown[];
  for (const source of wrong) {
    await assertRejects(() => loadImage(source as ImageSource), InputError, "as an image");
  }
  const odd = [
    "data:image/png;base64,***",
    "data:image/png",
    "sftp://a/b.png",
    "file://host/a.png",
    "file:///a%zz.png",
    "file:///a%00.png",
    "file://a b/c.png",
  ];
  for (const source of odd) {
    await assertRejects(() => loadImage(source), InputError);
  }
});

Deno.test("loadImage: a media root allows what lies below it", async () => {
  await withFolders(async (dir) => {
    const access = { mediaDir: `${dir}/media`, mediaRoot: dir };
    for (const path of ["a.png", "../secret.png", "link.png", `${dir}/media/a.png`]) {
      assertEquals((await loadImage(path, access)).width, 7);
    }
    const narrow = { mediaDir: dir, mediaRoot: `${dir}/media` };
    assertEquals((await loadImage("media/a.png", narrow)).width, 7);
    // "media2" begins like "media" and is another folder.
    for (const path of ["secret.png", "media2/c.png", "media/link.png"]) {
      await assertRejects(() => loadImage(path, narrow), Error, "outside of the media root");
    }
    const none = { mediaDir: dir, mediaRoot: `${dir}/none` };
    await assertRejects(() => loadImage("secret.png", none), Error, "no such folder");
    await assertRejects(() => loadImage("x.png", access), Error, "no such file");
  });
});

Deno.test("loadImage: addresses are fetched only where that is allowed", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) =>
      new URL(request.url).pathname === "/a.png"
        ? new Response(Uint8Array.from(bytes(file)))
        : new Response("no", { status: 404 }),
  );
  try {
    const address = `http://127.0.0.1:${server.addr.port}`;
    await assertRejects(() => loadImage(`${address}/a.png`), InputError, "fetchMedia: true");
    const access = { fetchMedia: true };
    assertEquals((await loadImage(`${address}/a.png`, access)).width, 7);
    assertEquals((await loadImage(new URL(`${address}/a.png`), access)).width, 7);
    await assertRejects(() => loadImage(`${address}/b.png`, access), InputError, "answers 404");
  } finally {
    await server.shutdown();
  }
});

Deno.test("loadImage: bytes and pixels, transparency dropped", async () => {
  assertEquals((await loadImage(bytes(file))).height, 6);
  const image = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
  assertEquals(await loadImage(image), image);
  const bad = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3) };
  await assertRejects(() => loadImage(bad), Error, "with 3 bytes");
  const clear = reference.decode.find(({ name }) => name === "RGBA png")!;
  const frame = await loadImage(bytes(clear.file));
  assertEquals([...frame.data], [...bytes(clear.dropped)]);
  await assertRejects(() => loadImage(bytes(file), { maxPixels: 10 }), Error, "at most 10");
});
