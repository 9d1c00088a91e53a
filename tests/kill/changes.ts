/**
 * What may change between a killed run and the next: nothing, samples, or what holds for the whole
 * run.
 *
 * @module
 */
import type { Random } from "../../lib/stats/random.ts";
import type { World } from "./world.ts";

/** A change. */
export interface Change {
  readonly name: string;
  /** The next run goes on; goes on with some samples anew; or is refused with this part. */
  readonly then: "resumes" | "computes" | { readonly refused: RegExp };
  /** Makes the change. */
  readonly make: (world: World, random: Random) => Promise<void>;
}

/** Changes some bytes of a file in place: same size, and the time of before. */
async function edit(path: string, change: (bytes: Uint8Array) => void): Promise<void> {
  const { mtime } = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  change(bytes);
  await Deno.writeFile(path, bytes);
  if (mtime) await Deno.utime(path, mtime, mtime);
}

function pick<T>(random: Random, from: readonly T[]): number {
  return random.integer(from.length);
}

const rewrite = (
  name: string,
  make: (world: World, random: Random) => World["samples"],
): Change => ({
  name,
  then: "computes",
  async make(world, random) {
    world.samples = make(world, random);
    await world.writeSamples();
  },
});

const withOptions = (name: string, options: string[], refused: RegExp): Change => ({
  name,
  then: { refused },
  make: (world) => {
    world.options = options;
    return Promise.resolve();
  },
});

/** Changes of samples. */
const sampleChanges: Change[] = [
  rewrite("another question", ({ samples }, random) => {
    const at = pick(random, samples);
    return samples.map((sample, i) =>
      i === at ? { ...sample, question: sample.question.replace("?", " now?") } : sample
    );
  }),
  rewrite("another answer", ({ samples }, random) => {
    const at = pick(random, samples);
    return samples.map((sample, i) => i === at ? { ...sample, answer: "c1" } : sample);
  }),
  rewrite("other evidence", ({ samples }, random) => {
    const at = pick(random, samples);
    return samples.map((sample, i) =>
      i === at ? { ...sample, evidence: [{ image: 0, box: [0, 0, 40, 40] }] } : sample
    );
  }),
  rewrite("a sample removed", ({ samples }, random) => samples.toSpliced(pick(random, samples), 1)),
  rewrite("a sample more", ({ samples }, random) => {
    const at = pick(random, samples);
    return samples.toSpliced(at, 0, { ...samples[at], id: "more", question: "what is blue?" });
  }),
  rewrite("another order", ({ samples }) => samples.toReversed()),
  rewrite("ids moved by one", ({ samples }) => {
    const ids = samples.map(({ id }) => id);
    return samples.map((sample, i) => ({ ...sample, id: ids[(i + 1) % ids.length] }));
  }),
  {
    name: "another image under the same name",
    then: "computes",
    async make(world, random) {
      const [at, other] = random.choice(world.samples.length, 2);
      const file = (i: number) => world.path(`data/${world.samples[i].images![0]}`);
      await Deno.copyFile(file(other), file(at));
    },
  },
];

/** Changes of what holds for the whole run, for each command. */
function runChanges(command: World["command"]): Change[] {
  const nullQuery = /option prompts \(none then, \{"nullQuery":"N\/A"\} now\)/;
  const own = {
    identify: [
      withOptions("a null query", ["--null-query", "N/A"], nullQuery),
      withOptions("another rule first", ["--rule", "last-token"], /option rules/),
      withOptions("another share", ["--fraction", "0.2"], /option fraction \(0.05 then, 0.2 now\)/),
    ],
    ablate: [
      withOptions("another scope", ["--scope", "all"], /option scope \("answer" then, "all" now\)/),
      withOptions("other sets of heads", ["--conditions", "core"], /option plan/),
    ],
    accelerate: [
      withOptions("another window", ["--sink", "2"], /option sink \(64 then, 2 now\)/),
    ],
  }[command];
  const weights = command === "identify" ? /\(weights\)/ : /with other weights/;
  return [
    ...own,
    withOptions("another seed", ["--seed", "7"], /option seed \(0 then, 7 now\)/),
    {
      name: "other weights of the same size and time",
      then: { refused: weights },
      make: (world) =>
        edit(world.path("model/model.safetensors"), (bytes) => {
          const at = Math.floor(bytes.length / 2);
          for (let i = at; i < at + 64; i++) bytes[i] ^= i % 4 === 0 ? 0x15 : 0;
        }),
    },
    {
      name: "another chat template",
      then: { refused: /\(chat_template\.jinja\)/ },
      make: async (world) => {
        const path = world.path("model/chat_template.jinja");
        await Deno.writeTextFile(path, "Hello. " + await Deno.readTextFile(path));
      },
    },
    {
      name: "another image mean",
      then: { refused: /\(preprocessor_config\.json\)/ },
      make: async (world) => {
        const path = world.path("model/preprocessor_config.json");
        const json = JSON.parse(await Deno.readTextFile(path));
        await Deno.writeTextFile(path, JSON.stringify({ ...json, image_mean: [0.4, 0.4, 0.4] }));
      },
    },
  ];
}

/** All changes for a command. */
export function changesFor(command: World["command"]): Change[] {
  const nothing: Change = { name: "nothing", then: "resumes", make: () => Promise.resolve() };
  return [nothing, nothing, ...sampleChanges, ...runChanges(command)];
}
