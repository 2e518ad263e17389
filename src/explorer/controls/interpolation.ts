/** The panel of interpolation: the straight way between the latents of two images, decoded. */
import { between, quantized, type Latents } from '../page/latents.ts';
import type { Player } from '../player.ts';
import { Announcer, make, makeButton, onceAFrame } from './dom.ts';
import { Picker } from './picker.ts';
import { Picture, nameOfImage, paint } from './picture.ts';
import { Slider } from './slider.ts';

/** Decoded images in the strip, with both ends. */
const STEPS = 11;

export function fillInterpolation(panel: HTMLElement, player: Player, latents: Latents): void {
  const { images, output } = player.data;
  const ends = { from: 0, to: Math.max(0, firstOfOtherClass(player)) };
  let share = 0.5;
  const announcer = new Announcer();
  const [height, width] = output;
  const strip = Array.from({ length: STEPS }, () => make('canvas', { width, height, 'aria-hidden': 'true' }));
  const from = new Picture(player.data.input, 'From');
  const middle = new Picture(output, 'Decoded');
  const to = new Picture(player.data.input, 'To');

  const decode = (part: number): Float32Array => {
    const [one, other] = [latents.all[ends.from], latents.all[ends.to]];
    if (one === undefined || other === undefined) throw new RangeError('there is no such image');
    // A class has no half: the nearer end's is taken.
    const label = player.labelOf(part < 0.5 ? ends.from : ends.to);
    return player.decode(quantized(between(one, other, part), player.codes), label);
  };
  const redrawMiddle = onceAFrame(() => {
    middle.show(player, decode(share), 'output');
    const percent = `${Math.round(100 * share)} %`;
    middle.describe(`Decoded at ${percent} of the way`);
    for (const [step, canvas] of strip.entries())
      canvas.classList.toggle('near', step === Math.round(share * (STEPS - 1)));
  });
  const redrawEnds = onceAFrame(() => {
    for (const [picture, index, word] of [
      [from, ends.from, 'From'],
      [to, ends.to, 'To'],
    ] as const) {
      picture.show(player, player.image(index), 'input');
      picture.describe(`${word} ${nameOfImage(player, index)}`);
    }
    for (const [step, canvas] of strip.entries())
      paint(canvas, player.paint(decode(step / (STEPS - 1)), 'output'));
    redrawMiddle();
  });
  const slider = new Slider({
    label: 'Position',
    low: 0,
    high: 1,
    value: share,
    step: 0.01,
    text: (value) => `${Math.round(100 * value)} %`,
    change: (value) => {
      share = value;
      redrawMiddle();
    },
  });
  const pickers = {
    from: new Picker(player, 'From', ends.from, (index) => chooseEnds({ from: index })),
    to: new Picker(player, 'To', ends.to, (index) => chooseEnds({ to: index })),
  };
  const chooseEnds = (change: Partial<typeof ends>): void => {
    Object.assign(ends, change);
    pickers.from.mark(ends.from);
    pickers.to.mark(ends.to);
    announcer.say(`from ${nameOfImage(player, ends.from)} to ${nameOfImage(player, ends.to)}`);
    redrawEnds();
  };
  panel.append(
    make(
      'p',
      { class: 'quiet' },
      `The latents of two ${images.split === 'test' ? 'test' : 'training'} images are joined by a straight line. The decoder shows what lies on it${player.codes === undefined ? '' : ', with the nearest codes'}.`,
    ),
    make('div', { class: 'ways' }, from.element, middle.element, to.element),
    slider.element,
    make('div', { class: 'strip' }, ...strip),
    make('div', { class: 'pair' }, pickers.from.element, pickers.to.element),
    make(
      'div',
      { class: 'actions' },
      makeButton('Swap the ends', () => chooseEnds({ from: ends.to, to: ends.from })),
    ),
    announcer.element,
  );
  redrawEnds();
}

/** An image that is not of the class of the first; without labels, the second image. */
function firstOfOtherClass(player: Player): number {
  const { count } = player.data.images;
  const first = player.labelOf(0);
  const others = Array.from({ length: count }, (_, index) => index).slice(1);
  return others.find((index) => player.labelOf(index) !== first || first === undefined) ?? count - 1;
}
