import { assertEquals } from "@std/assert";
import { progress } from "../../lib/figures/progress.ts";

Deno.test("progress is one output that changes, and ends as a line of text", () => {
  const sent: [type: string, content: Record<string, unknown>][] = [];
  const internal = Symbol("internal");
  const kernel = { broadcastResult: () => Promise.resolve() };
  const jupyter = {
    broadcast: (type: string, content: Record<string, unknown>) => void sent.push([type, content]),
  };
  const scope = { Deno: { internal, [internal]: { jupyter: kernel }, jupyter } };
  const { onProgress } = progress("Scoring <heads>", scope);
  for (let done = 0; done <= 40; done++) onProgress(done, 40);
  assertEquals(sent.map(([type]) => type), ["display_data", "update_display_data"]);
  assertEquals(sent[0][1].transient, sent[1][1].transient);
  const { data } = sent[1][1] as { data: Record<string, string> };
  assertEquals(data["text/plain"], "Scoring <heads>: 40 of 40");
  assertEquals(data["text/html"].replace(/<[^>]*>/g, ""), "Scoring &lt;heads&gt;: 40 of 40");
  progress("another", scope).onProgress(1, 2);
  assertEquals(sent[2][0], "display_data");
  assertEquals(sent[2][1].transient === sent[0][1].transient, false);
});

Deno.test("outside of notebooks nothing is shown", () => {
  progress("Scoring").onProgress(1, 1);
});
