/** A saved model as a graph of layers with their weights, for other formats. */
import { listAt, objectAt, stringAt } from '../schema/view.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Shape } from '../layers/layer.ts';
import { readSavedModel } from '../layers/saved-files.ts';
import { giversOf } from '../layers/stock.ts';
import { readTopology } from '../layers/topology.ts';

export interface Weight {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A layer of tfjs's own kinds. */
export interface GraphLayer {
  readonly name: string;
  readonly type: string;
  readonly config: JsonObject;
  /** Names of the layers whose outputs it receives; an input has none. */
  readonly inputs: readonly string[];
  /** The shape of its output, without the batch. */
  readonly shape: Shape;
  /** By name, such as `kernel`, in the order of Keras. */
  readonly weights: ReadonlyMap<string, Weight>;
}

export interface Graph {
  /** `encoder`, `decoder` or `autoencoder`. */
  readonly name: string;
  /** Each follows the layers that it receives. */
  readonly layers: readonly GraphLayer[];
  /** Names of the layers at which the model begins and ends. */
  readonly inputs: readonly string[];
  readonly output: string;
}

/**
 * Reads a model that `saveModel` wrote.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readGraph(folder: string, name: string): Promise<Graph> {
  const { modelTopology, weights } = await readSavedModel(folder);
  const { shapes } = readTopology(modelTopology);
  const config = objectAt(isJsonObject(modelTopology) ? modelTopology : {}, 'config');
  const layers = listAt(config, 'layers')
    .filter(isJsonObject)
    .map((layer): GraphLayer => {
      const label = stringAt(layer, 'name') ?? '';
      const prefix = `${label}/`;
      return {
        name: label,
        type: stringAt(layer, 'class_name') ?? '',
        config: objectAt(layer, 'config'),
        inputs: giversOf(layer),
        shape: shapes.get(label) ?? [],
        weights: new Map(
          weights
            .filter((weight) => weight.name.startsWith(prefix))
            .map(({ name: own, shape, values }) => [own.slice(prefix.length), { shape, values }]),
        ),
      };
    });
  const [output = ''] = endsOf(config, 'output_layers');
  return { name, layers, inputs: endsOf(config, 'input_layers'), output };
}

/** `[[name, 0, 0], …]` -> names */
function endsOf(config: JsonObject, key: string): readonly string[] {
  return listAt(config, key).flatMap((entry) => {
    const [name]: readonly Json[] = Array.isArray(entry) ? entry : [];
    return typeof name === 'string' ? [name] : [];
  });
}
