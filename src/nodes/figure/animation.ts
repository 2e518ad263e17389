/** `kind: animation`: the previews of a training, in order. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnimationFigureSettings, FigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { encodeAnimation } from '../../figures/animation.ts';
import type { Figure } from '../../figures/figure.ts';
import { withTitle } from '../../figures/header.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';

/** How many times longer than the others the last epoch is shown. */
const HOLD = 8;

/** Writes `figure.gif`, and returns its last frame. */
export async function drawAnimation(
  { inputs, folder, signal, progress }: StageContext<FigureSettings>,
  { delay, title }: AnimationFigureSettings,
): Promise<Figure> {
  const { stage, folder: trained } = requireInput(inputs, 'model');
  const previews = join(trained, 'previews');
  const names = (await readdir(previews).catch(() => []))
    .filter((name) => /^epoch-\d+\.svg$/.test(name))
    .sort();
  const frames: Figure[] = [];
  for (const name of names) {
    frames.push(withTitle(asFigure(await readFile(join(previews, name), 'utf8'), name), title));
  }
  const last = frames.at(-1);
  if (last === undefined) {
    throw failure('data-missing', `\`${stage}\` drew no previews`, 'give it the setting `preview: {}`');
  }
  const delays = frames.map((frame) => (frame === last ? HOLD * delay : delay));
  const onFrame = (done: number): void => {
    if (signal.aborted) throw failure('interrupted', 'stopped while drawing frames');
    progress({ text: `frame ${done} of ${frames.length}`, fraction: done / frames.length });
  };
  await writeFile(join(folder, 'figure.gif'), await encodeAnimation(frames, delays, onFrame));
  return last;
}

/** A preview as a figure, with the size that its SVG states. */
function asFigure(svg: string, name: string): Figure {
  const [, width, height] = /^<svg [^>]*\bwidth="(\d{1,5})" height="(\d{1,5})"/.exec(svg) ?? [];
  if (width === undefined || height === undefined) {
    throw failure('data-corrupt', `\`${name}\` is not a preview written by a training`);
  }
  return { svg, width: Number(width), height: Number(height) };
}
