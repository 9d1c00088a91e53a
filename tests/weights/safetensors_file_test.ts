import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  float32Tensor,
  int32Tensor,
  readSafetensorsFile,
  SafetensorsFile,
} from "../../lib/weights/safetensors_file.ts";
import { entry, rawFile, withFolder } from "./helpers.ts";

const expected = "tests/golden/qwen3_vl/expected";

Deno.test("readSafetensorsFile: agrees with the list of tensors that was stored beside the file", async () => {
  for (const name of ["text", "image", "two_images", "video", "text_multiturn"]) {
    const content = await readSafetensorsFile(`${expected}/${name}.safetensors`);
    const beside = JSON.parse(await Deno.readTextFile(`${expected}/${name}.json`));
    const shapes = Object.fromEntries([...content.tensors].map(([key, { shape }]) => [key, shape]));
    assertEquals(shapes, beside.tensors);
    assertEquals([...int32Tensor(content, "input_ids").data], beside.input_ids);
    assertEquals([...int32Tensor(content, "generated.ids").data], beside.generated_ids);
  }
});

Deno.test("readSafetensorsFile: greedy ids are the argmax of the stored logits", async () => {
  const content = await readSafetensorsFile(`${expected}/image.safetensors`);
  const { data, shape: [steps, vocabulary] } = float32Tensor(content, "generated.logits");
  const best = Array.from({ length: steps }, (_, step) => {
    const row = data.subarray(step * vocabulary, (step + 1) * vocabulary);
    return row.indexOf(Math.max(...row));
  });
  assertEquals(best, [...int32Tensor(content, "generated.ids").data]);
});

Deno.test("SafetensorsFile: many reads at once each get their own bytes", () =>
  withFolder(async (folder) => {
    const names = Array.from({ length: 50 }, (_, i) => `t${i}`);
    const header = Object.fromEntries(
      names.map((name, i) => [name, entry("U8", [20], i * 20, i * 20 + 20)]),
    );
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i * 7 + (i >> 8));
    await Deno.writeFile(`${folder}/x`, rawFile(header, data));
    using file = await SafetensorsFile.open(`${folder}/x`);
    const read = await Promise.all(names.map((name) => file.read(name)));
    read.forEach((bytes, i) => assertEquals(bytes, data.slice(i * 20, i * 20 + 20)));
    assert(read.every((bytes) => bytes.byteLength === bytes.buffer.byteLength));
  }));

Deno.test("SafetensorsFile: a file that shrinks after it was opened gives an error, not zeros", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x`;
    const header = { a: entry("U8", [4], 0, 4), b: entry("U8", [4], 4, 8) };
    const bytes = rawFile(header, new Uint8Array(8).fill(9));
    await Deno.writeFile(path, bytes);
    using file = await SafetensorsFile.open(path);
    await Deno.truncate(path, bytes.length - 2);
    await assertRejects(() => file.read("b"), InputError, "2 bytes found, 4 wanted");
    assertEquals(await file.read("a"), new Uint8Array(4).fill(9));
  }));

Deno.test("SafetensorsFile: what cannot be opened", () =>
  withFolder(async (folder) => {
    await assertRejects(() => SafetensorsFile.open(`${folder}/none`), InputError, "no such file");
    await assertRejects(() => SafetensorsFile.open(folder), InputError, "it is not a file");
    await Deno.writeFile(`${folder}/page.html`, new TextEncoder().encode("<!DOCTYPE html><html>"));
    await assertRejects(() => SafetensorsFile.open(`${folder}/page.html`), InputError, "claims");
  }));

Deno.test("float32Tensor, int32Tensor: name and type must fit", () =>
  withFolder(async (folder) => {
    const wide = new Uint8Array(new BigInt64Array([-5n, 2n ** 40n]).buffer);
    await Deno.writeFile(
      `${folder}/x`,
      rawFile({ ok: entry("I64", [1], 0, 8), wide: entry("I64", [1], 8, 16) }, wide),
    );
    const content = await readSafetensorsFile(`${folder}/x`);
    assertEquals(int32Tensor(content, "ok").data, new Int32Array([-5]));
    assertThrows(() => int32Tensor(content, "wide"), InputError, "a value needs 64 bits");
    assertThrows(() => float32Tensor(content, "ok"), InputError, "it is I64");
    assertThrows(() => float32Tensor(content, "wode"), InputError, 'nearest are "wide", "ok"');
  }));
