/** The interface of a data source, such as `mnist` or `npz`. */
import type { DatasetSettings } from '../../../schema/generated/settings.ts';
import type { Json } from '../../../core/json.ts';
import type { ClassDescription, Finding, ImageShape, Inspection, Split } from '../../../core/stage-type.ts';
import type { StageContext } from '../../contract.ts';
import type { Spool } from '../../../formats/spool.ts';
import type { RawSplits } from '../raw.ts';

export type SourceName = DatasetSettings['source'];

/** The settings of a stage that has this source. */
export type SettingsOf<Name extends SourceName> = Extract<DatasetSettings, { readonly source: Name }>;

/** What the settings alone determine about the images. */
export interface SourceDescription {
  /** Absent if only the files show it. */
  readonly shape?: ImageShape;
  /** Lowest and highest value; absent if only the files show it. */
  readonly range?: readonly [number, number];
  readonly splits: readonly Split[];
  /** Whether all images have class labels; absent if only the files show it. */
  readonly labeled?: boolean;
  /** For a set that the source knows by name: its classes. */
  readonly classes?: readonly ClassDescription[];
  /** Whether these are corrupted images that are read with their clean ones. */
  readonly holdsClean?: boolean;
  /** For a set that the source knows by name: how many images it has, before `limit`. */
  readonly counts?: Readonly<Record<Split, number>>;
}

/** The context in which a source reads. */
export type ReadContext<Settings> = Pick<
  StageContext<Settings>,
  'settings' | 'pipelineFolder' | 'signal' | 'progress' | 'log'
> & {
  /** Takes decoded images until the stage has written them. */
  readonly spool: Spool;
};

/**
 * A data source. Its keys are in `schemas/sources/<name>.json`; `sources.ts` finds it by name. Paths in settings are relative to
 * `folder`, the folder of the pipeline. Every process loads all sources, so modules that load slowly and are needed only by `inspect` or `read` are
 * imported there.
 */
export interface Source<Settings extends DatasetSettings = DatasetSettings> {
  /** Keys that say where files come from, not what is in them. Such a key has this meaning in every source. */
  readonly cosmetic?: readonly string[];

  describe(settings: Settings): SourceDescription;

  /** Problems in the settings that the schema does not detect. */
  check?(settings: Settings): readonly Finding[];

  /** The user's own files and folders, as written, by the settings that name them. */
  files?(settings: Settings): Readonly<Record<string, string | undefined>>;

  /**
   * The identity of the images for the cache key: hashes of the files' contents.
   *
   * @throws Failure `data-missing` if a file cannot be read
   */
  fingerprint(settings: Settings, folder: string): Promise<Json>;

  /**
   * Checks that the files exist and, if this is fast, their content. Does not throw for problems with them.
   *
   * @returns undefined if there is nothing to report
   */
  inspect(settings: Settings, folder: string): Promise<Inspection | undefined>;

  /** Whether `inspect` reads all images, so that a run need not repeat its warnings. False by default. */
  inspectsImages?(settings: Settings, folder: string): Promise<boolean>;

  /**
   * Reads all splits. Need not check shapes and labels, nor apply `limit`, `normalize` and `white_level`.
   *
   * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `interrupted`
   */
  read(context: ReadContext<Settings>): Promise<RawSplits>;
}

/** The files and folders that settings name. */
export function namedFiles<Settings extends DatasetSettings>(
  { files }: Pick<Source<Settings>, 'files'>,
  settings: Settings,
): readonly { readonly key: string; readonly path: string }[] {
  return Object.entries(files?.(settings) ?? {}).flatMap(([key, path]) =>
    path === undefined ? [] : [{ key, path }],
  );
}
