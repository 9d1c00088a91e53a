import { assert, assertEquals, assertMatch } from "@std/assert";
import { unpacked } from "../figures/helpers.ts";
import { packageVersion } from "../../lib/common/package.ts";
import { printable } from "../../lib/common/text.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { corelens, corelensProcess } from "../suites/command_line.ts";
import { goldenCase, goldenDir } from "../suites/golden.ts";
import { assertDiffers, assertNear } from "../suites/near.ts";

const model = goldenDir("qwen3_vl");
const messages = `${model}/expected/image.json`;

Deno.test("mistakes in the arguments end with code 2 and one line that helps", async () => {
  const mistakes: [string[], RegExp][] = [
    [["frward"], /Unknown command "frward"; nearest: forward/],
    [["info", "--modle", "x"], /Unknown option --modle .* nearest: --model/],
    [["ask", "-q", "x"], /Unknown option -q .* nearest: --question/],
    [["info", "extra"], /takes options only/],
    [["info", "--model"], /needs a value/],
    [["info", "--model", "/no/such/dir"], /Cannot open model/],
    [["encode", "--model", model, "--messages", messages], /Missing option --out/],
    [["encode", "--model", model, "--messages", "/no.json", "--out", "x"], /Cannot find/],
    [
      ["forward", "--model", model, "--messages", messages, "--capture", "all", "--out", "x"],
      /Cannot capture "all"/,
    ],
    [
      ["generate", "--model", model, "--messages", messages, "--mask", "9:0"],
      /Cannot mask head L9H0/,
    ],
    [
      ["generate", "--model", model, "--messages", messages, "--mask", "a"],
      /wanted a layer and a query head/,
    ],
    [["generate", "--model", model, "--messages", messages, "--window", "8"], /without --sparse/],
    [["ask", "--question", "Q", "--pattern", "dense"], /--pattern without --sparse/],
    [
      ["generate", "--model", model, "--messages", messages, "--pattern", "strided"],
      /wanted strided:stride=N/,
    ],
    [
      ["generate", "--model", model, "--messages", messages, "--max-new-tokens", "0"],
      /of at least 1/,
    ],
  ];
  for (const [i, [args, pattern]] of mistakes.entries()) {
    // the first, before anything is loaded, and the deepest also as a user sees them
    const runs = i === 0 || args.includes("9:0") ? [corelens, corelensProcess] : [corelens];
    for (const run of runs) {
      const { code, out, err } = await run(...args);
      assertEquals([code, out], [2, ""], err);
      const lines = err.trim().split("\n")
        .filter((line) => !/^(backend|reading weights|greedy decoding)/.test(line));
      assertEquals(lines.length, 1, err);
      assertMatch(lines[0], pattern);
    }
  }
});

Deno.test("help lists the commands, and each command its options", async () => {
  const overview = await corelensProcess("--help");
  assertEquals(overview.code, 0);
  for (const name of ["doctor", "info", "ask", "encode", "forward", "generate"]) {
    assertMatch(overview.out, new RegExp(`^  ${name} `, "m"));
  }
  const { out } = await corelens("forward", "--help");
  assertMatch(out, /--capture NAMES/);
  assertEquals((await corelens("help", "forward")).out, out);
  const nested = (await corelens("help", "plan", "identify")).out;
  assertMatch(nested, /--shard-minutes M/);
  assertMatch((await corelens("help", "frward")).err, /nearest: forward/);
});

Deno.test("the version is that of the package", async () => {
  for (const name of ["--version", "version", "-V"]) {
    assertEquals(await corelens(name), { code: 0, out: `corelens ${packageVersion}\n`, err: "" });
  }
});

Deno.test("info tells sizes without loading weights", async () => {
  const { out, err } = await corelens("info", "--model", model, "--json");
  const info = JSON.parse(out);
  assertEquals([info.modelType, info.layers, info.heads, info.keyValueHeads], [
    "qwen3_vl",
    4,
    4,
    2,
  ]);
  assert(info.hookPoints.includes("blocks.3.attn.pattern"));
  assertEquals(err, "");
});

Deno.test("forward writes the reference's tensors, also with heads removed", async () => {
  const golden = await goldenCase("qwen3_vl", "image");
  const out = await Deno.makeTempFile({ suffix: ".safetensors" });
  const args = ["--model", model, "--messages", messages, "--out", out];
  const capture = ["--capture", "logits,hidden,attention,z,vision"];
  assertEquals((await corelensProcess("forward", ...args, ...capture)).code, 0);
  const written = (await readSafetensorsFile(out)).tensors;
  const names = golden.names.filter((name) => written.has(name));
  for (
    const name of [
      "pixel_values",
      "image_grid_thw",
      "attentions",
      "hidden_states",
      "o_proj_inputs",
      "vision.blocks",
    ]
  ) {
    assert(names.includes(name), `no ${name}`);
  }
  for (const name of names) {
    const found = written.get(name)!, wanted = golden.tensor(name);
    assertEquals([...found.shape], [...wanted.shape], name);
    assertNear(found.data as Float32Array, wanted.data, 2e-4, name);
  }
  const heads = golden.json["ablated_heads"] as [number, number][];
  await corelens("forward", ...args, "--mask", heads.map(([l, h]) => `${l}:${h}`).join(","));
  const tail = golden.tensor("ablated.logits_tail").data;
  const logits = (await readSafetensorsFile(out)).tensors.get("logits")!.data as Float32Array;
  assertNear(logits.slice(-tail.length), tail, 2e-4);
  await Deno.remove(out);
});

