/**
 * The images of a published data set: frames and pages found by the number in their names, and
 * their sizes.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { containedPath, relativeNameProblem } from "../../common/files.ts";
import { quoted } from "../../common/text.ts";

/** Width and height. */
export type Size = readonly [width: number, height: number];

/** A frame or page. */
export interface NumberedImage {
  /** The number at the end of its name. */
  readonly number: number;
  /** Path in the data set's folder. */
  readonly path: string;
}

/** What numbered images are looked up for. */
export interface Purpose {
  /** `frames` or `pages`. */
  readonly what: string;
  /** The entry that asks for them. */
  readonly where: string;
  /** A command that makes them. */
  readonly command: string;
}

/** `_12.png`, `-p012.jpg` or `/page-12.png`: the number at a name's end. */
const numberAtEnd = /(\d+)\.(?:png|jpe?g|webp)$/i;

/** Looks images up in one folder, each of its folders read once. */
export class MediaFolder {
  /** The data set's folder. */
  readonly path: string;
  readonly #listed = new Map<string, Promise<readonly string[]>>();

  /** Nothing is read yet. */
  constructor(path: string) {
    this.path = path;
  }

  /** Names in a folder, none where there is no such folder. */
  names(folder: string): Promise<readonly string[]> {
    let names = this.#listed.get(folder);
    if (!names) this.#listed.set(folder, names = this.#list(folder));
    return names;
  }

  async #list(folder: string): Promise<readonly string[]> {
    try {
      const entries = await Array.fromAsync(Deno.readDir(`${this.path}/${folder}`));
      return entries.map(({ name }) => name).sort();
    } catch (error) {
      const absent = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory;
      if (absent) return [];
      throw error;
    }
  }

  /** Whether a file is there. */
  async has(path: string): Promise<boolean> {
    const cut = path.lastIndexOf("/");
    return (await this.names(path.slice(0, Math.max(cut, 0)))).includes(path.slice(cut + 1));
  }

  /**
   * The frames of a video or the pages of a document, by rising number: `FOLDER/NAME/…12.png`, or
   * `FOLDER/NAME_12.png`.
   *
   * @param name from the annotations, without its extension
   * @param purpose what to call them, what asks for them and how they are made, for messages
   * @throws {InputError} if the name leaves the folder, there are none, or two have one number
   */
  async numbered(folder: string, name: string, purpose: Purpose): Promise<NumberedImage[]> {
    const cannot = `Cannot find the ${purpose.what} of ${quoted(name)} (${purpose.where})`;
    const problem = relativeNameProblem(name);
    if (problem) throw new InputError(`${cannot}: ${problem}; wanted a name inside the folder`);
    const inside = (await this.names(`${folder}/${name}`)).map((file) => `${name}/${file}`);
    const beside = (await this.names(folder)).filter((file) =>
      file.startsWith(name) && /^[_-](?:p|page)?[_-]?\d+\.\w+$/i.test(file.slice(name.length))
    );
    const found = (inside.length > 0 ? inside : beside).flatMap((file) => {
      const match = numberAtEnd.exec(file);
      return match ? [{ number: Number(match[1]), path: `${folder}/${file}` }] : [];
    }).sort((a, b) => a.number - b.number);
    if (found.length === 0) {
      throw new InputError(
        `${cannot}: wanted images named by number in ${quoted(`${folder}/${name}`)}; make them ` +
          `with "${purpose.command}", or leave its entries out of the annotations`,
      );
    }
    const twice = found.find(({ number }, i) => number === found[i + 1]?.number);
    if (!twice) return found;
    throw new InputError(`${cannot}: two of them have the number ${twice.number}`);
  }

  /**
   * Size of an image, read from the head of its file.
   *
   * @throws {InputError} if it is not there, leaves the folder or is no image
   */
  async size(path: string): Promise<Size> {
    const real = await containedPath(this.path, path);
    const { default: sharp } = await import("sharp"); // loaded on first use: it is large
    try {
      const { width, height } = await sharp(real, { limitInputPixels: false }).metadata();
      return [width, height];
    } catch {
      throw new InputError(`Cannot read the size of ${quoted(path)} in ${this.path}: no image`);
    }
  }
}

/** Pages of a document, its first page numbered 0 or 1. @throws {InputError} where one is missing */
export async function pagesOf(
  media: MediaFolder,
  folder: string,
  document: string,
  where: string,
): Promise<string[]> {
  const name = document.replace(/\.pdf$/i, "");
  const command = `mkdir -p ${folder}/DOCUMENT && pdftoppm -png -r 144 DOCUMENT.pdf ` +
    `${folder}/DOCUMENT/page`;
  const pages = await media.numbered(folder, name, { what: "pages", where, command });
  const first = Math.min(pages[0].number, 1);
  const gap = pages.findIndex(({ number }, i) => number !== first + i);
  if (gap < 0) return pages.map(({ path }) => path);
  throw new InputError(
    `Cannot use the pages of ${quoted(name)} (${where}): page ${first + gap} is missing; ` +
      `make all with "${command}"`,
  );
}
