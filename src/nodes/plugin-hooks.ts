/**
 * Module hooks for plugins, which Node runs in a separate thread. They resolve `hourglass-autoencoders/plugin` to this
 * installation wherever the plugin is, and strip the types of TypeScript, which Node 20 cannot do.
 */
import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from 'sucrase';
import { packageName } from '../core/package-root.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  specifier === `${packageName}/plugin`
    ? { url: new URL(`./plugin-api.${extension}`, import.meta.url).href, shortCircuit: true }
    : nextResolve(specifier, context);

export const load: LoadHook = async (url, context, nextLoad) => {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const { code } = transform(text, { transforms: ['typescript'], disableESTransforms: true });
  return { format: 'module', source: code, shortCircuit: true };
};
