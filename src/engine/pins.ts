/** The exact builds of TensorFlow that Hourglass installs. */

/** The version of the library that all platforms use. */
export const TENSORFLOW_VERSION = '2.21.0';

/** A wheel on the Python package index, and what of it is used. The Python version of a wheel does not matter here. */
export interface WheelPin {
  /** Distribution name. */
  readonly name: string;
  /** pip's `--platform`. */
  readonly tag: string;
  readonly sha256: string;
  /** Size of the download in megabytes, for messages. */
  readonly megabytes: number;
  /** File names below `tensorflow/` in the wheel. */
  readonly libraries: readonly [string, string];
}

const LINUX_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** By `process.platform` and `process.arch`. */
export const WHEELS: Readonly<Record<string, WheelPin>> = {
  'linux-x64': {
    name: 'tensorflow-cpu',
    tag: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    megabytes: 274,
    libraries: LINUX_LIBRARIES,
  },
  'linux-arm64': {
    name: 'tensorflow',
    tag: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    megabytes: 282,
    libraries: LINUX_LIBRARIES,
  },
  'darwin-arm64': {
    name: 'tensorflow',
    tag: 'macosx_12_0_arm64',
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    megabytes: 223,
    libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  },
};

/** `linux-x64`, `darwin-arm64`, … */
export const PLATFORM = `${process.platform}-${process.arch}`;
