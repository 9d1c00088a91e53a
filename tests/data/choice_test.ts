import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  chosenIndex,
  isRightByMlvu,
  isRightChoice,
  lmmsEvalLetter,
  withoutThoughts,
} from "../../lib/data/choice.ts";
import { isCorrect } from "../../lib/data/metrics.ts";

Deno.test("chosenIndex: text, letter, or letter and text that agree", () => {
  const choices = ["tom", "red star", "b"];
  const cases: readonly (readonly [string, number])[] = [
    ["Tom.", 0],
    ["a", 0],
    ["(A)", 0],
    ["a) tom", 0],
    ["a: red star", -1],
    ["Red  star", 1],
    ["b) red star", 1],
    ["b", 2], // the text of a choice goes before its letter
    ["d", -1],
    ["", -1],
    ["atom", -1],
  ];
  for (const [prediction, index] of cases) {
    assertEquals(chosenIndex(prediction, choices), index, prediction);
  }
  assertThrows(() => chosenIndex("a", []), InputError, "0 answers");
});

Deno.test("isRightChoice: exactly one of the choices is right", () => {
  const sample = { answer: ["c", "lou"], choices: ["wes", "tom", "lou", "ann"] };
  const right = ["a", "b", "c", "d", ...sample.choices].map((p) => isRightChoice(p, sample));
  assertEquals(right, [false, false, true, false, false, false, true, false]);
  assertThrows(
    () => isRightChoice("a", { answer: "kim", choices: ["wes", "tom"] }),
    InputError,
    "none of the right answers (kim)",
  );
  assert(isCorrect("c", sample) && !isCorrect("c", { answer: "lou" }));
});

/** Answer forms: how `B` with the text `a cat` is said, and what lmms-eval and MLVU's check make of it. */
const forms: readonly (readonly [
  said: (letter: string, text: string) => string,
  lmms: boolean,
  mlvu: boolean,
])[] = [
  [(l) => l, true, true],
  [(l) => `(${l})`, true, true],
  [(l) => `${l})`, true, true],
  [(l, t) => `(${l}) ${t}`, true, true],
  [(l) => `${l}.`, true, false],
  [(l, t) => `${l}. ${t}`, true, false],
  [(l) => `**${l}**`, true, false],
  [(l) => `(${l}) because it is seen in the video`, true, true],
  [(l) => `${l} because it is seen in the video`, true, false],
  [(l) => `Best option: (${l})`, true, true],
  [(l) => `The answer is ${l}.`, true, false],
  [(l) => `Answer: ${l}`, true, false],
  [(l) => `Option ${l}`, true, false],
  [(l) => `${l}\n\nIn the video, they are seen.`, true, false],
  [(l) => `\\boxed{${l}}`, true, false],
  [(l) => `<think>\nIs it (A) or (C)?\n</think>\n\n${l}`, true, true],
  [(l) => `Is it (A) or D?\n</think>\n\nThe answer is (${l}).`, true, true],
  [(l) => `The man enters, and the dog follows. So the answer is (${l}).`, true, true],
  [(l) => `I choose option ${l}.`, true, false],
  [(l) => `${l.toLowerCase()}`, false, false],
  [(l) => `(${l.toLowerCase()}) because it is seen`, false, false],
  [(l) => `the answer is ${l.toLowerCase()}`, false, false],
  [(l) => `\\boxed{${l.toLowerCase()}}`, false, false],
  [(l) => `A man walks. Therefore, the answer is ${l}.`, false, false],
  [(_, t) => t, false, false],
  [(_, t) => `${t.toUpperCase()}.`, false, false],
];
const animals = ["one dog", "two owls", "three hens", "four rats"];

Deno.test("choices: every form of an answer is read; lmms-eval and MLVU read theirs", () => {
  for (const [said, lmms, mlvu] of forms) {
    animals.forEach((text, i) => {
      const letter = "ABCD"[i], prediction = said(letter, text);
      assertEquals(chosenIndex(prediction, animals), i, prediction);
      const sample = { answer: [letter, text], choices: animals };
      const other = { answer: ["ABCD"[(i + 1) % 4], animals[(i + 1) % 4]], choices: animals };
      assert(isRightChoice(prediction, sample) && !isRightChoice(prediction, other), prediction);
      if (lmms) assertEquals(lmmsEvalLetter(withoutThoughts(prediction), 4), letter, prediction);
      assertEquals(isRightByMlvu(prediction, sample), mlvu, prediction);
      assertEquals(isRightByMlvu(prediction, other), false, prediction);
    });
  }
});

