/** What records say: numbers as tables print them, in percent where they are shares. */

interface AblationJson {
  readonly condition: string;
  readonly fraction: number;
  readonly domain: string;
  readonly metric: string;
  readonly value: number;
  readonly set?: string;
  readonly draws?: number;
  readonly dropFromBaseline: number;
  readonly ci95: readonly [number, number];
  readonly dropCi95: readonly [number, number];
  readonly againstControls?: Readonly<
    Record<string, { readonly value: number; readonly valueCi95: readonly [number, number] }>
  >;
}

interface ScoresTables {
  readonly layers: number;
  readonly heads: number;
  readonly scores: readonly (readonly number[])[];
  readonly ram?: readonly (readonly number[])[];
  readonly nullRam?: readonly (readonly number[])[];
  readonly induction?: readonly (readonly number[])[];
  readonly ranking: readonly (readonly [number, number])[];
}

/** Numbers of a cell in the order in which they are printed; null where there is no record. */
export type Recorded = readonly number[] | null;

/** Reads a file of a record; null where there is no such record. */
function read<T>(path: string): T | null {
  try {
    return JSON.parse(Deno.readTextFileSync(`data/results/${path}`)) as T;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const percent = (share: number) => 100 * share;
const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

const scores = (run: string) => read<ScoresTables>(`${run}/scores.json`);

/** Number of heads. */
export function heads(run: string): Recorded {
  const found = scores(run);
  return found && [found.layers * found.heads];
}

/** How many heads have a RAM above a bound, and the first and last layer that they lie in. */
export function headsAbove(run: string, bound = 0.5): Recorded {
  const found = scores(run);
  if (!found) return null;
  const layers = (found.ram ?? found.scores).flatMap((row, layer) =>
    row.filter((value) => value > bound).map(() => layer)
  );
  return [layers.length, Math.min(...layers), Math.max(...layers)];
}

/** Share of all RAM that the best heads by it hold. */
export function topShare(run: string, fraction = 0.05): Recorded {
  const found = scores(run);
  if (!found) return null;
  const sorted = (found.ram ?? found.scores).flat().toSorted((a, b) => b - a);
  const top = sorted.slice(0, Math.round(fraction * sorted.length));
  return [percent(meanOf(top) * top.length / (meanOf(sorted) * sorted.length))];
}

/** Share of what is left of all RAM without that of a question about something absent, in the best heads by it. */
export function calibratedShare(run: string, fraction = 0.05): Recorded {
  const found = scores(run);
  if (!found?.ram || !found.nullRam) return null;
  const { ram, nullRam } = found;
  const left = ram.flatMap((row, l) => row.map((value, h) => Math.max(0, value - nullRam[l][h])))
    .toSorted((a, b) => b - a);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return [percent(sum(left.slice(0, Math.round(fraction * left.length))) / sum(left))];
}

/** What of their RAM the best heads keep where the question asks for something absent. */
export function keptWhenAbsent(run: string, fraction = 0.05): Recorded {
  const found = scores(run);
  if (!found?.ram || !found.nullRam) return null;
  const { ram, nullRam, ranking } = found;
  const top = ranking.slice(0, Math.round(fraction * ram.flat().length));
  const of = (map: readonly (readonly number[])[]) => meanOf(top.map(([l, h]) => map[l][h]));
  return [percent(of(nullRam) / of(ram))];
}

/** How many of the best heads are among as many best by induction, and how many they are. */
export function alsoInduction(run: string, fraction = 0.05): Recorded {
  const found = scores(run);
  if (!found?.induction) return null;
  const { induction, ranking } = found;
  const count = Math.round(fraction * induction.flat().length);
  const least = induction.flat().toSorted((a, b) => b - a)[count - 1];
  const top = ranking.slice(0, count);
  return [top.filter(([layer, head]) => induction[layer][head] >= least).length, count];
}

/** Rows of an ablation that tell accuracy over all samples (or those of a domain). */
function ablationRows(run: string, condition: string, fraction: number, set?: string) {
  const rows = read<readonly AblationJson[]>(`${run}/results.json`);
  return rows?.filter((row) =>
    row.metric === "accuracy" && row.domain === "all" && row.condition === condition &&
    row.set === set && (condition === "none" || Math.abs(row.fraction - fraction) < 1e-9)
  ) ?? [];
}

/** Accuracy without some heads. */
export function accuracy(run: string, condition: string, fraction = 0.05, set?: string): Recorded {
  const rows = ablationRows(run, condition, fraction, set);
  return rows.length === 1 ? [percent(rows[0].value)] : null;
}

/** Mean accuracy over draws of controls for the best heads, with its interval over samples and draws. */
export function overDraws(run: string, condition: string, fraction = 0.05): Recorded {
  const [core] = ablationRows(run, "core", fraction);
  const found = core?.againstControls?.[condition];
  return found ? [found.value, ...found.valueCi95].map(percent) : null;
}

/** Accuracy without a named set of heads. */
export function ofSet(run: string, set: string): Recorded {
  const rows =
    read<readonly AblationJson[]>(`${run}/results.json`)?.filter((row) =>
      row.set === set && row.condition === "set" && row.metric === "accuracy" &&
      row.domain === "all"
    ) ?? [];
  return rows.length === 1 ? [percent(rows[0].value)] : null;
}

/** The change by an ablation, in points, with its interval. */
export function change(run: string, condition: string, fraction = 0.05): Recorded {
  const [row] = ablationRows(run, condition, fraction);
  if (!row) return null;
  return [-row.dropFromBaseline, -row.dropCi95[1], -row.dropCi95[0]].map(percent);
}

/** Accuracy with full attention in some heads. */
export function hybrid(run: string, policy: string, fraction: number): Recorded {
  const rows = read<readonly { policy: string; fullHeads: number; sparseValue: number }[]>(
    `${run}/results.json`,
  );
  const row = rows?.find((one) =>
    one.policy === policy && Math.abs(one.fullHeads - fraction) < 0.006
  );
  return row ? [percent(row.sparseValue)] : null;
}

/** Accuracy with dense attention, on the samples of hybrid attention. */
export function dense(run: string): Recorded {
  const rows = read<readonly { denseValue: number }[]>(`${run}/results.json`);
  return rows && [percent(rows[0].denseValue)];
}

/** A number that is a setting, no measurement: share of heads with full attention. */
export function setting(value: number): () => Recorded {
  return () => [value];
}
