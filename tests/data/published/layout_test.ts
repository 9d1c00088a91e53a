import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { type PublishedLayout, readLayout } from "../../../lib/data/published/layout.ts";
import { withFiles } from "./data_set.ts";

/** A layout whose entries say how many samples they make. */
const counting: PublishedLayout = {
  name: "counting",
  wanted: "rows in list.json",
  folders: ["first", ""],
  files: /^list.*\.json$/,
  open: () => (row) =>
    Array.from({ length: row.whole("count") }, (_, i) => ({
      images: ["a.png"],
      question: "which?",
      answer: String(i),
      evidence: [{ image: row.has("image") ? row.whole("image") : 0 }],
    })),
};
const ids = async (folder: string) => (await readLayout(counting, folder)).map(({ id }) => id);

Deno.test("layout: samples are named after file and entry, in order", () =>
  withFiles({
    "list_b.json": [{ count: 1 }, { count: 0 }, { count: 2 }],
    "list_a.json": [{ count: 1 }],
    "other.json": [{ count: 1 }],
  }, async (folder) => {
    assertEquals(await ids(folder), ["list_a-1", "list_b-1", "list_b-3-1", "list_b-3-2"]);
  }));

Deno.test("layout: the first folder with annotations counts", () =>
  withFiles(
    { "list.json": [{ count: 1 }], "first/list_1.json": [{ count: 1 }] },
    async (folder) => {
      assertEquals(await ids(folder), ["list_1-1"]);
    },
  ));

Deno.test("layout: evidence outside of the media, and folders with nothing, are errors", () =>
  withFiles({
    "bad/list.json": [{ count: 1 }, { count: 1, image: 1 }],
    "empty/list.json": [{ count: 0 }],
    "none/other.json": [],
  }, async (folder) => {
    await assertRejects(() => ids(`${folder}/bad`), InputError, "entry 2 of list.json");
    await assertRejects(() => ids(`${folder}/empty`), InputError, "list.json has no samples");
    await assertRejects(() => ids(`${folder}/none`), InputError, "wanted rows in list.json");
    await assertRejects(() => ids(`${folder}/absent`), InputError, "wanted rows in list.json");
  }));
