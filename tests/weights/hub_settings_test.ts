import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { hubSettings } from "../../lib/weights/hub_settings.ts";
import { withEnvironment } from "../suites/environment.ts";
import { withFolder } from "./helpers.ts";

const variables = [
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_TOKEN",
  "HF_ENDPOINT",
  "HF_HUB_OFFLINE",
  "HUGGINGFACE_HUB_CACHE",
  "TRANSFORMERS_OFFLINE",
  "XDG_CACHE_HOME",
  "HOME",
];

/** Runs `body` with exactly these variables set, and restores what was there. */
function onlyWith<T>(values: Readonly<Record<string, string>>, body: () => T): T {
  const unset = Object.fromEntries(variables.map((name) => [name, null]));
  return withEnvironment<string, T>({ ...unset, ...values }, body);
}

Deno.test("hubSettings: arguments win over the environment, that over the defaults", async () => {
  await onlyWith({ HOME: "/home/somebody" }, () => {
    const { cacheDir, endpoint, token, localFilesOnly } = hubSettings({});
    assertEquals(cacheDir, "/home/somebody/.cache/huggingface/hub");
    assertEquals([endpoint, token, localFilesOnly], ["https://huggingface.co", null, false]);
  });
  const values = {
    HF_HOME: "/data/hf",
    HF_TOKEN: "hf_environment",
    HF_ENDPOINT: "https://mirror.example/",
    HF_HUB_OFFLINE: "1",
  };
  await onlyWith(values, () => {
    const { cacheDir, endpoint, token, localFilesOnly } = hubSettings({});
    assertEquals(cacheDir, "/data/hf/hub");
    assertEquals(endpoint, "https://mirror.example");
    assertEquals([token, localFilesOnly], ["hf_environment", true]);
    const chosen = hubSettings({
      cacheDir: "/c",
      endpoint: "http://localhost:1/hf//",
      token: "hf_argument\n",
      localFilesOnly: false,
    });
    assertEquals(
      [chosen.cacheDir, chosen.endpoint, chosen.token, chosen.localFilesOnly],
      ["/c", "http://localhost:1/hf", "hf_argument", false],
    );
    assertEquals(hubSettings({ token: null }).token, null);
  });
  await onlyWith({ HF_HOME: "/data/hf", HF_HUB_CACHE: "/other" }, () => {
    assertEquals(hubSettings({}).cacheDir, "/other");
  });
  // older names, which huggingface_hub reads where the newer ones are unset
  await onlyWith({ HUGGINGFACE_HUB_CACHE: "/older", TRANSFORMERS_OFFLINE: "1" }, () => {
    const { cacheDir, localFilesOnly } = hubSettings({});
    assertEquals([cacheDir, localFilesOnly], ["/older", true]);
  });
  const both = { HUGGINGFACE_HUB_CACHE: "/older", HF_HUB_CACHE: "/newer" };
  await onlyWith({ ...both, TRANSFORMERS_OFFLINE: "1", HF_HUB_OFFLINE: "0" }, () => {
    const { cacheDir, localFilesOnly } = hubSettings({});
    assertEquals([cacheDir, localFilesOnly], ["/newer", false]);
  });
});

Deno.test("hubSettings: the token that a login stored", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/.cache/huggingface`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.cache/huggingface/token`, "hf_stored\n");
    await onlyWith({ HOME: folder }, () => {
      assertEquals(hubSettings({}).token, "hf_stored");
      assertEquals(hubSettings({ token: null }).token, null);
    });
    await onlyWith({ HF_HOME: `${folder}/nowhere` }, () => {
      assertEquals(hubSettings({}).token, null);
    });
  }));

Deno.test({
  name: "hubSettings: without permissions the environment does not matter",
  permissions: { env: false, read: false },
  fn: () => {
    const { endpoint, token, localFilesOnly } = hubSettings({ cacheDir: "/c" });
    assertEquals([endpoint, token, localFilesOnly], ["https://huggingface.co", null, false]);
  },
});

Deno.test("hubSettings: what cannot be an endpoint or a token", () => {
  for (const endpoint of ["", "huggingface.co", "file:///etc", "ftp://x"]) {
    assertThrows(() => hubSettings({ endpoint, token: null }), InputError, "wanted an address");
  }
  for (const token of ["hf_a b", "hf_a\nX-Header: b", "ключ"]) {
    const error = assertThrows(() => hubSettings({ token }), InputError, "access token") as Error;
    assertEquals(error.message.includes(token), false); // a secret does not belong into messages
  }
});
