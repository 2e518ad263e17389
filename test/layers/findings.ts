/** What the rules of shapes find in a model. */
import assert from 'node:assert/strict';
import type { Finding } from '../../src/core/stage-type.ts';
import type { Shape } from '../../src/layers/layer.ts';
import { inferAutoencoder } from '../../src/layers/shapes.ts';
import type { LayerSpec } from '../../src/schema/generated/settings.ts';

export function findings(
  input_shape: Shape,
  encoder: readonly LayerSpec[],
  decoder: readonly LayerSpec[],
): readonly Finding[] {
  const found: Finding[] = [];
  const shapes = inferAutoencoder({ input_shape, encoder, decoder }, (finding) => found.push(finding));
  assert.equal(shapes === undefined, found.length > 0);
  return found;
}

/** The one finding. */
export function finding(input: Shape, encoder: readonly LayerSpec[], decoder: readonly LayerSpec[]): Finding {
  const [first, ...others] = findings(input, encoder, decoder);
  assert.ok(first);
  assert.deepEqual(others, []);
  return first;
}
