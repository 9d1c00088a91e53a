/**
 * What the measurements share: command-line options, text tables, and a record with the machine and
 * versions.
 *
 * @module
 */
import process from "node:process";
import type { BackendDescription } from "../lib/backend/select.ts";

/** Options `--name value` of a program; `defaults` names all of them. @throws {Error} on others */
export function options<T extends Record<string, string>>(args: string[], defaults: T): T {
  const found: Record<string, string> = { ...defaults };
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i].replace(/^--/, "");
    if (!(name in defaults) || args[i + 1] === undefined) {
      const known = Object.keys(defaults).map((key) => `--${key}`).join(", ");
      throw new Error(`Cannot use ${args[i]}: wanted a value after one of ${known}`);
    }
    found[name] = args[i + 1];
  }
  return found as T;
}

/** The numbers of an option that lists them with commas. */
export function numbers(text: string): number[] {
  return text.split(",").filter(Boolean).map(Number);
}

/** Largest difference of two lists of numbers, relative to the largest value of the second. */
export function relativeDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0, largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - wanted[i]));
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  return difference / largest;
}

/** Rows as a text table whose columns line up. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  return all.map((row) => row.map((cell, i) => cell.padStart(widths[i])).join("  ")).join("\n");
}

/** First value of a field in a `/proc` file; empty where there is none. */
function procField(file: string, field: string): string {
  try {
    return Deno.readTextFileSync(file).match(new RegExp(`^${field}\\s*:\\s*(.*)$`, "m"))?.[1] ?? "";
  } catch {
    return "";
  }
}

/** The machine and versions of a measurement, as records hold them. */
export interface Manifest {
  /** When. */
  readonly date: string;
  /** The processor's name. */
  readonly processor: string;
  /** What it can multiply with. */
  readonly processorFlags: readonly string[];
  /** What else there is to know. */
  readonly [name: string]: unknown;
}

/** Instructions that make a difference to products, the fastest first, as kinds of machine are named. */
const kinds = [["amx_bf16", "amx"], ["avx512_bf16", "avx512-bf16"], ["avx512f", "avx512"], [
  "avx2",
  "avx2",
]] as const;

/** The kind of this machine: who made its processor, and its fastest products, such as `amd-avx2`. */
export function machineKind(): string {
  const flags = procField("/proc/cpuinfo", "flags").split(" ");
  const vendor = procField("/proc/cpuinfo", "vendor_id").replace(/^Genuine|^Authentic/, "");
  const best = kinds.find(([flag]) => flags.includes(flag))?.[1] ?? "plain";
  return `${vendor || Deno.build.arch}-${best}`.toLowerCase();
}

/** The machine and versions of a measurement. */
export function manifest(backend: BackendDescription): Manifest {
  return {
    date: new Date().toISOString(),
    processor: procField("/proc/cpuinfo", "model name"),
    processorFlags: procField("/proc/cpuinfo", "flags").split(" ").filter((flag) =>
      /^(avx2|avx512f|avx512_bf16|amx_bf16|avx_vnni)$/.test(flag)
    ),
    cores: navigator.hardwareConcurrency,
    memory: procField("/proc/meminfo", "MemTotal"),
    loadAverage: Deno.loadavg(),
    deno: Deno.version.deno,
    tensorFlow: backend.tensorFlowVersion,
    tensorFlowJs: backend.tfjsVersion,
    threads: backend.threads,
  };
}

/** A size of this process's memory, given in KiB, in megabytes of a million bytes. */
function statusMegabytes(field: string): number {
  return Number(procField("/proc/self/status", field).split(" ")[0] || NaN) * 1024 / 1e6;
}

/** Largest memory of this process so far, in megabytes (Linux; NaN elsewhere). */
export function peakMegabytes(): number {
  return statusMegabytes("VmHWM");
}

/** Memory of this process now, in megabytes (Linux; NaN elsewhere). */
export function residentMegabytes(): number {
  return statusMegabytes("VmRSS");
}

/** Writes a record as JSON, and says where. */
export function writeRecord(path: string, record: unknown): void {
  const folder = path.replace(/\/?[^/]*$/, "");
  if (folder) Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(path, JSON.stringify(record, null, 1) + "\n");
  console.log(`\nwritten to ${path}`);
}

/** Processor time that this process has used so far, over all its threads, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}
