/**
 * One series of kills: a run is killed at random moments, something may change, and the run that ends
 * must have the bytes of an undisturbed one, or be refused with what changed.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Random } from "../../lib/stats/random.ts";
import type { Change } from "./changes.ts";
import { type Moment, World } from "./world.ts";

/** What became of a series. */
export interface Outcome {
  /** Processes that were killed. */
  readonly kills: number;
  /** What the run that followed did. */
  readonly ended: "resumed" | "refused" | "computed anew";
}

/** A random moment: while samples are worked on, while files are written, or any time. */
export function randomMoment(random: Random, samples: number): Moment {
  const delay = random.integer(30);
  const draw = random.uniform();
  if (draw < 0.6) return { lines: 1 + random.integer(samples + 1), delay };
  if (draw < 0.75) return { file: /\.tmp$/, delay: random.integer(4) };
  if (draw < 0.9) {
    return { file: /^(samples\.arrow|scores\.json|results\.json)$/, delay: delay / 6 };
  }
  return { delay: random.integer(1500) };
}

/** One line is told, without a trace. */
function assertOneLine(err: string): void {
  const lines = err.trim().split("\n").filter((line) => line.startsWith("corelens: "));
  assertEquals(lines.length, 1, err);
  assert(!/\n\s+at /.test(err), err);
}

/** Runs a series. @param kills how often the first run is killed */
export async function series(
  command: World["command"],
  change: Change,
  random: Random,
  kills: number,
): Promise<Outcome> {
  await using world = await World.make(command);
  const what = `${command}, then ${change.name}`;
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    killed += Number(await world.kill("run", randomMoment(random, world.samples.length)));
  }
  const left = await world.files("run");
  const begun = Object.keys(left).length > 0;
  await change.make(world, random);
  const reference = await world.end(world.args("undisturbed"));
  if (typeof change.then === "object" && reference.code === 2) { // as scores of another model
    assertMatch(reference.err, change.then.refused, what);
    const { code, err } = await world.end(world.args("run"));
    assertEquals(code, 2, what);
    assertOneLine(err);
    return { kills: killed, ended: "refused" };
  }
  assertEquals(reference.code, 0, `${what}: ${reference.err}`);
  const wanted = await world.files("undisturbed");
  let { code, err } = await world.end(world.args("run"));
  let ended: Outcome["ended"] = begun ? "resumed" : "computed anew";
  if (code === 2) {
    assertOneLine(err);
    const sameRun = typeof change.then !== "object";
    assertMatch(err, sameRun ? /a finished run on other samples/ : change.then.refused, what);
    if ("run.partial" in left) {
      assertEquals((await world.files("run"))["run.partial"], left["run.partial"]);
    }
    ({ code, err } = await world.end([...world.args("run"), "--fresh"]));
    ended = "refused";
  } else if (typeof change.then === "object") {
    assert(
      !("run.partial" in left) && !("manifest.json" in left),
      `${what} was not refused: ${err}`,
    );
  }
  assertEquals(code, 0, `${what}: ${err}`);
  assertEquals(await world.files("run"), wanted, what);
  return { kills: killed, ended };
}
