import { before } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { testLayers } from './check.ts';

let engine: Engine;
before(async () => {
  engine = await loadEngine({ choice: 'portable', threads: 1 });
});

testLayers(() => engine);
