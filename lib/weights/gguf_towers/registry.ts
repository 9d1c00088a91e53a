/**
 * The kinds of vision towers in GGUF files that can be read.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import { internvlTower, llavaTower } from "./image_towers.ts";
import { qwen25VlTower, qwen2VlTower, qwen3VlTower } from "./qwen_vl.ts";
import type { TowerFile, TowerKind } from "./tower.ts";

/** All kinds; a new one is one more line. */
export const towerKinds: readonly TowerKind[] = [
  qwen2VlTower,
  qwen25VlTower,
  qwen3VlTower,
  llavaTower,
  internvlTower,
];

/**
 * The kind of a file's tower.
 *
 * @param architecture of the language model that it is to go with
 * @throws {InputError} if it is not supported, or goes with other language models
 */
export function towerOf({ header, file }: TowerFile, architecture: string): TowerKind {
  const found = header.metadata.get("clip.projector_type");
  const kind = towerKinds.find(({ projectors }) => projectors.some((name) => name === found));
  if (!kind) {
    const names = towerKinds.flatMap(({ projectors }) => projectors);
    throw new InputError(
      `Cannot use ${file}: its projector is ${
        quoted(String(found ?? "not said"), 60)
      }; supported ` +
        `are ${names.join(", ")}`,
    );
  }
  if (kind.decoders.includes(architecture)) return kind;
  throw new InputError(
    `Cannot use ${file} with a language model of the architecture ${quoted(architecture)}: its ` +
      `projector ${quoted(String(found))} goes with ${kind.decoders.join(", ")}`,
  );
}
