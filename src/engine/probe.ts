/**
 * A program of its own: loads an addon, computes with it, and says what it is. Run by the installer and by `engine status`,
 * since a library that does not fit can end its process.
 *
 *     node probe.js <addon>
 *     tensorflow 2.21.0
 *     xla yes
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative, nativeBackend, prepareEnvironment, type Binding } from './addon.ts';
import type { Tf } from './engine.ts';
import { bytesField, concat, integerField, mapField, messageField, type Field } from './protobuf.ts';

const FLOAT = 1;

const [addon = ''] = process.argv.slice(2);
prepareEnvironment(1);
const { tf, binding } = await loadNative(addon);
const [product] = tf.matMul([[2]], [[3]]).dataSync();
if (product !== 6) throw new Error(`2 x 3 gave ${product ?? 'nothing'}`);
process.stdout.write(`tensorflow ${binding.TF_Version}\nxla ${canCompile(tf, binding) ? 'yes' : 'no'}\n`);

/** Whether a function that must be compiled by XLA runs, and gives the square of its argument. */
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

/** A SavedModel with one function, `y = x * x`, and a call that must be compiled. */
function squareModel(): Uint8Array {
  const type = (name: string): Field => mapField(5, name, [integerField(6, FLOAT)]);
  const argument = (field: number, name: string): Field =>
    messageField(field, [bytesField(1, name), integerField(3, FLOAT)]);
  const multiply = messageField(3, [
    ...[bytesField(1, 'square'), bytesField(2, 'Mul'), bytesField(3, 'x'), bytesField(3, 'x')],
    type('T'),
  ]);
  const square = messageField(1, [
    messageField(1, [bytesField(1, 'square_fn'), argument(2, 'x'), argument(3, 'y')]),
    mapField(5, '_XlaMustCompile', [integerField(5, true)]),
    multiply,
    messageField(4, [bytesField(1, 'y'), bytesField(2, 'square:z:0')]),
  ]);
  const placeholder = messageField(1, [
    ...[bytesField(1, 'x'), bytesField(2, 'Placeholder')],
    type('dtype'),
    mapField(5, 'shape', [messageField(7, [])]),
  ]);
  const types = [messageField(1, [integerField(6, FLOAT)])];
  const call = messageField(1, [
    ...[bytesField(1, 'call'), bytesField(2, 'PartitionedCall'), bytesField(3, 'x')],
    mapField(5, 'Tin', types),
    mapField(5, 'Tout', types),
    mapField(5, 'f', [messageField(10, [bytesField(1, 'square_fn')])]),
    mapField(5, '_XlaMustCompile', [integerField(5, true)]),
  ]);
  const graph = [placeholder, call, messageField(2, [square]), messageField(4, [integerField(1, 2000)])];
  const metaGraph = messageField(2, [messageField(1, [bytesField(4, 'serve')]), messageField(2, graph)]);
  return concat([integerField(1, 1), metaGraph]);
}
