/** Apart from the formats, so that the help of the command need not load them. */
export const FORMAT_NAMES = ['keras', 'onnx', 'safetensors'] as const;

export type FormatName = (typeof FORMAT_NAMES)[number];
