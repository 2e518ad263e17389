/** The live report of a run: `run --serve`. */
import { basename, join, resolve } from 'node:path';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import { notesOf } from '../../core/notes.ts';
import type { LiveServer } from '../../report/live/server.ts';

/**
 * Starts the live report of a run that is about to start.
 *
 * @param port true for any free port
 * @throws Failure `port-unavailable`
 */
export async function startLive(
  located: LocatedPipeline,
  outputs: string,
  port: number | true,
): Promise<LiveServer> {
  const { LiveServer } = await import('../../report/live/server.ts');
  const { name, description, seed, stages } = located.pipeline;
  return LiveServer.start(
    {
      folder: join(resolve(outputs), name),
      name,
      ...(description === undefined ? {} : { description }),
      notes: notesOf(located.resolved),
      file: basename(located.file),
      sources: [
        { file: basename(located.file), text: located.text },
        ...located.bases.map(({ name: file, text }) => ({ file, text })),
      ],
      seed,
      overrides: located.overrides,
      stages: [...stages].map(([stage, settings]) => ({
        name: stage,
        settings,
        inputs: Object.fromEntries(
          Object.keys(located.stageTypes.get(settings.type)?.inputs ?? {}).flatMap((key) => {
            const value = settings[key];
            return typeof value === 'string' ? [[key, value]] : [];
          }),
        ),
      })),
    },
    port === true ? 0 : port,
  );
}