Deno.test("each kind of mask changes the answer's logits in its own way", async () => {
  const out = await Deno.makeTempFile({ suffix: ".safetensors" });
  const args = ["--model", model, "--messages", messages, "--out", out];
  const logits = async (...mask: string[]) => {
    assertEquals((await corelens("forward", ...args, ...mask)).code, 0);
    return (await readSafetensorsFile(out)).tensors.get("logits")!.data as Float32Array;
  };
  const plain = await logits();
  const seen = new Set<string>();
  for (const kind of ["zero", "mean", "uniform", "block-visual"]) {
    const changed = await logits("--mask", "1:0,2:3", "--mask-kind", kind);
    assertDiffers(changed, plain, 1e-3, kind);
    seen.add(String(changed.slice(-3)));
  }
  assertEquals(seen.size, 4);
  const { code, err } = await corelens("forward", ...args, "--mask", "1:0", "--mask-kind", "one");
  assertEquals(code, 2);
  assertMatch(err, /wanted zero, mean, uniform, block-visual/);
  await Deno.remove(out);
});

Deno.test("generate continues as transformers does, as JSON and as text", async () => {
  const golden = await goldenCase("qwen3_vl", "image");
  const args = ["--model", model, "--messages", messages, "--max-new-tokens", "12"];
  const { out } = await corelens("generate", ...args, "--json");
  assertEquals(JSON.parse(out), {
    token_ids: golden.json["generated_ids"],
    text: golden.json["generated_text"],
    prompt_tokens: golden.inputs.inputIds.length,
  });
  const shown = printable(String(golden.json["generated_text"])); // it holds a control character
  assertEquals((await corelensProcess("generate", ...args)).out, `${shown}\n`);
});

Deno.test("ask answers on an image, and hybrid attention with every head full changes nothing", async () => {
  const picture = `${model}/expected/image_image0.png`;
  const ask = [
    "ask",
    "--model",
    model,
    "--image",
    picture,
    "--question",
    "What?",
    "--max-new-tokens",
    "3",
    "--json",
  ];
  const page = await Deno.makeTempFile({ suffix: ".html" });
  const { code, out } = await corelens(...ask, "--attention", page);
  assertEquals(code, 0);
  assert(JSON.parse(out).token_ids.length > 0);
  const html = await Deno.readTextFile(page);
  assertEquals(html.match(/L\dH\d/g)!.length >= 6, true);
  const specs = unpacked(html, 'class="corelens-spec"');
  assert(specs.length > 0);
  for (const spec of specs) assertMatch(spec, /data:image\/png;base64/);
  await Deno.remove(page);
  const scores = await Deno.makeTempFile({ suffix: ".json" });
  const ranking = Array.from({ length: 16 }, (_, i) => [Math.floor(i / 4), i % 4]);
  await Deno.writeTextFile(scores, JSON.stringify({ ranking }));
  const args = [
    "generate",
    "--model",
    model,
    "--messages",
    messages,
    "--max-new-tokens",
    "12",
    "--json",
  ];
  const sparse = ["--sparse", scores, "--sink", "1", "--window", "2"];
  const full = await corelens(...args, ...sparse, "--full-heads", "1");
  const golden = await goldenCase("qwen3_vl", "image");
  assertEquals(JSON.parse(full.out).token_ids, golden.json["generated_ids"]);
  const local = await corelens(...args, ...sparse, "--full-heads", "0");
  assert(String(JSON.parse(local.out).token_ids) !== String(golden.json["generated_ids"]));
  const every = [...sparse, "--full-heads", "0", "--pattern", "strided:stride=1"];
  const strided = await corelens(...args, ...every); // every key at a distance of one
  assertEquals(JSON.parse(strided.out).token_ids, golden.json["generated_ids"]);
  const held = ({ err }: { err: string }) =>
    Number(/KV cache: at most ([\d.e-]+) MB/.exec(err)![1]);
  const positions = golden.inputs.inputIds.length + 11; // 4 layers, 2 heads, 32 numbers, key and value
  assertEquals(held(full), Number((positions * 4 * 2 * 32 * 2 * 4 / 1e6).toPrecision(3)));
  assert(held(local) < 0.5 * held(full));
  await Deno.remove(scores);
});
