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

/** The default one of named templates, as `tokenizer_config.json` may list them. */
function defaultTemplate(value: unknown): string | null {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return null;
  const found = value.find((entry) => entry?.name === "default") ?? value[0];
  return typeof found?.template === "string" ? found.template : null;
}

/** The files in which a chat template may stand, as transformers looks for them. */
const jinja = "chat_template.jinja";
const templateFiles = ["chat_template.json", jinja, "tokenizer_config.json"] as const;

/** What stands in for the chat template of a base model: it says so when messages are rendered. */
class MissingChatTemplate extends ChatTemplate {
  constructor(readonly dir: string) {
    super("");
  }

  override render(): never {
    throw new InputError(
      `Cannot render the messages: ${this.dir} has no chat template (${jinja}, ` +
        "chat_template.json, or chat_template in tokenizer_config.json); a base model goes on " +
        "with a text: give its tokens as inputs of your own",
    );
  }
}

/**
 * Loads a checkpoint's chat template: `chat_template.json` if there is one (as transformers, which
 * then does not look at the next), else `chat_template.jinja`, else the one in
 * `tokenizer_config.json`. Base models have none: theirs refuses to render.
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
    const source = file === jinja
      ? await readCheckpointText(dir, file, links)
      : defaultTemplate((await readCheckpointJson(dir, file, links)).chat_template);
    if (source !== null) return new ChatTemplate(source, values);
  }
  return new MissingChatTemplate(dir);
}
