import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Arguments, checkNeeds, type Command, helpOf, parseCommand } from "../../cli/command.ts";
import { command } from "../../cli/identify.ts";
import { commands } from "../../cli/main.ts";
import { InputError } from "../../lib/common/errors.ts";
import { corelens } from "../suites/command_line.ts";

const all = await Promise.all(Object.values(commands).map(async (load) => (await load()).command));

Deno.test("a former name of an option gives the option's value", () => {
  for (const name of ["--null-query", "--contentless"]) {
    const args = parseCommand(command, ["--dataset", "shipped", name, "N/A"]);
    assertEquals([args.text("null-query"), args.text("dataset")], ["N/A", "shipped"]);
  }
});

Deno.test("help fits into 100 columns, keeps every word, and names what must be given", () => {
  for (const own of all) {
    const help = helpOf(own), [options] = help.split("\nExamples\n");
    for (const line of options.split("\n")) assert(line.length <= 100, line);
    const words = help.replaceAll(/\s+/g, " ");
    for (const [name, option] of Object.entries(own.options)) {
      const shown = option.value ? `--${name} ${option.value}` : `--${name}`;
      assert(words.includes(` ${shown} ${option.help.replaceAll(/\s+/g, " ")} `), shown);
    }
    const [, usage] = /^Usage: (.*)$/m.exec(help)!;
    for (const name of own.needs ?? []) {
      assertMatch(usage, new RegExp(` --${name} .*\\[options\\]`));
    }
  }
});

Deno.test("a command without what it needs says all of it, and how it is called", async () => {
  const found = new Map<string, string>();
  for (const { name, needs = [], words = [] } of all) {
    if (needs.length === 0 && !words.includes("RUN")) continue;
    const { code, err } = await corelens(name);
    assertEquals(code, 2, name);
    found.set(name, err);
  }
  assertEquals([...found.keys()].slice(0, 4), ["ask", "encode", "forward", "generate"]);
  assertEquals(
    found.get("steer"),
    "corelens: Missing option --dataset and option --out and option --scores; usage: corelens steer " +
      "--dataset DATASET --out RUN --scores RUN [options]\n",
  );
  assertEquals(
    found.get("work"),
    "corelens: Missing RUN and option --shard; usage: corelens work RUN --shard K [options]\n",
  );
  const made: Command = { ...command, words: ["RUN"], needs: ["rule"] };
  checkNeeds(made, new Arguments({ rule: "" }, ["run"])); // given, if empty
  assertThrows(() => checkNeeds(made, new Arguments({ rule: "ram" })), InputError, "Missing RUN;");
});

Deno.test("a number that cannot be used is told with the kind and the bounds wanted", () => {
  const args = new Arguments({ n: "1.5", x: "-1", word: "many", none: " " });
  assertThrows(
    () => args.integer("n", 0, 1),
    InputError,
    "--n 1.5: wanted a whole number of at least 1",
  );
  assertThrows(
    () => args.integer("x", 0, 0, 9),
    InputError,
    "--x -1: wanted a whole number from 0 to 9",
  );
  assertThrows(
    () => args.number("word", 0, 0),
    InputError,
    "--word many: wanted a number of at least 0",
  );
  assertThrows(() => args.number("none", 0, 0), InputError, "wanted a number");
  assertEquals([args.number("n", 0), args.integer("other", 3, 1)], [1.5, 3]);
});
