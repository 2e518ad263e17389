/** The known stage types: the built-in nodes and those of allowed plugins. */
import { resolve } from 'node:path';
import type { LoadOptions, StageTypes } from '../config/pipeline.ts';
import { Failure, failure } from '../core/diagnostic.ts';
import type { NodeDefinition } from './contract.ts';
import { binarizeNode } from './binarize/node.ts';
import { anomalyNode } from './anomaly/node.ts';
import { cleanNode } from './clean/node.ts';
import { concatNode } from './concat/node.ts';
import { datasetNode } from './dataset/node.ts';
import { encodeNode } from './encode/node.ts';
import { evaluateNode } from './evaluate/node.ts';
import { figureNode } from './figure/node.ts';
import { modelNode } from './model/node.ts';
import { normalizeNode } from './normalize/node.ts';
import { noiseNode } from './noise/node.ts';
import { missingFile, withFileCheck } from './own-files.ts';
import { loadPlugin } from './plugins.ts';
import { pcaNode } from './pca/node.ts';
import { predictNode } from './predict/node.ts';
import { probeNode } from './probe/node.ts';
import { projectNode } from './project/node.ts';
import { resizeNode } from './resize/node.ts';
import { sampleNode } from './sample/node.ts';
import { splitNode } from './split/node.ts';
import { subsetNode } from './subset/node.ts';
import { trainNode } from './train/node.ts';
import { transformNode } from './transform/node.ts';

/**
 * A node without the type of its settings. Callers validate settings with the node's schema, from which that type was generated.
 * The cast is sound as long as the two match, which a test ensures.
 */
function erase<Settings>(node: NodeDefinition<Settings>): NodeDefinition {
  return node as unknown as NodeDefinition;
}

export const builtinNodes: ReadonlyMap<string, NodeDefinition> = new Map(
  [
    erase(datasetNode),
    erase(splitNode),
    erase(subsetNode),
    erase(concatNode),
    erase(normalizeNode),
    erase(resizeNode),
    erase(transformNode),
    erase(binarizeNode),
    erase(cleanNode),
    erase(noiseNode),
    erase(modelNode),
    erase(trainNode),
    erase(evaluateNode),
    erase(predictNode),
    erase(sampleNode),
    erase(encodeNode),
    erase(projectNode),
    erase(probeNode),
    erase(anomalyNode),
    erase(pcaNode),
    erase(figureNode),
  ].map((node) => [node.type, node]),
);

/**
 * The stage types of a pipeline with plugins, for the loader.
 *
 * @param allowPlugins whether code of plugins may run; otherwise each plugin is a `plugin-refused` error
 */
export function stageTypes(allowPlugins: boolean): LoadOptions['stageTypes'] {
  return async (plugins, folder) => {
    const types = new Map<string, NodeDefinition>(builtinNodes);
    const problems: StageTypes['problems'][number][] = [];
    for (const [index, path] of plugins.entries()) {
      try {
        const missing = await missingFile({ path, folder, key: 'plugins' }, ['file']);
        if (missing !== undefined) {
          throw failure('file-not-found', `the plugin ${missing.message}`, missing.hint);
        }
        if (!allowPlugins) {
          throw failure(
            'plugin-refused',
            `the pipeline would run code of the plugin \`${path}\``,
            'read that file; if you trust it, run again with `--allow-plugins`',
          );
        }
        const node = await loadPlugin(resolve(folder, path));
        if (types.has(node.type)) {
          throw failure(
            'plugin-invalid',
            `\`${path}\` defines the stage type \`${node.type}\`, which already exists`,
          );
        }
        types.set(node.type, withFileCheck(node));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        problems.push(...error.diagnostics.map((diagnostic) => ({ plugin: index, diagnostic })));
      }
    }
    return { types, problems };
  };
}
