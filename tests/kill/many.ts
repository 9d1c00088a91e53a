/**
 * The long form: as many kills as one likes, of every command, with every kind of change in between.
 *
 *     deno run -A tests/kill/many.ts --kills 60 --seed 1
 *
 * Prints one line for each series and counts at the end; the first run that is mixed, lost or not
 * refused ends it with an error.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { Random } from "../../lib/stats/random.ts";
import { changesFor } from "./changes.ts";
import { killedDownload } from "./download.ts";
import { series } from "./series.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    kills: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
  },
});
const wanted = Number(values.kills);
const counts: Record<string, number> = {};
let kills = 0;
for (let number = 0; kills < wanted; number++) {
  const random = new Random(`${values.seed} ${number}`);
  const command = (["identify", "ablate", "accelerate", "download"] as const)[random.integer(4)];
  const often = 1 + random.integer(4);
  let line: string, ended: string;
  if (command === "download") {
    const killed = await killedDownload(random, often);
    [kills, line, ended] = [kills + killed, `${killed} kills`, "whole"];
  } else {
    const changes = changesFor(command);
    const change = changes[random.integer(changes.length)];
    const outcome = await series(command, change, random, often);
    [kills, ended] = [kills + outcome.kills, outcome.ended];
    line = `${outcome.kills} kills, then ${change.name}: ${ended}`;
  }
  counts[ended] = (counts[ended] ?? 0) + 1;
  console.log(`${number} ${command}: ${line}`);
}
console.log(
  `${kills} kills; series: ` +
    Object.entries(counts).map(([ended, count]) => `${count} ${ended}`).join(", "),
);
