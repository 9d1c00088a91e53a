/**
 * Which published packages hold TensorFlow's libraries and, where none is installed, a compiler.
 * @module
 */

/** Version of TensorFlow that the backend is built against. */
export const tensorFlowVersion = "2.21.0";
/** Version of the compiler that stands in for a missing one. */
export const zigVersion = "0.16.0";

/** One file on the package index. */
export interface Wheel {
  /** Package and version, `name==version`. */
  readonly requirement: string;
  /** pip's name of the platform. */
  readonly platform: string;
  /** SHA-256 of the file; pip refuses any other. */
  readonly sha256: string;
  /** Size of the download in MB (10^6 bytes). */
  readonly megabytes: number;
}

/** File names of TensorFlow's two libraries on this operating system. */
export function libraryNames(os: string): readonly [main: string, framework: string] {
  return os === "darwin"
    ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
    : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
}

const tensorFlowWheels: Readonly<Record<string, Wheel>> = {
  "linux x86_64": {
    requirement: `tensorflow-cpu==${tensorFlowVersion}`,
    platform: "manylinux_2_27_x86_64",
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    megabytes: 274,
  },
  "linux x86_64 gpu": {
    requirement: `tensorflow==${tensorFlowVersion}`,
    platform: "manylinux_2_27_x86_64",
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    megabytes: 572,
  },
  "linux aarch64": {
    requirement: `tensorflow==${tensorFlowVersion}`,
    platform: "manylinux_2_27_aarch64",
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    megabytes: 282,
  },
  "darwin aarch64": {
    requirement: `tensorflow==${tensorFlowVersion}`,
    platform: "macosx_12_0_arm64",
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    megabytes: 223,
  },
};

const zigWheels: Readonly<Record<string, Wheel>> = {
  "linux x86_64": {
    requirement: `ziglang==${zigVersion}`,
    platform: "manylinux_2_12_x86_64",
    sha256: "9fcda73f62b851dd72a54b710ad40a209896db14cfb13649e62191243556342b",
    megabytes: 98,
  },
  "linux aarch64": {
    requirement: `ziglang==${zigVersion}`,
    platform: "manylinux_2_17_aarch64",
    sha256: "e27d409812b11e0fb89ed0200cf2e55b6464d43f9461553104e4a4f9a94a1fd5",
    megabytes: 95,
  },
};

/** The TensorFlow package for a system; null where none is published. */
export function tensorFlowWheel(os: string, arch: string, gpu: boolean): Wheel | null {
  return tensorFlowWheels[`${os} ${arch}${gpu ? " gpu" : ""}`] ?? null;
}

/** The package with a C++ compiler for a system; null where none is known to work. */
export function zigWheel(os: string, arch: string): Wheel | null {
  return zigWheels[`${os} ${arch}`] ?? null;
}

/** The line of a requirements file that names this file and no other. */
export function pinnedRequirement(wheel: Wheel): string {
  return `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`;
}
