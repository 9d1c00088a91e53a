import { assertEquals } from "@std/assert";
import { parseCommand } from "../../cli/command.ts";
import { command } from "../../cli/identify.ts";

Deno.test("a former name of an option gives the option's value", () => {
  for (const name of ["--null-query", "--contentless"]) {
    const args = parseCommand(command, ["--dataset", "shipped", name, "N/A"]);
    assertEquals([args.text("null-query"), args.text("dataset")], ["N/A", "shipped"]);
  }
});
