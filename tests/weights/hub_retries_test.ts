import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { TemporaryError, withRetries } from "../../lib/weights/hub_retries.ts";
import { hubSettings } from "../../lib/weights/hub_settings.ts";

const settings = hubSettings({ cacheDir: "/c", token: null, backoffMs: 1, retries: 3 });

Deno.test("withRetries: bounded without progress, patient with it, and only for what may pass", async () => {
  let calls = 0;
  const fail = () => {
    calls++;
    return Promise.reject(new TemporaryError("cable pulled"));
  };
  const error = await assertRejects(
    () => withRetries(settings, "x", fail),
    InputError,
    "Cannot download x: cable pulled; gave up after 4 attempts",
  ) as Error;
  assert(error.cause instanceof TemporaryError);
  assertEquals(calls, 4);
  calls = 0;
  const tenthSucceeds = () => calls === 9 ? Promise.resolve("done") : fail();
  assertEquals(await withRetries(settings, "x", tenthSucceeds, () => calls * 65536), "done");
  calls = 0;
  await assertRejects(() => withRetries(settings, "x", fail, () => calls * 100), InputError);
  assertEquals(calls, 4);
  calls = 0;
  const broken = () => {
    calls++;
    return Promise.reject(new RangeError("a mistake of ours"));
  };
  await assertRejects(() => withRetries(settings, "x", broken), RangeError);
  assertEquals(calls, 1);
});

Deno.test("withRetries: a wait ends when the caller stops", async () => {
  const stop = new AbortController();
  const patient = hubSettings({ token: null, backoffMs: 1e6, signal: stop.signal });
  const fail = () => {
    setTimeout(() => stop.abort(new Error("enough")), 5);
    return Promise.reject(new TemporaryError("busy"));
  };
  await assertRejects(() => withRetries(patient, "x", fail), Error, "enough");
});
