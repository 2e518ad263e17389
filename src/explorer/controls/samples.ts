/** The panel of samples: images decoded from latents that are drawn from the prior. */
import type { Player } from '../player.ts';
import { Announcer, labelled, make, makeButton, makeNumberField, makeSelect, onceAFrame } from './dom.ts';
import { paint } from './picture.ts';

const SAMPLES = 24;

export function fillSamples(panel: HTMLElement, player: Player): void {
  const { output, classes } = player.data;
  const [height, width] = output;
  let seed = 1;
  /** Undefined: each class in turn. */
  let label: number | undefined;
  const announcer = new Announcer();
  const canvases = Array.from({ length: SAMPLES }, () =>
    make('canvas', { width, height, 'aria-hidden': 'true' }),
  );
  const grid = make('div', { class: 'samples', role: 'img' }, ...canvases);
  const redraw = onceAFrame(() => {
    for (const [index, canvas] of canvases.entries()) {
      const latent = player.drawLatent(seed * SAMPLES + index);
      const own = classes === undefined ? undefined : (label ?? index % classes);
      paint(canvas, player.paint(player.decode(latent, own), 'output'));
    }
    const of = label === undefined ? '' : ` of the class ${player.className(label)}`;
    grid.setAttribute('aria-label', `${SAMPLES} samples${of} with seed ${seed}`);
  });
  const field = makeNumberField(seed, (value) => {
    seed = value;
    redraw();
  });
  const controls: HTMLElement[] = [
    makeButton('Draw new samples', () => {
      seed += 1;
      field.value = String(seed);
      announcer.say(`new samples with seed ${seed}`);
      redraw();
    }),
    labelled('Seed', field),
  ];
  if (classes !== undefined) {
    const names = Array.from({ length: classes }, (_, index) => player.className(index));
    const select = makeSelect(['Each in turn', ...names], (choice) => {
      label = choice === 0 ? undefined : choice - 1;
      redraw();
    });
    controls.push(labelled('Class', select));
  }
  panel.append(
    make(
      'p',
      { class: 'quiet' },
      'Latents are drawn from the prior, a normal distribution with mean 0 and standard deviation 1, and decoded: images that nobody made. The same seed gives the same images.',
    ),
    make('div', { class: 'actions' }, ...controls),
    grid,
    announcer.element,
  );
  redraw();
}
