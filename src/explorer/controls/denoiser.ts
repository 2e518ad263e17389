/** The panel of the denoiser: an image or a drawing gets noise, and the model's output is compared with it. */
import { formatNumber } from '../../core/format.ts';
import { FULL_COLOR, differenceColors, likenessOf, type Likeness } from '../page/likeness.ts';
import type { Player } from '../player.ts';
import { Announcer, labelled, make, makeSelect, newId, onceAFrame } from './dom.ts';
import { Drawing } from './drawing.ts';
import { NoiseControls } from './noise.ts';
import { Picker } from './picker.ts';
import { Picture, nameOfImage, paint } from './picture.ts';

export function fillDenoiser(panel: HTMLElement, player: Player): void {
  const { data } = player;
  const comparable = data.input.join() === data.output.join();
  const kind = comparable ? 'output' : 'input';
  const span = data.outputRange[1] - data.outputRange[0];
  let image = 0;
  let isDrawing = false;
  let label = player.labelOf(0);

  const announcer = new Announcer();
  const clean = new Picture(data.input, 'Original');
  const noisy = new Picture(data.input, 'Input, with noise');
  const output = new Picture(data.output, 'Output of the model');
  const error = new Picture(data.output, 'Error');
  const table = new LikenessTable();

  const redraw = onceAFrame(() => {
    const original = isDrawing ? drawing.pixels : player.image(image);
    const { settings, seed } = noise.chosen;
    const input = settings === undefined ? original : player.addNoise(original, settings, seed);
    const result = player.reconstruct(input, label);
    clean.show(player, original, kind);
    clean.describe(isDrawing ? 'Your drawing' : `Original: ${nameOfImage(player, image)}`);
    noisy.show(player, input, kind);
    noisy.element.hidden = settings === undefined;
    results.classList.toggle('in-a-row', comparable && settings === undefined);
    output.show(player, result, 'output');
    if (!comparable) return;
    paint(error.canvas, differenceColors(result, original, data.output[2], span));
    const after = likenessOf(result, original, span);
    table.show(settings === undefined ? undefined : likenessOf(input, original, span), after);
    announcer.say(`Output: ${decibels(after.psnr)}, mean squared error ${formatNumber(after.mse)}`);
  });
  const noise = new NoiseControls(player, redraw);
  const drawing = new Drawing(player, redraw);
  const classes = classField(player, label, (chosen) => {
    label = chosen;
    redraw();
  });
  const picker = new Picker(player, 'Image', image, (index) => {
    image = index;
    label = player.labelOf(index);
    classes?.show(label);
    redraw();
  });
  const sources = makeSources(data.images.split, (drawn) => {
    isDrawing = drawn;
    picker.element.hidden = drawn;
    drawing.element.hidden = !drawn;
    redraw();
  });
  drawing.element.hidden = true;

  const results = make('div', { class: 'pictures' }, clean.element, noisy.element, output.element);
  const measured: HTMLElement[] = [];
  if (comparable) {
    results.append(error.element);
    error.describe('Error: blue too low, orange too high');
    const [low, high] = data.outputRange;
    measured.push(
      table.element,
      make(
        'p',
        { class: 'quiet' },
        `Distances from the original. Pixels range from ${low} to ${high}; the error has its full colour from ${Number((FULL_COLOR * span).toPrecision(3))}.`,
      ),
    );
  }
  panel.append(
    make(
      'div',
      { class: 'workbench' },
      make(
        'div',
        { class: 'source' },
        sources,
        picker.element,
        drawing.element,
        ...(classes === undefined ? [] : [classes.element]),
      ),
      make('div', { class: 'results' }, results, ...measured),
      noise.element,
    ),
    announcer.element,
  );
  redraw();
}

/** Whether an image of the data or a drawing goes in. */
function makeSources(split: 'train' | 'test', choose: (isDrawing: boolean) => void): HTMLElement {
  const name = newId();
  const choices = [split === 'test' ? 'A test image' : 'A training image', 'Draw one'].map((text, index) => {
    const input = make('input', { type: 'radio', name, checked: index === 0 });
    input.addEventListener('change', () => choose(index === 1));
    return make('label', {}, input, make('span', {}, text));
  });
  return make('fieldset', { class: 'segments' }, make('legend', {}, 'Original'), ...choices);
}

interface ClassField {
  readonly element: HTMLElement;
  show(label: number | undefined): void;
}

/** The class that a conditional model is told. */
function classField(
  player: Player,
  label: number | undefined,
  choose: (label: number) => void,
): ClassField | undefined {
  const { classes } = player.data;
  if (classes === undefined) return undefined;
  const select = makeSelect(
    Array.from({ length: classes }, (_, index) => player.className(index)),
    choose,
  );
  const show = (chosen: number | undefined): void => {
    select.value = String(chosen ?? 0);
  };
  show(label);
  return { element: labelled('Class, as the model is told', select), show };
}

/** The distances of input and output from the original. */
class LikenessTable {
  readonly element: HTMLTableElement;
  readonly #rows = [newRow('Input'), newRow('Output')] as const;

  constructor() {
    const heads = ['Mean squared error', 'Signal to noise (PSNR)'].map((text) =>
      make('th', { scope: 'col', class: 'number' }, text),
    );
    this.element = make(
      'table',
      { class: 'likeness' },
      make('thead', {}, make('tr', {}, make('td'), ...heads)),
      make('tbody', {}, ...this.#rows.map(({ row }) => row)),
    );
  }

  show(before: Likeness | undefined, after: Likeness): void {
    const [first, second] = this.#rows;
    first.row.hidden = before === undefined;
    if (before !== undefined) fill(first, before);
    fill(second, after);
  }
}

interface Row {
  readonly row: HTMLTableRowElement;
  readonly mse: HTMLTableCellElement;
  readonly psnr: HTMLTableCellElement;
}

function newRow(name: string): Row {
  const [mse, psnr] = [make('td', { class: 'number' }), make('td', { class: 'number' })];
  return { row: make('tr', {}, make('th', { scope: 'row' }, name), mse, psnr), mse, psnr };
}

function fill({ mse, psnr }: Row, likeness: Likeness): void {
  mse.textContent = formatNumber(likeness.mse);
  psnr.textContent = decibels(likeness.psnr);
}

function decibels(psnr: number): string {
  return `${psnr.toFixed(1)} dB`;
}
