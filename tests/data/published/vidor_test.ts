import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { MediaFolder } from "../../../lib/data/published/media_folder.ts";
import { Row } from "../../../lib/data/published/row.ts";
import { openVidor } from "../../../lib/data/published/vidor.ts";
import { Picture, withFiles } from "./data_set.ts";

const entry = (vid: string) => Row.of({ vid }, "entry 1");
const bbox = { xmin: 1, ymin: 2, xmax: 3, ymax: 4 };

Deno.test("vidor: the box of an object in a frame, null where it is not", () =>
  withFiles({
    "vidor/validation/0000/7.json": { width: 8, height: 8, trajectories: [[], [{ tid: 5, bbox }]] },
    "vidor/8.json": { width: 8, height: 8, trajectories: [[{ tid: 5, bbox: { xmin: 1 } }]] },
    "frames/0.png": new Picture(16, 8),
  }, async (folder) => {
    const media = new MediaFolder(folder), vidor = openVidor(media);
    const tracks = (await vidor(entry("7")))!;
    const frame = (number: number) => ({ number, path: "frames/0.png" });
    assertEquals(await tracks.box(frame(1), 5), [2, 2, 6, 4]);
    assertEquals(await tracks.box(frame(1), 6), null);
    assertEquals(await tracks.box(frame(0), 5), null);
    assertEquals(await tracks.box(frame(2), 5), null);
    const other = (await vidor(entry("8")))!;
    await assertRejects(
      () => other.box(frame(0), 5),
      InputError,
      "8.json, trajectories[0], bbox: ymin",
    );
    await assertRejects(() => vidor(entry("9")), InputError, "entry 1: vid");
    assertEquals(await openVidor(new MediaFolder(`${folder}/frames`))(entry("7")), null);
  }));
