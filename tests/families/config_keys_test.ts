import { assertThrows } from "@std/assert";
import { ignoreBookkeeping } from "../../lib/families/config_keys.ts";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";

const finish = (json: JsonObject) => {
  const reader = new JsonReader(json, "config.json");
  ignoreBookkeeping(reader);
  reader.finish();
};

Deno.test("keys that any config may have pass, those that change the network do not", () => {
  finish({ torch_dtype: "bfloat16", id2label: { "0": "A" }, pruned_heads: {}, is_decoder: false });
  assertThrows(() => finish({ pruned_heads: { "3": [1] } }), Error, "pruned_heads");
  assertThrows(() => finish({ add_cross_attention: true }), Error, "add_cross_attention");
  assertThrows(() => finish({ hidden_size: 64 }), Error, "hidden_size");
});
