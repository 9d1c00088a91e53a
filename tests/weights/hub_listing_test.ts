import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { isCommit, listModel, parseListing } from "../../lib/weights/hub_listing.ts";
import { hubSettings } from "../../lib/weights/hub_settings.ts";
import { commit, FakeHub } from "./fake_hub.ts";

const small = { rfilename: "config.json", size: 5, blobId: "a".repeat(40) };
const large = {
  rfilename: "model.safetensors",
  size: 9,
  blobId: "b".repeat(40),
  lfs: { sha256: "c".repeat(64), size: 9, pointerSize: 134 },
};
const listing = (...siblings: unknown[]) => JSON.stringify({ sha: commit, siblings });

Deno.test("parseListing: small files by Git's checksum, large ones by SHA-256", () => {
  const { commit: found, files } = parseListing(listing(small, large), "org/name");
  assertEquals(found, commit);
  assertEquals([...files.values()], [
    { path: "config.json", size: 5, oid: "a".repeat(40), checksum: "git-sha1" },
    { path: "model.safetensors", size: 9, oid: "c".repeat(64), checksum: "sha256" },
  ]);
});

/** What is wrong, the text, and what the message must say. */
const unusable: [string, string, string][] = [
  ["a web page", "<!DOCTYPE html><html>", 'it is a web page, starting with "<!DOCTYPE'],
  ["text", "Service unavailable", "it is not JSON"],
  ["a list", "[]", "it is not a JSON object"],
  ["no commit", JSON.stringify({ siblings: [] }), 'its commit is "undefined"'],
  ["a commit that is a path", JSON.stringify({ sha: "../../x", siblings: [] }), '"../../x"'],
  ["no files", JSON.stringify({ sha: commit }), "it lists no files"],
  ["a file without a name", listing({ size: 1 }), "a file has no name"],
  [
    "a path that leaves",
    listing({ ...small, rfilename: "../../x" }),
    '"../../x": it has a part ".."',
  ],
  ["an absolute path", listing({ ...small, rfilename: "/etc/x" }), "absolute path"],
  ["a Windows path", listing({ ...small, rfilename: "..\\x" }), "backslash"],
  ["no size", listing({ ...small, size: undefined }), 'the size of "config.json" is "undefined"'],
  ["a negative size", listing({ ...large, lfs: { ...large.lfs, size: -1 } }), 'is "-1"'],
  ["no checksum", listing({ ...small, blobId: undefined }), 'the checksum of "config.json"'],
  ["a checksum that is a path", listing({ ...small, blobId: "../../../../x" }), "40 hexadecimal"],
  [
    "a short checksum",
    listing({ ...large, lfs: { ...large.lfs, sha256: "cc" } }),
    "64 hexadecimal",
  ],
  ["a file twice", listing(small, small), 'it lists "config.json" twice'],
];

for (const [what, text, message] of unusable) {
  Deno.test(`parseListing: refuses ${what}`, () => {
    const error = assertThrows(() => parseListing(text, "org/name"), InputError, message) as Error;
    assert(error.message.startsWith("Cannot download org/name: the hub's answer is not usable: "));
  });
}

Deno.test("parseListing: no answer whatever makes it fail with anything but an InputError", () => {
  const survives = (text: string) => {
    try {
      for (const { path, oid } of parseListing(text, "x").files.values()) {
        assert(!path.includes("..") || !path.split("/").includes(".."));
        assert(/^[0-9a-f]+$/.test(oid));
      }
    } catch (error) {
      assert(error instanceof InputError, String(error));
    }
  };
  fc.assert(fc.property(fc.json(), survives));
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom(...Object.values(small), "../x"));
  const sibling = fc.record({
    rfilename: fc.oneof(field, fc.string()),
    size: field,
    blobId: field,
    lfs: fc.oneof(field, fc.record({ sha256: field, size: field })),
  });
  fc.assert(fc.property(fc.array(sibling), (siblings) => survives(listing(...siblings))));
});

Deno.test("isCommit: forty hexadecimal digits", () => {
  assert(isCommit(commit));
  for (const other of ["main", "", commit.slice(1), commit.toUpperCase(), `${commit}\n`]) {
    assert(!isCommit(other), other);
  }
});

Deno.test("listModel: asks once, repeats when the hub is busy, and escapes the revision", async () => {
  await using hub = new FakeHub({ "config.json": "{}" });
  let calls = 0;
  hub.misbehave = () => calls++ < 2 ? new Response(null, { status: 503 }) : null;
  const { files } = await listModel(hubSettings(hub.options("/c")), "org/name", "main");
  assertEquals([...files.keys()], ["config.json"]);
  assertEquals(hub.requests.length, 3);
  const get = () => listModel(hubSettings(hub.options("/c")), "org/name", "refs/pr/1");
  await assertRejects(get, InputError, "org/name at refs/pr/1");
  assert(hub.requests[3].path.includes("/revision/refs%2Fpr%2F1?"));
});

Deno.test("listModel: an endless answer is cut off", async () => {
  await using hub = new FakeHub({});
  hub.misbehave = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1 << 20).fill(32)),
      }),
    );
  const get = () => listModel(hubSettings(hub.options("/c")), "org/name", "main");
  await assertRejects(get, InputError, "longer than 64000000 bytes");
});
