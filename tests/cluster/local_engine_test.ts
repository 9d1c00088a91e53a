import { assertEquals, assertThrows } from "@std/assert";
import { checkMemory, workLocally } from "../../lib/cluster/local_engine.ts";

Deno.test("a failure is tried three times, a mistake once, and the others go on", async () => {
  const tries = [0, 0, 0, 0], failures: [number, number, number][] = [];
  let running = 0, most = 0;
  const givenUp = await workLocally([0, 1, 2, 3], {
    workers: 2,
    async start(shard) {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      tries[shard]++;
      return [0, 2, 1, tries[3] < 3 ? 137 : 0][shard];
    },
    onFailure: (...failure) => void failures.push(failure),
  });
  assertEquals([givenUp, tries, most], [[1, 2], [1, 1, 3, 3], 2]);
  assertEquals(failures.filter(([shard]) => shard === 1), [[1, 2, 0]]);
});

Deno.test("nothing more is started after a stop", async () => {
  const stop = new AbortController(), started: number[] = [];
  const start = (shard: number) => {
    started.push(shard);
    stop.abort();
    return Promise.resolve(1);
  };
  await workLocally([0, 1, 2], { workers: 1, start, signal: stop.signal });
  assertEquals(started, [0]);
});

Deno.test("workers need room for their weights", () => {
  const gib = 2 ** 30;
  checkMemory(2, 4 * gib, 10 * gib);
  assertThrows(() => checkMemory(3, 4 * gib, 10 * gib), Error, "wanted --workers 2");
});
