import { assert, assertThrows } from "@std/assert";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { qwen3Vl } from "../../lib/families/qwen3_vl.ts";
import { familySuite } from "../suites/family_suite.ts";
import { goldenDir } from "../suites/golden.ts";

familySuite("qwen3_vl");
familySuite("qwen3_vl_bf16");

const config = () => JSON.parse(Deno.readTextFileSync(`${goldenDir("qwen3_vl")}/config.json`));
const read = (json: Record<string, unknown>) => {
  const reader = new JsonReader(json, "config.json");
  const result = qwen3Vl.readConfig(reader);
  reader.finish();
  return result;
};

Deno.test("an unknown config key is an error that names it", () => {
  assertThrows(() => read({ ...config(), sliding_window: 4 }), Error, "sliding_window");
  const nested = config();
  nested.text_config.attn_sinks = true;
  assertThrows(() => read(nested), Error, "attn_sinks");
});

Deno.test("impossible sizes are errors that say what is wanted", () => {
  const wrong = (
    change: (json: Record<string, Record<string, unknown>>) => void,
    message: string,
  ) => {
    const json = config();
    change(json);
    assertThrows(() => read(json), Error, message);
  };
  wrong((json) => json.text_config.num_key_value_heads = 3, "must be a multiple");
  wrong((json) => json.text_config.hidden_size = "64", "wanted a whole number");
  wrong(
    (json) => (json.text_config.rope_scaling as Record<string, unknown>).mrope_section = [6, 6],
    "add up to",
  );
  wrong((json) => json.text_config.attention_bias = true, "attention_bias");
  assert(read(config()).text.headDim === 32);
});
