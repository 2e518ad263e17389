/**
 * A separate program: loads an addon, computes with it, and prints its version. Run by the installer and by `engine status`,
 * because a library that does not fit can end its process.
 *
 *     node check-addon.js <addon>
 *     tensorflow 2.21.0
 *     xla yes
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative, nativeBackend, prepareEnvironment, type Binding } from './addon.ts';
import { Body } from '../xla/body.ts';
import { savedModel } from '../xla/saved-model.ts';
import type { Tf } from '../engine.ts';

const [addon = ''] = process.argv.slice(2);
prepareEnvironment(1);
const { tf, binding } = await loadNative(addon);
const [product] = tf.matMul([[2]], [[3]]).dataSync();
if (product !== 6) throw new Error(`2 x 3 gave ${product ?? 'nothing'}`);
process.stdout.write(`tensorflow ${binding.TF_Version}\nxla ${canCompile(tf, binding) ? 'yes' : 'no'}\n`);

/** Whether a function that XLA must compile runs, and returns the square of its argument. */
function canCompile(tfjs: Tf, native: Binding): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-xla-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), squareModel());
    const model = native.loadSavedModel(folder, 'serve');
    const [input = -1] = nativeBackend(tfjs).getInputTensorIds([tfjs.scalar(3)]);
    const [output] = native.runSavedModel(model, [input], 'x:0', 'call:0');
    return output !== undefined && native.tensorDataSync(output.id)[0] === 9;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A SavedModel with one function, `y = x * x`, and a call that XLA must compile. */
function squareModel(): Uint8Array {
  const float = { type: 'float32' } as const;
  const compiled = { _XlaMustCompile: { bool: true } };
  const body = new Body('square_fn', [{ name: 'x', dtype: 'float32', shape: [] }]);
  const x = body.parameter('x');
  const square = body.define([{ ...body.add('Mul', [x, x]), name: 'y' }], compiled);
  const types = { types: ['float32'] } as const;
  const call = { Tin: types, Tout: types, f: { function: 'square_fn' }, ...compiled };
  return savedModel(
    [
      { name: 'x', op: 'Placeholder', inputs: [], attributes: { dtype: float, shape: { shape: [] } } },
      { name: 'call', op: 'PartitionedCall', inputs: ['x'], attributes: call },
    ],
    [square],
  );
}
