/** The formats of `hourglass export`. */
import type { FormatName } from './format-names.ts';
import type { Graph } from './graph.ts';
import { toKeras } from './keras.ts';
import { toOnnx } from './onnx.ts';
import { toSafetensors } from './safetensors.ts';

export interface ExportFormat {
  readonly extension: string;
  /** A line of Python that loads a file. */
  readonly load: (file: string) => string;
  /** @throws Failure `not-exportable` */
  readonly encode: (graph: Graph) => Uint8Array | Promise<Uint8Array>;
}

export const FORMATS: Readonly<Record<FormatName, ExportFormat>> = {
  keras: {
    extension: 'keras',
    load: (file) => `keras.models.load_model(${JSON.stringify(file)})`,
    encode: toKeras,
  },
  onnx: {
    extension: 'onnx',
    load: (file) => `onnxruntime.InferenceSession(${JSON.stringify(file)})`,
    encode: toOnnx,
  },
  safetensors: {
    extension: 'safetensors',
    load: (file) => `safetensors.numpy.load_file(${JSON.stringify(file)})`,
    encode: toSafetensors,
  },
};
