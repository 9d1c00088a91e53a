import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { fileError, systemProblem } from "../../lib/common/system_errors.ts";
import { readJsonOf, readTextOf } from "../../lib/common/text_files.ts";

Deno.test("only regular files of bounded size are read as text", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => readTextOf(folder), InputError, "it is a folder");
    await assertRejects(() => readTextOf(`${folder}/none`), InputError, "no such file");
    await Deno.writeTextFile(`${folder}/a`, "{]");
    await assertRejects(() => readTextOf(`${folder}/a`, 1), InputError, "at most 1");
    await assertRejects(() => readJsonOf(`${folder}/a`), InputError, "as JSON");
    await assertRejects(() => readTextOf(`${folder}/a/b`), InputError, "no folder");
    if (Deno.build.os === "linux") {
      await assertRejects(() => readTextOf("/dev/zero"), InputError, "a device");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("errors of the system become sentences, all others stay what they are", () => {
  const other = new RangeError("x");
  assertEquals(fileError("read", "a", other), other);
  assertEquals(
    systemProblem(new Deno.errors.NotADirectory("x")),
    "a part of its path is no folder",
  );
  assertEquals(systemProblem("text"), null);
});
