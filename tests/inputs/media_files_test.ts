import { assertEquals, assertRejects } from "@std/assert";
import { loadImage } from "../../lib/inputs/media_files.ts";
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
    for (const path of ["a.png", "./a.png", "inner/b.png", "inner/../a.png"]) {
      assertEquals([...(await loadImage(path, access)).data], [...bytes(pixels)]);
    }
    const refused = ["../secret.png", `${dir}/media/a.png`, "link.png", "inner", "none.png", ""];
    for (const path of refused) {
      await assertRejects(() => loadImage(path, access), Error, "Cannot open");
    }
  });
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

Deno.test("loadImage: addresses are not fetched", async () => {
  for (const path of ["https://example.org/a.png", "data:image/png;base64,AAAA", "file:///a.png"]) {
    await assertRejects(() => loadImage(path), Error, "addresses are not fetched");
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
