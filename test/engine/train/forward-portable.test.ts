/** Logits on the portable engine. */
import { loadEngine } from '../../../src/engine/load.ts';
import { testLogits } from './logits.ts';

testLogits(() => loadEngine({ choice: 'portable', threads: 1 }));
