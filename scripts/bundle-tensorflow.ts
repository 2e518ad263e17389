/**
 * Part of the build: bundles the parts that Hourglass uses of TensorFlow.js and h5wasm into `vendor/` of the build output. So an
 * installed package does not need TensorFlow.js's own packages, which have 270 MB, and whose install script downloads a library
 * that Hourglass does not use; nor h5wasm's, which has its library three times, in 15 MB.
 */
import { build, type BuildOptions, type Metafile, type PluginBuild } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/core/package-root.ts';
import { TFJS_VERSION } from '../src/engine/tensorflow/pins.ts';

/** Parts of tfjs-node: the backend, which calls the addon, and the kernels that the backend runs. */
const TFJS_NODE = `
export { NodeJSKernelBackend } from '@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js';
import '@tensorflow/tfjs-node/dist/register_all_kernels.js';
`;

const target = fileURLToPath(new URL('../vendor', import.meta.url));
const folders = packageFolders(
  await bundle('tfjs.cjs', `module.exports = require('@tensorflow/tfjs');`, {
    external: ['node-fetch'],
    plugins: [{ name: 'leave out', setup: leaveOut }],
  }),
  await bundle('tfjs-node.cjs', TFJS_NODE, {
    external: ['./tfjs.cjs'],
    alias: { '@tensorflow/tfjs': './tfjs.cjs', '@tensorflow/tfjs-core': './tfjs.cjs' },
  }),
  // It waits for its library at the top, which only ES modules do.
  await bundle('h5wasm.mjs', `export { ready, File, Group } from 'h5wasm/node';`, {
    format: 'esm',
    charset: 'utf8',
  }),
);
copyBinding();
writeFileSync(join(target, 'LICENSES.txt'), folders.map(licenceOf).join(`\n${'-'.repeat(80)}\n\n`));

/** Parts of tfjs: the backend for browsers, the converter, and data pipelines. */
function leaveOut({ onResolve, onLoad }: PluginBuild): void {
  const namespace = 'left-out';
  onResolve({ filter: /^@tensorflow\/tfjs-(?:backend-webgl|converter|data)$/ }, ({ path }) => ({
    path,
    namespace,
  }));
  onLoad({ filter: /./, namespace }, () => ({ contents: 'module.exports = {};' }));
}

async function bundle(file: string, contents: string, options: BuildOptions): Promise<Metafile> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: packageRoot },
    outfile: join(target, file),
    absWorkingDir: packageRoot,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // tfjs-node extends ES5 classes, which are in the packages' main files.
    mainFields: ['main'],
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
    metafile: true,
  });
  return metafile;
}

/** The C++ sources of tfjs-node's addon, which is compiled when the engine is installed. */
function copyBinding(): void {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  const source = join(dirname(manifest), 'binding');
  mkdirSync(join(target, 'binding'), { recursive: true });
  for (const name of readdirSync(source)) copyFileSync(join(source, name), join(target, 'binding', name));
}

/** The packages from which files were bundled, sorted. */
function packageFolders(...metafiles: readonly Metafile[]): readonly string[] {
  const folders = metafiles
    .flatMap(({ inputs }) => Object.keys(inputs))
    .map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '')
    .filter((path) => path !== '');
  return [...new Set(folders)].sort();
}

/** The name of a package with its licence, from a file or otherwise from the comment in its code. */
function licenceOf(folder: string): string {
  const root = join(packageRoot, folder);
  const { name, version, license, main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly [key: string]: string;
  };
  if (name?.startsWith('@tensorflow/') === true && version !== TFJS_VERSION)
    throw new Error(`${name} is of version ${version ?? ''}: \`pins.ts\` says ${TFJS_VERSION}`);
  const file = readdirSync(root).find((each) => /^licen[cs]e/i.test(each));
  const code =
    ['dist/index.js', 'seedrandom.js', main ?? ''].find((path) => existsSync(join(root, path))) ?? '';
  const text =
    file === undefined
      ? /\/\*(?:(?!\*\/)[^])*Copyright[^]*?\*\//.exec(readFileSync(join(root, code), 'utf8'))?.[0]
      : readFileSync(join(root, file), 'utf8');
  if (text === undefined) throw new Error(`${name ?? folder} has no licence text`);
  return `${name ?? ''} ${version ?? ''} (${license ?? ''})\n\n${text.trim()}\n`;
}
