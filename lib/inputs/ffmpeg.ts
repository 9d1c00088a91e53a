/**
 * The programs ffprobe and ffmpeg: started with a fixed set of arguments, no network, no environment.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { fileError } from "../common/system_errors.ts";
import { quoted } from "../common/text.ts";

/** Longest time that one program may run, in milliseconds. */
const mostTime = 30 * 60_000;

/** Most bytes of complaints that are kept. */
const mostComplaint = 4000;

/** Why a program that is not there is needed. */
function missing(name: string): InputError {
  return new InputError(
    `Cannot read ${name}: ffmpeg and ffprobe, which read videos, are not installed ` +
      `(apt install ffmpeg, brew install ffmpeg); or give its frames as a list of images`,
  );
}

/** What {@link runFfmpeg} needs to know. */
export interface FfmpegRun {
  /** `ffprobe` or `ffmpeg`. */
  readonly program: "ffprobe" | "ffmpeg";
  /** Folder of the program; found on the PATH by default. */
  readonly folder?: string;
  /** Arguments after the common ones. */
  readonly args: readonly string[];
  /** What is read, for messages. */
  readonly name: string;
}

/**
 * Runs one of the programs and hands its output on, piece by piece.
 *
 * @param take gets each piece; what it throws ends the program
 * @throws {InputError} if the program is not there, may not be started, or fails
 */
export async function runFfmpeg(
  { program, folder, args, name }: FfmpegRun,
  take: (piece: Uint8Array) => void,
): Promise<void> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(folder === undefined ? program : `${folder}/${program}`, {
      args: ["-v", "error", "-protocol_whitelist", "file,pipe", ...args],
      clearEnv: true, // also of LD_PRELOAD and the like
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw missing(name);
    if (error instanceof Deno.errors.NotCapable) {
      throw new InputError(
        `Cannot read ${name}: this program may not start ${program} (--allow-run=ffmpeg,ffprobe), ` +
          `or it is not installed; or give its frames as a list of images`,
      );
    }
    throw fileError("start", program, error);
  }
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended
    }
  };
  const timer = setTimeout(end, mostTime);
  let complaint = "", failure: unknown = null;
  const errors = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of child.stderr) {
      if (complaint.length < mostComplaint) complaint += decoder.decode(piece, { stream: true });
    }
  })();
  try {
    for await (const piece of child.stdout) take(piece);
  } catch (error) {
    failure = error;
    end();
  }
  const [{ code }] = await Promise.all([child.status, errors]);
  clearTimeout(timer);
  if (failure !== null) throw failure;
  if (code === 0) return;
  const reason = complaint.trim().split("\n")[0].slice(0, 200) || `exit code ${code}`;
  throw new InputError(`Cannot read ${name}: ${program} says ${quoted(reason, 200)}`);
}
