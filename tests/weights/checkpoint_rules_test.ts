import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import { CheckpointRules, type StrictnessOptions } from "../../lib/weights/checkpoint_rules.ts";
import { inertKeys, keyEffects } from "../../lib/weights/known_keys.ts";

/** Reads one object of which nobody looks at anything, and returns what there is to warn of. */
function warningOf(json: JsonObject, options: StrictnessOptions = {}): string | null {
  const rules = new CheckpointRules(options);
  const reader = new JsonReader(json, "config.json", rules);
  reader.ignore("hidden_size");
  reader.finish();
  return rules.warning;
}

Deno.test("a key that nobody knows is one line of warning, and an error on request", () => {
  assertEquals(
    warningOf({ my_note: { a: 1 }, other: "x" }),
    'ignored keys that are not known: "my_note", "other" of config.json',
  );
  assertThrows(
    () => warningOf({ my_note: 1 }, { strict: true }),
    InputError,
    'Cannot use config.json: unknown key "my_note"',
  );
  assertEquals(warningOf({ my_note: null }), null);
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`note_${i}\n`, 1]));
  const warning = warningOf(many)!;
  assert(warning.endsWith("and 995 more of config.json") && !warning.includes("\n"), warning);
});

Deno.test("a name that was meant is suggested for a likely typing error only", () => {
  assertEquals(warningOf({ hiden_size: 1 })!.includes("did you mean hidden_size?"), true);
  assertEquals(warningOf({ default_to_square: true })!.includes("did you mean"), false);
});

Deno.test("a key that changes numbers is an error that says what it would do, strict or not", () => {
  for (const strict of [false, true]) {
    assertThrows(
      () => warningOf({ attn_logit_softcapping: 50 }, { strict }),
      InputError,
      'Cannot use "attn_logit_softcapping": 50 of config.json: it would bound attention scores',
    );
    assertEquals(warningOf({ logit_scale: 1, clip_qkv: null, alibi: false }, { strict }), null);
    assertThrows(() => warningOf({ logit_scale: 0.5 }, { strict }), InputError, "multiply logits");
    assertThrows(() => warningOf({ pruned_heads: { 1: [0] } }, { strict }), InputError);
  }
});

Deno.test("a value that is refused by its reader is told with its effect", () => {
  const reader = new JsonReader({ use_sliding_window: true }, "config.json", new CheckpointRules());
  assertThrows(
    () => reader.require("use_sliding_window", false),
    InputError,
    "it would limit attention to a window of positions, which is not supported here; supported is",
  );
});

Deno.test("settings of generation that are not applied are told, not refused", () => {
  const rules = new CheckpointRules({ strict: true });
  new JsonReader({ num_beams: 4, early_stopping: false }, "g.json", rules.forChoices).finish();
  assert(rules.warning?.includes('"num_beams" of g.json, which would search with beams'));
});

Deno.test("no key of a config is both inert and known to change numbers of the network", () => {
  const choices = /token|penalty|beam|ngram|bad_words|length|stopping|invalid|typical/;
  for (const kind of ["config", "processor"] as const) {
    const both = inertKeys[kind].filter((key) => Object.hasOwn(keyEffects, key));
    assertEquals(both.filter((key) => !choices.test(key)), []);
  }
});
