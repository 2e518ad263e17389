/** Logits on TensorFlow, where it is installed. */
import { testEngine } from './engine.ts';
import { testLogits } from './logits.ts';

testLogits(testEngine);
