/**
 * Messages to the text of a prompt, as the checkpoint's Jinja template says.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import {
  hasCheckpointFile,
  type LinkRules,
  readCheckpointJson,
  readCheckpointText,
} from "../weights/checkpoint_files.ts";
import { BoundedTemplate } from "./bounded_template.ts";

/** Values for a template: `add_generation_prompt`, `tools`, `add_vision_id`, … */
export type TemplateArguments = Readonly<Record<string, unknown>>;

/**
 * A chat template, with transformers' Jinja settings: `trim_blocks`, `lstrip_blocks`, loop controls,
 * `{% generation %}` blocks, and a `tojson` without HTML escapes.
 *
 * @example
 * ```ts
 * import { ChatTemplate } from "./chat_template.ts";
 * import { assertEquals } from "@std/assert";
 * const template = new ChatTemplate("{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}");
 * assertEquals(template.render([{ role: "user", content: "Hi" }]), "user: Hi");
 * ```
 */
export class ChatTemplate {
  readonly #template: BoundedTemplate;

  /**
   * Parses a template.
   *
   * @param source Jinja text
   * @param values values that every rendering gets, such as `bos_token`
   * @throws {InputError} if it is not Jinja
   */
  constructor(source: string, readonly values: TemplateArguments = {}) {
    try {
      this.#template = new BoundedTemplate(source);
    } catch (error) {
      throw new InputError(`Cannot use the chat template: ${quoted((error as Error).message)}`);
    }
  }

  /**
   * The prompt for a list of messages.
   *
   * @param messages messages in Hugging Face's format
   * @param values values for the template, over those of the constructor
   * @throws {InputError} if the template refuses them, or takes too much time or space
   */
  render(messages: readonly unknown[], values: TemplateArguments = {}): string {
    try {
      return this.#template.render({ ...this.values, ...values, messages });
    } catch (error) {
      throw new InputError(
        `Cannot render the messages: the chat template says ${quoted((error as Error).message)}`,
      );
    }
  }
}

/** The named templates of a file's `chat_template`, which may be a text, a list or an object. */
function namedTemplates(value: unknown): ReadonlyMap<unknown, unknown> {
  if (typeof value === "string") return new Map([["default", value]]);
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(
    Array.isArray(value)
      ? value.map((entry) => [entry?.name, entry?.template])
      : Object.entries(value),
  );
}

/** The file that has a chat template as it is. */
const jinja = "chat_template.jinja";

/** The files in which a chat template may stand, as transformers looks for them. */
const templateFiles = [
  "processor_config.json",
  "chat_template.json",
  jinja,
  "tokenizer_config.json",
];

/** What stands in for a chat template that there is not: it says why when messages are rendered. */
class MissingChatTemplate extends ChatTemplate {
  constructor(readonly why: string) {
    super("");
  }

  override render(): never {
    throw new InputError(`Cannot render the messages: ${this.why}`);
  }
}

/**
 * Loads a checkpoint's chat template: the one in `processor_config.json`, else `chat_template.json` if
 * there is one (as transformers, which then does not look at the next), else `chat_template.jinja`, else
 * the one in `tokenizer_config.json`. Base models have none: theirs refuses to render.
 *
 * @param dir checkpoint directory
 * @param values values that every rendering gets, such as `bos_token`
 * @param links whether its files may be links that lead out of the directory
 * @throws {InputError} if it is damaged
 */
export async function loadChatTemplate(
  dir: string,
  values: TemplateArguments = {},
  links: LinkRules = {},
): Promise<ChatTemplate> {
  for (const file of templateFiles) {
    if (!await hasCheckpointFile(dir, file)) continue;
    const named = namedTemplates(
      file === jinja
        ? await readCheckpointText(dir, file, links)
        : (await readCheckpointJson(dir, file, links)).chat_template,
    );
    const source = named.get("default");
    if (typeof source === "string") return new ChatTemplate(source, values);
    if (named.size === 0) continue;
    const names = [...named.keys()].map((name) => quoted(String(name), 40)).join(", ");
    return new MissingChatTemplate(
      `none of the chat templates of ${dir}/${file} (${names}) is called "default"; put the one to be ` +
        `used into ${jinja}`,
    );
  }
  return new MissingChatTemplate(
    `${dir} has no chat template (${jinja}, chat_template.json, or chat_template in ` +
      "tokenizer_config.json); a base model goes on with a text: give its tokens as inputs of your own",
  );
}
