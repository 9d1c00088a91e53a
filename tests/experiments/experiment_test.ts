import { assertEquals, assertRejects } from "@std/assert";
import { type RowCodec, runUnits, type Unit } from "../../lib/experiments/experiment.ts";

const codec: RowCodec<number> = { encode: (row) => row, decode: (json) => json as number };

/** Units that square their number, and note that they worked. */
function squares(count: number, worked: string[] = [], failAt = -1): Unit<number>[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `u${i}`,
    work: () => {
      if (i === failAt) return Promise.reject(new Error("killed"));
      worked.push(`u${i}`);
      return Promise.resolve(i * i);
    },
  }));
}

async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

Deno.test("rows come in order; progress counts what this run does", async () => {
  const progress: [number, number][] = [];
  const rows = await collect(
    runUnits(squares(3), codec, {}, { onProgress: (...args) => progress.push(args) }),
  );
  assertEquals(rows, [0, 1, 4]);
  assertEquals(progress, [[0, 3], [1, 3], [2, 3], [3, 3]]);
});

Deno.test("stopped anywhere and begun again, every unit is done once and the rows are the same", async () => {
  for (let failAt = 0; failAt < 4; failAt++) {
    const folder = await Deno.makeTempDir();
    const worked: string[] = [];
    const context = { folder };
    await assertRejects(
      () => collect(runUnits(squares(4, worked, failAt), codec, { seed: 1 }, context)),
      Error,
      "killed",
    );
    const progress: number[] = [];
    const rows = await collect(
      runUnits(squares(4, worked), codec, { seed: 1 }, {
        ...context,
        onProgress: (_, total) => progress.push(total),
      }),
    );
    assertEquals(rows, [0, 1, 4, 9]);
    assertEquals(worked, ["u0", "u1", "u2", "u3"]);
    assertEquals(progress[0], 4 - failAt);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the signal stops between units; what was done stays done", async () => {
  const folder = await Deno.makeTempDir();
  const worked: string[] = [];
  const stop = new AbortController();
  const rows: number[] = [];
  await assertRejects(
    async () => {
      for await (
        const row of runUnits(squares(3, worked), codec, {}, { folder, signal: stop.signal })
      ) {
        rows.push(row);
        stop.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
  assertEquals(rows, [0]);
  assertEquals(await collect(runUnits(squares(3, worked), codec, {}, { folder })), [0, 1, 4]);
  assertEquals(worked, ["u0", "u1", "u2"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("two units of one key are an error", async () => {
  const [unit] = squares(1);
  await assertRejects(
    () => collect(runUnits([unit, unit], codec, {})),
    Error,
    'Cannot run "u0" twice',
  );
});
