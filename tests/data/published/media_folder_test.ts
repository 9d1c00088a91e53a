import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { MediaFolder, pagesOf } from "../../../lib/data/published/media_folder.ts";
import { numbered, Picture, upTo, withFiles } from "./data_set.ts";

const page = new Picture(3, 2);
const purpose = { what: "frames", where: "entry 1", command: "a command" };

Deno.test("media folder: images by number, in a folder or beside each other", () =>
  withFiles({
    ...numbered("frames/a", [10, 9, 100], page),
    "frames/a/notes.txt": "no image",
    "frames/b_2.png": page,
    "frames/b_10.JPG": page,
    "frames/b_page-3.png": page,
    "frames/b_2_1.png": page, // of a video called b_2
    "frames/bc_4.png": page,
    "frames/twice/1.png": page,
    "frames/twice/01.png": page,
    "frames/empty/notes.txt": "",
  }, async (folder) => {
    const media = new MediaFolder(folder);
    const numbers = async (name: string) =>
      (await media.numbered("frames", name, purpose)).map(({ number }) => number);
    assertEquals(await numbers("a"), [9, 10, 100]);
    assertEquals(await numbers("b"), [2, 3, 10]);
    assertEquals(await media.numbered("frames", "bc", purpose), [
      { number: 4, path: "frames/bc_4.png" },
    ]);
    await assertRejects(() => numbers("twice"), InputError, "number 1");
    for (const name of ["c", "empty"]) {
      await assertRejects(() => numbers(name), InputError, 'make them with "a command"');
    }
    for (const name of ["../a", "/a", "a/../../b", ""]) {
      await assertRejects(() => numbers(name), InputError, "inside the folder");
    }
  }));

Deno.test("media folder: pages are whole, from 0 or 1 on", () =>
  withFiles({
    ...numbered("pages/zero", upTo(0, 2), page),
    ...numbered("pages/one", upTo(1, 3), page),
    ...numbered("pages/two", upTo(2, 3), page),
    ...numbered("pages/gap", [1, 2, 4], page),
  }, async (folder) => {
    const media = new MediaFolder(folder);
    const pages = (name: string) => pagesOf(media, "pages", name, "entry 1");
    assertEquals((await pages("zero.pdf"))[1], "pages/zero/000001.png");
    assertEquals((await pages("one"))[1], "pages/one/000002.png");
    await assertRejects(() => pages("two.pdf"), InputError, "page 1 is missing");
    await assertRejects(() => pages("gap.pdf"), InputError, "page 3 is missing");
    await assertRejects(() => pages("none.pdf"), InputError, "pdftoppm");
  }));

Deno.test("media folder: sizes come from inside the folder", () =>
  withFiles({ "in/a.png": page, "in/b.png": "text", "out.png": page }, async (folder) => {
    const media = new MediaFolder(`${folder}/in`);
    assertEquals(await media.size("a.png"), [3, 2]);
    assertEquals([await media.has("a.png"), await media.has("c.png")], [true, false]);
    await assertRejects(() => media.size("b.png"), InputError, "no image");
    await assertRejects(() => media.size("../out.png"), InputError, "leaves the folder");
    await Deno.symlink(`${folder}/out.png`, `${folder}/in/link.png`);
    await assertRejects(() => media.size("link.png"), InputError, "out of the folder");
  }));
