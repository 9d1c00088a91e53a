import { assert, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkInputs } from "../../lib/model/check_inputs.ts";
import type { ForwardOptions } from "../../lib/model/run_options.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

Deno.test("a prompt of another form is told before anything runs", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const tokens = inputs.inputIds.length;
  const before = k.tensorCount();
  const refuses = async (given: unknown, message: string) => {
    await assertRejects(() => model.forward(given as ModelInputs), InputError, message);
  };
  await refuses(undefined, "Cannot run undefined");
  await refuses("text", 'Cannot run the text "text"');
  await refuses(Promise.resolve(inputs), "await it first");
  await refuses([inputs], "a list of 1");
  await refuses({ ...inputs, inputIds: [...inputs.inputIds] }, "inputIds is a list of");
  await refuses({ ...inputs, positionIds: undefined }, "positionIds is undefined");
  for (const length of [0, 1, tokens - 1, 2 * tokens, 3 * tokens + 3]) {
    await refuses(
      { ...inputs, positionIds: new Int32Array(length) },
      `${tokens} tokens at ${length} positions: wanted ${tokens} (1 for each token) or ${
        3 * tokens
      }`,
    );
  }
  await refuses({ ...inputs, nextPosition: NaN }, "nextPosition is NaN");
  await refuses({ ...inputs, media: null }, "media is null");
  assert(k.tensorCount() === before);
  model.dispose();
  const oneAxis = { text: { ...model.config.text, mropeSection: null } };
  assertThrows(
    () => checkInputs({ ...inputs, positionIds: new Int32Array(3 * tokens) }, oneAxis),
    InputError,
    `wanted ${tokens} (1 for each token)`,
  );
});

Deno.test("options of another form, requests without names or rows, are told", async () => {
  const k = await testKernels();
  const model = await goldenModel("qwen3_vl", k);
  const { inputs } = await goldenCase("qwen3_vl", "text");
  const before = k.tensorCount();
  const onPattern = () => {};
  for (
    const [options, message] of [
      ["all", 'the text "all"'],
      [null, "with null"],
      [{ logits: "first" }, '"all", "last" or "none"'],
      [{ capture: "embed" }, "Cannot capture with the request"],
      [{ capture: { names: "embed" } }, 'names the text "embed"'],
      [{ capture: { names: [] } }, "names a list of 0"],
      [{ capture: { names: [1] } }, "wanted a list of hook names"],
      [{ capture: { names: ["embed"], rows: [] } }, "rows a list of 0"],
      [{ capture: { names: ["embed"], rows: 3 } }, "rows 3"],
      [{ patternRows: [1, 2] }, "patternRows a list of 2"],
      [{ patternRows: { rows: [], onPattern } }, "patternRows.rows a list of 0"],
      [{ patternRows: { rows: [1] } }, "patternRows.onPattern undefined"],
      [{ attention: [[1]] }, "a list of 1 as attention: wanted a function, such as intervene("],
      [{ hooks: () => {} }, "a function as hooks"],
      [{ hooks: [() => {}] }, "a list of 1 as hooks"],
      [{ hooks: { embed: 5 } }, 'run 5 at "embed"'],
    ] as const
  ) {
    await assertRejects(
      () => model.forward(inputs, options as unknown as ForwardOptions),
      InputError,
      message,
      JSON.stringify(options),
    );
  }
  assert(k.tensorCount() === before);
  model.dispose();
});
