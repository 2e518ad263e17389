import { before } from 'node:test';
import type { Tf } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { testLayers } from './check.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await loadEngine({ choice: 'native', threads: 1 }));
});

testLayers(() => tf);
