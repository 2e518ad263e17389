import type { EngineChoice, EngineIdentity } from './engine.ts';
import { readEngineRecord, readInstallFailure } from './tensorflow/location.ts';
import { hasTensorFlow, PLATFORM, TENSORFLOW_VERSION } from './tensorflow/pins.ts';
import { moduleHash } from './webassembly/module.ts';

/**
 * The engine that a choice leads to on this machine. Loads and installs nothing: if a native engine is not installed yet, returns
 * the one that would be installed.
 */
export async function engineIdentity(choice: EngineChoice): Promise<EngineIdentity> {
  const record = choice === 'portable' ? undefined : await readEngineRecord();
  if (record !== undefined) {
    return { kind: 'native', version: `tensorflow ${record.tensorflow}`, platform: PLATFORM };
  }
  return choice === 'native' || (choice === 'auto' && (await canInstall()))
    ? { kind: 'native', version: `tensorflow ${TENSORFLOW_VERSION}`, platform: PLATFORM }
    : { kind: 'portable', version: `webassembly ${moduleHash()}`, platform: 'any' };
}

async function canInstall(): Promise<boolean> {
  return hasTensorFlow() && (await readInstallFailure()) === undefined;
}