Deno.test("choices: words are no letters, and what names no choice makes none", () => {
  const none = [
    "A dog",
    "a",
    "I think so",
    "the answer is a dog",
    "The answer is E.",
    "E",
    "(e)",
    "",
  ];
  const found = none.map((prediction) => chosenIndex(prediction, ["one hen", "two owls"]));
  assertEquals(found, [0, 0, -1, -1, -1, -1, -1, -1]); // lmms-eval takes the first for an A, too
  assertEquals(chosenIndex("A dog", ["a cat", "a dog"]), 1);
  assertEquals(chosenIndex("Option A is wrong, so the answer is B", ["x", "y"]), 1);
  assertEquals(chosenIndex("<think>B, surely B", ["x", "y"]), -1);
});

Deno.test("choices: of an answer that stands twice the last letter is right, as in MLVU's check", () => {
  const sample = { answer: ["C", "Three"], choices: ["Six", "Three", "Three", "Eight"] };
  const right = ["B", "C", "Three", "(B) Three", "(C) Three"];
  assertEquals(right.map((one) => isRightChoice(one, sample)), [false, true, true, false, true]);
  assertEquals(right.map((one) => isRightByMlvu(one, sample)), [false, true, false, false, true]);
});

/** What `extract_mcq_answer` of lmms-eval returns for choices A to D, as run with Python 3.11. */
const lmmsReference: readonly (readonly [string, string])[] = [
  ["(A)Cmy answer is", "A"],
  ["CA b my answer is b ", "A"],
  ["A) C.AaD: Answerdog", "A"],
  [";A)(A) the answer is ", "A"],
  ["选my answer is' é答案是 (A) (", "A"],
  ["答案是(A) ", "A"],
  ["(A)選C. ", "A"],
  ["option ; A)", "A"],
  ["Bdog ", "B"],
  ["Ä \n(B) option ! ", "B"],
  ["dog(B)because Answer答案是", "B"],
  ["B dogb C. .)A the answer is", "B"],
  ["Answer( 選- (B)Dx ", "B"],
  ["選A) (B)", "B"],
  ["(B)I1答案是😀 optiondogi choose ", "B"],
  ["\n \n(B). a ) i choose", "B"],
  ["**;( ); C. 答案是 ", "C"],
  ["C ;", "C"],
  ['C the answer is)"Äi choose ', "C"],
  ["b 'A)C. ", "C"],
  ["C. A ", "C"],
  ["C 答案是(A) ", "C"],
  ["))(A),Answer C. ", "C"],
  ["option 选😀C. option-. - ", "C"],
  ["Dx,**", "D"],
  [".AnswerC.(D ", "D"],
  ['  my answer is b D: option"', "D"],
  ["\n a \nD:** 😀选 选 ", "D"],
  ["é D b", "D"],
  ['D A)D: b Äa 選選"', "D"],
  ['!   ," A) my answer is-D: b ', "D"],
  ["D:my answer is", "D"],
  ["the answer is a答案是 ", ""],
  [")选( !   ", ""],
  ["!émy answer is  ", ""],
  ["选 . **", ""],
  ["The correct answer is (B) A dog.", "A"],
  ["A dog and a cat", "A"],
  ["Vitamin C", "C"],
  ["Both A and B", "B"],
  ["Neither", ""],
  ["a", ""],
  ["(C) because (A) is wrong", "A"],
  ["Answer: D", "D"],
  ["선택: 정답은 C 입니다", "C"],
  ["答案是 B", "B"],
];

Deno.test("lmmsEvalLetter: the letters of lmms-eval's own extraction", () => {
  for (const [said, letter] of lmmsReference) assertEquals(lmmsEvalLetter(said, 4), letter, said);
});

/** What `check_ans` of MLVU's choice_bench.py says when B is right. */
const mlvuReference: readonly (readonly [string, boolean])[] = [
  ["B", true],
  ["B) text", true],
  ["(B) text (C)", true],
  ["(A) or (B)", false],
  [")", false],
  ["B text", false],
  ["b)", false],
  ["text (see B)", true],
];

Deno.test("isRightByMlvu: what the benchmark's check says", () => {
  const sample = { answer: ["B", "y"], choices: ["x", "y"] };
  for (const [said, right] of mlvuReference) assertEquals(isRightByMlvu(said, sample), right, said);
});

Deno.test("an answer that repeats itself for long is read at once", () => {
  const start = performance.now();
  for (const said of ["option ", "answer is ", "<answer>", "(", "a)", " ", "\\boxed{"]) {
    const long = `x${said.repeat(20_000)}`; // more than any limit of tokens lets through
    chosenIndex(long, animals);
    isCorrect(long, { answer: "['a', 'b']", metric: "list" });
  }
  assert(performance.now() - start < 10_000); // a step back at each place takes minutes
});
