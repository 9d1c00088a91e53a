import { assertEquals, assertMatch } from "@std/assert";
import type { FolderSample } from "../../lib/data/folder_sample.ts";
import { parseSample } from "../../lib/data/sample_json.ts";
import { sharedMediaLine } from "../../lib/data/shared_media.ts";

const sample = (id: string, fields: object, folder = "data"): FolderSample => ({
  ...parseSample({ id, question: "Which?", answer: "a", ...fields }, id),
  folder,
});

Deno.test("samples on the same images, video or context are counted once", () => {
  const video = (...frames: string[]) => ({ video: { frames, fps: 1 } });
  assertMatch(
    sharedMediaLine([
      sample("1", { images: ["a.png"] }),
      sample("2", { images: ["a.png"], context: "Another text." }), // the same image
      sample("3", { images: ["a.png", "b.png"] }),
      sample("4", video("a.png")),
      sample("5", video("c.png", "c.png")),
      sample("6", video("c.png", "c.png")), // the same video
      sample("7", { images: [], context: "A text." }),
      sample("8", { images: [], context: "A text." }), // the same context
    ])!,
    /^note: 8 samples ask about 4 different images, videos or contexts;.* independent/,
  );
});

Deno.test("samples with media of their own, or with none, are as many as they are", () => {
  const images = ["a.png"];
  assertEquals(
    sharedMediaLine([
      sample("1", { images }),
      sample("2", { images }, "other"), // another file of that name
      sample("3", { images: ["b.png"] }),
      sample("4", { images: [] }),
      sample("5", { images: [] }),
    ]),
    null,
  );
  assertEquals(sharedMediaLine([]), null);
});
