import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { generateContext } from "../../../lab/synthetic/context.ts";
import type { TaskOptions } from "../../../lab/synthetic/options.ts";
import { domainNames } from "../../../lab/synthetic/specs.ts";
import { wordIds, words } from "../../../lab/synthetic/vocabulary.ts";

const options: TaskOptions = { cellsPerSide: 8, images: 2, difficulty: 0, split: "train" };

Deno.test("askQuestions: different facts, and cells that hold the key and the answer", () => {
  fc.assert(fc.property(
    fc.nat(),
    fc.constantFrom(...domainNames),
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom("train" as const, "test" as const),
    (seed, domain, difficulty, split) => {
      const { questions, labels, plan } = generateContext(domain, seed, {
        ...options,
        difficulty,
        split,
        questions: 6,
        draw: false,
      });
      assert(questions.length >= 1 && questions.length <= Math.min(6, plan.pairs));
      assertEquals(new Set(questions.map(({ keyIds }) => keyIds.join())).size, questions.length);
      for (const asked of questions) {
        const { keyIds, keyCells, answerCells, answerIds, choices } = asked;
        assertEquals(keyCells.length % keyIds.length, 0);
        keyCells.forEach((cell, i) => assertEquals(labels[cell], keyIds[i % keyIds.length]));
        const letters = plan.variety.choices === "letters";
        const right = letters ? wordIds(asked.accepted[1]) : answerIds;
        answerCells.forEach((cell, i) => assertEquals(labels[cell], right[i % right.length]));
        assertEquals(answerCells.length === 0, plan.variety.place === "coordinates");
        if (choices) {
          assertEquals(new Set(choices).size, 4);
          assert(choices.includes(letters ? asked.accepted[1] : asked.answer));
        }
        if (split === "train") assert(!asked.heldOut);
      }
    },
  ));
});

Deno.test("askQuestions: a test asks about held-out compositions first", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { questions } = generateContext("document", seed, {
      ...options,
      split: "test",
      questions: 24,
      draw: false,
    });
    const held = questions.map(({ heldOut }) => heldOut);
    assertEquals(held, [...held].sort((a, b) => Number(b) - Number(a)));
  }
});

Deno.test("askQuestions: chance is one among the different answers in sight", () => {
  const chanceOf = (difficulty: TaskOptions["difficulty"], domain = domainNames[2]) =>
    generateContext(domain, 1, { ...options, pairs: 6, difficulty, draw: false })
      .questions[0].chance;
  assertEquals(chanceOf({}), 1 / 6);
  assertEquals(chanceOf({ label: "once" }), 1 / 2);
  assertEquals(chanceOf({ choices: "hidden" }), 1 / 4);
});

Deno.test("askQuestions: an object is asked for by one token or by two words", () => {
  const asked = (keyStyle: "one-token" | "words") =>
    generateContext("scene", 9, {
      ...options,
      difficulty: { keyStyle, questionStyle: "sentence" },
      draw: false,
    }).questions[0];
  const one = asked("one-token");
  assertEquals(one.question, `where is the ${words[one.keyIds[0]]}?`);
  const two = asked("words");
  assertEquals(wordIds(two.question).length, wordIds(one.question).length + 1);
  assertEquals(two.question.replaceAll(" ", ""), `whereisthe${words[two.keyIds[0]]}?`);
});

Deno.test("askQuestions: moving answers have evidence in every frame that shows them", () => {
  let several = 0;
  for (let seed = 0; seed < 10; seed++) {
    const { questions } = generateContext("video", seed, {
      ...options,
      images: 4,
      difficulty: { motion: true },
      questions: 8,
      draw: false,
    });
    for (const { evidence, keyCells } of questions) {
      assertEquals(evidence.length, keyCells.length);
      const frames = evidence.map((piece) => "frames" in piece ? piece.frames[0] : NaN);
      assertEquals(frames, frames.map((_, i) => frames[0] + i));
      if (frames.length > 1) several++;
    }
  }
  assert(several > 0);
});

Deno.test("askQuestions: what one question asks is a foil of the others, with its answer", () => {
  for (const domain of domainNames) {
    const { questions } = generateContext(domain, 3, { ...options, questions: 4, draw: false });
    for (const asked of questions) {
      for (const other of questions.filter((one) => one !== asked)) {
        const at = asked.foils.findIndex((foil) =>
          JSON.stringify(foil) === JSON.stringify(other.evidence)
        );
        assert(at >= 0);
        if (asked.foilAnswers) assertEquals(asked.foilAnswers[at], other.accepted.at(-1));
      }
      assertEquals(asked.foilAnswers?.length ?? asked.foils.length, asked.foils.length);
    }
  }
});
