/** Weights alone, for programs that build the layers themselves. */
import { encodeTensors } from '../formats/safetensors.ts';
import type { Graph } from './graph.ts';

/** Arrays by names such as `dense/kernel`, in Keras's order of axes; the metadata lists the layers. */
export function toSafetensors(graph: Graph): Uint8Array {
  const arrays = graph.layers.flatMap(({ name, weights }) =>
    [...weights].map(([own, { shape, values }]) => ({
      name: `${name}/${own}`,
      dtype: 'float32' as const,
      shape,
      data: values,
    })),
  );
  const layers = graph.layers.map(({ name, type, config, inputs }) => ({ name, type, config, inputs }));
  return encodeTensors({
    arrays,
    metadata: new Map([
      ['format', 'keras'],
      ['model', graph.name],
      ['layers', JSON.stringify(layers)],
    ]),
  });
}
