/** The exact builds of TensorFlow that Hourglass installs, and of the compiler that makes its WebAssembly. */

/** The version of the library that all platforms use. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The version of TensorFlow.js and of its addon for Node.js, which the build bundles. */
export const TFJS_VERSION = '4.22.0';

/** A wheel on the Python package index. The Python version of a wheel does not matter here. */
export interface PinnedWheel {
  /** Distribution name. */
  readonly name: string;
  readonly version: string;
  /** What it contains, for messages. */
  readonly title: string;
  /** pip's `--platform`. */
  readonly tag: string;
  readonly sha256: string;
  /** Size of the download in megabytes, for messages. */
  readonly megabytes: number;
}

/** A wheel of TensorFlow, and the files of it that are used. */
export interface WheelPin extends PinnedWheel {
  /** File names below `tensorflow/` in the wheel. */
  readonly libraries: readonly [string, string];
}

const TENSORFLOW = { version: TENSORFLOW_VERSION, title: 'TensorFlow' } as const;

const LINUX_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** By `process.platform` and `process.arch`. */
export const WHEELS: Readonly<Record<string, WheelPin>> = {
  'linux-x64': {
    ...TENSORFLOW,
    name: 'tensorflow-cpu',
    tag: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    megabytes: 274,
    libraries: LINUX_LIBRARIES,
  },
  'linux-arm64': {
    ...TENSORFLOW,
    name: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    megabytes: 282,
    libraries: LINUX_LIBRARIES,
  },
  'darwin-arm64': {
    ...TENSORFLOW,
    name: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    megabytes: 223,
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  },
};

const COMPILER = { name: 'ziglang', version: '0.17.1', title: 'the compiler', megabytes: 100 } as const;

/** Zig, for its Clang and its linker, by `process.platform` and `process.arch`. */
export const COMPILERS: Readonly<Record<string, PinnedWheel>> = {
  'linux-x64': {
    ...COMPILER,
    tag: 'manylinux_2_12_x86_64',
    sha256: 'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54',
  },
  'linux-arm64': {
    ...COMPILER,
    tag: 'manylinux_2_17_aarch64',
    sha256: 'b7c5f02fccd40f89b999ee16a1f5ddced56e6182370f8affe494bcf8a28cf07e',
  },
  'darwin-arm64': {
    ...COMPILER,
    tag: 'macosx_13_0_arm64',
    sha256: '09953b6af7f64168b915180a42774f520f92d86ef6331b28e33915c7e1f0bb23',
  },
  'win32-x64': {
    ...COMPILER,
    tag: 'win_amd64',
    sha256: '69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb',
  },
};

/** `linux-x64`, `darwin-arm64`, … */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** Whether Hourglass can install TensorFlow on a platform. If it cannot, as on Windows, the portable engine is used. */
export function hasTensorFlow(platform: string = PLATFORM): boolean {
  return Object.hasOwn(WHEELS, platform);
}
