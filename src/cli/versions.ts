import { packageVersion } from '../core/package-root.ts';

/** What `hourglass --version` prints: Hourglass's version, and in a second line the engine that a run here would use. */
export async function versionLines(): Promise<string> {
  // Only here, so that other commands do not load it.
  const [{ engineIdentity }, { readEngineRecord }] = await Promise.all([
    import('../engine/identity.ts'),
    import('../engine/tensorflow/location.ts'),
  ]);
  const { kind, version, platform } = await engineIdentity('auto');
  const isMissing = kind === 'native' && (await readEngineRecord()) === undefined;
  const engine = kind === 'native' ? `${version} on ${platform}` : `portable, ${version}`;
  return `hourglass ${packageVersion}\nengine: ${engine}${isMissing ? ' (the first run installs it)' : ''}`;
}
