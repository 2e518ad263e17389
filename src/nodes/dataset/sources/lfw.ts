/**
 * The source `lfw`: Labeled Faces in the Wild: G. B. Huang, M. Ramesh, T. Berg, E. Learned-Miller, Technical Report 07-49, University
 * of Massachusetts, 2007. Addresses and hashes of the archives, and the default crop, are those of scikit-learn's
 * `fetch_lfw_people`.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, exists } from '../../../files/atomic.ts';
import type { LfwDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting, failure } from '../../../core/diagnostic.ts';
import type { Finding } from '../../../core/stage-type.ts';
import { missingFile, type NamedPath } from '../../own-files.ts';
import { dataFolder } from '../cache.ts';
import { failuresOf } from '../findings.ts';
import { identityAt } from '../identity.ts';
import { shownName } from '../names.ts';
import { checkCrop, shapeOfPictures } from '../pictures/crop.ts';
import { byteRange, type RawSplit } from '../raw.ts';
import type { ReadContext, Source } from './source.ts';

const ARCHIVES = {
  funneled: {
    name: 'lfw-funneled.tgz',
    url: 'https://ndownloader.figshare.com/files/5976015',
    sha256: 'b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a',
  },
  original: {
    name: 'lfw.tgz',
    url: 'https://ndownloader.figshare.com/files/5976018',
    sha256: '055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0',
  },
} as const;

/** The largest accepted archive, in bytes; the original ones have about 180 and 243 MB. */
const ARCHIVE_LIMIT = 2 ** 29;

/** Height and width of the faces in the archives. */
const FULL_SIZE = [250, 250] as const;

export const lfw: Source<LfwDatasetSettings> = {
  cosmetic: ['url', 'sha256', 'funneled'],
  describe(settings) {
    const shape = shapeOfPictures(settings, FULL_SIZE);
    return {
      ...(shape === undefined ? {} : { shape }),
      range: byteRange(settings.normalize),
      splits: ['train'],
      labeled: true,
    };
  },
  check: checkCrop,
  files: ({ path }) => ({ path }),
  async fingerprint(settings, folder) {
    const { path } = settings;
    if (path === undefined) return archiveOf(settings).sha256;
    const { listPeople } = await import('../pictures/read-faces.ts');
    return identityAt('path', resolve(folder, path), listPeople);
  },
  async inspect(settings, folder) {
    const { path } = settings;
    if (path !== undefined) return { findings: await inspectPath({ path, folder, key: 'path' }) };
    const { name, local } = archiveOf(settings);
    return { findings: [], downloads: (await exists(local)) ? [] : [name] };
  },
  async read(context) {
    const { readFaces } = await import('../pictures/read-faces.ts');
    const read = async (): Promise<RawSplit> => readFaces(await findArchive(context), context);
    return { train: await (context.settings.path === undefined ? read() : atSetting(['path'], read)) };
  },
};

async function inspectPath(named: NamedPath): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['file', 'folder']);
  if (problem !== undefined) return [problem];
  const { checkFaces } = await import('../pictures/read-faces.ts');
  return failuresOf(named, () => checkFaces(resolve(named.folder, named.path), named.path));
}

/** The archive that the settings select: its address, its hash, and its place after the download. */
function archiveOf({ funneled, url, sha256 }: LfwDatasetSettings): {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  readonly local: string;
} {
  const usual = ARCHIVES[funneled ? 'funneled' : 'original'];
  const hash = sha256 ?? usual.sha256;
  return {
    name: usual.name,
    url: url ?? usual.url,
    sha256: hash,
    local: join(dataFolder(), hash.slice(0, 16), usual.name),
  };
}

/** The archive or folder that the settings name, or the downloaded archive. */
async function findArchive(context: ReadContext<LfwDatasetSettings>): Promise<string> {
  const { settings, pipelineFolder } = context;
  if (settings.path !== undefined) {
    const path = resolve(pipelineFolder, settings.path);
    const found = await stat(path).catch((error: unknown) => {
      const code = errorCode(error);
      const what = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
      throw failure(
        'data-missing',
        `\`${shownName(path)}\` ${what}`,
        'paths are relative to the pipeline file',
      );
    });
    if (found.isFile() || found.isDirectory()) return path;
    throw failure('data-missing', `\`${shownName(path)}\` is neither a file nor a folder`);
  }
  const { ensureFile } = await import('../../../files/download.ts');
  const { name, url, sha256, local } = archiveOf(settings);
  await ensureFile(
    local,
    {
      url,
      sha256,
      limit: ARCHIVE_LIMIT,
      hint: `run it again to resume the download, or fetch \`${name}\` by hand and name it with \`path\``,
    },
    {
      signal: context.signal,
      onProgress: (text, fraction) =>
        context.progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return local;
}
