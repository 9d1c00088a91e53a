import { portableKernels } from "../../lib/backend/portable.ts";
import { hybridAttention, maskedAttention } from "../../lib/sparse/attention.ts";
import { type Pattern, type PatternKind, sees } from "../../lib/sparse/patterns/pattern.ts";
import { patternKinds, patterns } from "../../lib/sparse/patterns/registry.ts";
import type { SparsePlan } from "../../lib/sparse/plan.ts";
import { attentionCases, attentionSuite, type Visible } from "../suites/attention_suite.ts";
import { testKernels } from "../suites/golden.ts";

const portable = async () => {
  await testKernels();
  return portableKernels();
};
const lengths = [1, 2, 3, 5, 16, 17, 63, 64, 65, 255, 256, 257, 300];
const cases = attentionCases.concat(lengths.map((queries, i) => ({
  batch: 1,
  heads: 4,
  keyValueHeads: [1, 2, 4][i % 3],
  headDim: 8,
  queries,
  segments: [queries],
  seed: 100 + i,
})));

function check(title: string, ofHeads: readonly Pattern[]) {
  const plan: SparsePlan = { patterns: [ofHeads] };
  const visible: Visible = (head, query, key) => sees(ofHeads[head], query, key);
  attentionSuite(`hybrid attention, ${title},`, testKernels, hybridAttention(plan), visible, cases);
  attentionSuite(
    `masked attention, ${title},`,
    portable,
    (k, call) => maskedAttention(k, call, ofHeads),
    visible,
    attentionCases,
  );
}

const local = (sink: number, window: number) => patterns.local({ sink, window });
const strided = patterns.strided({ sink: 2, window: 5, stride: 3 });
const dense = patterns.dense();

check("every head dense", [dense, dense, dense, dense]);
check("one head dense", [local(4, 16), dense, local(4, 16), local(4, 16)]);
check("every head local", Array(4).fill(local(64, 64)));
check("no sink and a window of one", [local(0, 1), dense, dense, local(0, 1)]);
check("a sink longer than a block", [local(300, 7), dense, local(1, 256), local(1, 256)]);
check("strided", [strided, strided, dense, local(3, 9)]);

// every registered pattern, beside full attention
for (const kind of patternKinds) {
  const numbers = Object.entries(kind.parameters).map((
    [name, { least }],
    i,
  ) => [name, least + 3 + i]);
  const own = (kind as PatternKind<string>)(Object.fromEntries(numbers));
  check(`two heads ${kind.kind}`, [own, dense, own, dense]);
}

// patterns that go by a prompt's layout, where an image crosses blocks and a question ends the prompt
const layout = { images: [[2, 40], [41, 270]] as const, question: 280 };
for (const kind of ["ownImage", "fromQuestion"] as const) {
  const placed = patterns[kind]({ sink: 3, window: 5 }).placed!(layout);
  for (const question of [0, 1000]) { // all rows after it, or before
    const whole = patterns.fromQuestion({ sink: 3, window: 5 }).placed!({ images: [], question });
    check(`two heads fromQuestion ${question}, with ${kind}`, [placed, dense, whole, local(2, 7)]);
  }
  check(`two heads ${kind} on a prompt`, [placed, dense, placed, local(2, 7)]);
}
