import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { shippedOrGiven } from "../../lib/families/shipped.ts";

Deno.test("shippedOrGiven: a model that is not there is one line that says how to get it", () => {
  const hints = [
    ["smol", "deno task smol"],
    ["smol-vision", "deno task assemble"],
    ["qwen", "deno task qwen"],
    ["qwen-photographs", "tools/train_projector.ts"],
    ["qwen-photographs-adapted", "tools/train_projector.ts --adapt"],
    ["qwen-vision", "tools/train_photographs.ts"],
    ["gemma", "deno task gemma"],
    ["mini", "data/models/README.md"],
  ];
  for (const [name, hint] of hints) {
    const error = assertThrows(() => shippedOrGiven(name, "tests/none"), InputError, hint);
    assert(!(error as Error).message.includes("\n"));
  }
  assertEquals(shippedOrGiven("my/smol", "tests/none"), "my/smol");
  assertEquals(shippedOrGiven("tests"), "tests"); // a folder that is there
  assertThrows(() => shippedOrGiven("minni"), InputError, "nearest: mini");
});

Deno.test("shippedOrGiven: a folder with a config or with a GGUF file is a model", async () => {
  const data = await Deno.makeTempDir();
  await Deno.mkdir(`${data}/models/smol`, { recursive: true });
  assertThrows(() => shippedOrGiven("smol", data), InputError);
  await Deno.writeTextFile(`${data}/models/smol/model.gguf`, "");
  assertEquals(shippedOrGiven("smol", data), `${data}/models/smol`);
  await Deno.mkdir(`${data}/models/mini`);
  await Deno.writeTextFile(`${data}/models/mini/config.json`, "{}");
  assertEquals(shippedOrGiven("mini", data), `${data}/models/mini`);
  await Deno.remove(data, { recursive: true });
});
