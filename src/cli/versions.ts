import { packageVersion } from '../core/package-root.ts';

/** What `hourglass --version` prints: the version of Hourglass and, on a second line, the engine that a run here would use. */
export async function versionLines(): Promise<string> {
  // Imported here: other commands must not load it.
  const [{ engineIdentity }, { readEngineRecord }] = await Promise.all([
    import('../engine/identity.ts'),
    import('../engine/tensorflow/location.ts'),
  ]);
  const { kind, version, platform } = await engineIdentity('auto');
  const isMissing = kind === 'native' && (await readEngineRecord()) === undefined;
  const engine = kind === 'native' ? `${version} on ${platform}` : `portable, ${version}`;
  return `hourglass ${packageVersion}\nengine: ${engine}${isMissing ? ' (the first run installs it)' : ''}`;
}
