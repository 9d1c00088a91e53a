import { assert, assertEquals } from "@std/assert";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { familySuite } from "../suites/family_suite.ts";
import { goldenCase, relativeError } from "../suites/golden.ts";

familySuite("gemma3_text");

const gguf = "tests/golden/gguf/tiny-gemma3.gguf";

Deno.test("gemma3: a GGUF file gives the same logits, config and tokens", async () => {
  const golden = await goldenCase("gemma3_text", "text");
  using model = await fromPretrained(gguf, { backend: "auto", dtype: "float32" });
  const { logits } = await model.forward(golden.inputs, { logits: "all" });
  const error = relativeError(logits!.data, golden.tensor("logits").data);
  assert(error < 2e-4, `${error} of the scale`);
  const { config, source } = await openCheckpoint("tests/golden/gemma3_text");
  source.close();
  assertEquals(model.config.text, { ...config.text, rmsNormEps: model.config.text.rmsNormEps });
  const [own, folder] = await Promise.all([gguf, "tests/golden/gemma3_text"].map(loadTokenizer));
  for (const text of ["Hello  world", "日本 é\n x", ""]) {
    assertEquals([...own.encode(text)], [...folder.encode(text)], text);
    assertEquals(own.decode(own.encode(text)), folder.decode(folder.encode(text)));
  }
});
