/**
 * Video prompts and what transformers decodes after them; made by
 * `tools/reference/make_video_decoding.py`, which draws the same frames.
 */
import type { RgbImage } from "../../lib/inputs/image.ts";
import type { ChatMessage } from "../../lib/inputs/messages.ts";

/** One prompt and transformers' numbers. */
export interface VideoDecoding {
  readonly family: string;
  readonly frames: number;
  readonly fps: number;
  readonly promptTokens: number;
  readonly lastPosition: number;
  readonly largestPosition: number;
  /** Greedy tokens, without a stop. */
  readonly ids: readonly number[];
  /** Log-probability of these tokens, from one pass without a cache. */
  readonly logProb: number;
}

const stored = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/video_decoding.json", import.meta.url)),
) as { readonly size: readonly [number, number]; readonly cases: readonly VideoDecoding[] };

/** All cases of a family. */
export function videoDecodings(family: string): VideoDecoding[] {
  return stored.cases.filter((entry) => entry.family === family);
}

/** The conversation of a case, its frames drawn. */
export function videoMessages({ frames, fps }: VideoDecoding): ChatMessage[] {
  const [width, height] = stored.size;
  const video = Array.from({ length: frames }, (_, f): RgbImage => {
    const data = new Uint8Array(width * height * 3);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < 3; c++) data[at++] = 7 * x + 13 * y + 29 * f + 41 * c + x * y;
      }
    }
    return { width, height, data };
  });
  const text = { type: "text", text: "What happens?" } as const;
  return [{ role: "user", content: [{ type: "video", video, fps }, text] }];
}
