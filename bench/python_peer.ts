/**
 * A Python program that answers JSON lines, kept running so that its runs alternate with ours.
 *
 * @module
 */

/** A running Python program. */
export class PythonPeer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #pending = "";

  /**
   * @param python the interpreter
   * @param script path of the program
   * @param args its arguments
   * @param prefix a command that starts it, such as `["taskset", "-c", "1"]`
   */
  constructor(python: string, script: string, args: string[], prefix: readonly string[] = []) {
    const [command, ...rest] = [...prefix, python, script, ...args];
    this.#process = new Deno.Command(command, { args: rest, stdin: "piped", stdout: "piped" })
      .spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.getReader();
  }

  /** The next line that it writes, as JSON. */
  async line<T>(): Promise<T> {
    while (!this.#pending.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the Python program ended; its message is above");
      this.#pending += new TextDecoder().decode(value);
    }
    const end = this.#pending.indexOf("\n");
    const text = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end + 1);
    return JSON.parse(text) as T;
  }

  /** Sends a request and waits for its answer. */
  async ask<T>(request: unknown): Promise<T> {
    await this.#writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
    return await this.line<T>();
  }

  /** Closes its input and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#process.status;
  }
}
