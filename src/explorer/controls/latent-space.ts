/** The panel of the latent space: the map, the decoded image and the sliders, which show one chosen latent. */
import { nearestTo, quantized, type Latents } from '../page/latents.ts';
import type { Player } from '../player.ts';
import { Announcer, labelled, make, makeButton, makeSelect, onceAFrame } from './dom.ts';
import { LatentState } from './latent-state.ts';
import { LatentMap } from './map.ts';
import { Picker } from './picker.ts';
import { Picture, nameOfImage } from './picture.ts';
import { makeSliders } from './sliders.ts';

export function fillLatentSpace(panel: HTMLElement, player: Player, latents: Latents): void {
  const state = new LatentState({
    latent: latents.all[0] ?? latents.mean,
    label: player.labelOf(0),
    image: 0,
  });
  const announcer = new Announcer();
  const decoded = new Picture(player.data.output, 'Decoded');
  const nearest = new Picture(player.data.input, 'Nearest image');
  const picker = new Picker(player, 'Start from an image', 0, (image) => {
    const latent = latents.all[image];
    if (latent !== undefined) state.choose({ latent, image, label: player.labelOf(image) });
  });
  const classes = classField(player, state);
  const redraw = onceAFrame(() => {
    const { latent, label, image } = state.chosen;
    decoded.show(player, player.decode(latent, label), 'output');
    const index = image ?? nearestTo(latent, latents.all);
    nearest.show(player, player.image(index), 'input');
    nearest.describe(
      image === undefined
        ? `Nearest: ${nameOfImage(player, index)}`
        : `Original: ${nameOfImage(player, index)}`,
    );
    picker.mark(image);
  });
  state.listen(redraw);
  redraw();
  const results = [
    make('div', { class: 'pictures' }, decoded.element, nearest.element),
    make(
      'div',
      { class: 'choice' },
      make(
        'div',
        { class: 'actions' },
        makeButton('Go to the mean', () => state.choose({ latent: quantized(latents.mean, player.codes) })),
        ...(classes === undefined ? [] : [classes]),
      ),
      picker.element,
    ),
  ];
  // One value is a line, which its slider shows.
  const map = latents.mean.length > 1 ? new LatentMap(player, latents, state, announcer) : undefined;
  panel.append(
    ...(map === undefined
      ? results
      : [
          make('p', { class: 'quiet' }, introduction(player)),
          make('div', { class: 'beside' }, map.element, ...results),
        ]),
    // Single values of codes have no meaning of their own.
    ...(player.codes === undefined ? [makeSliders(latents, state)] : []),
    announcer.element,
  );
}

function introduction({ data: { images } }: Player): string {
  const kind = images.split === 'test' ? 'test' : 'training';
  return `Drag the ring: the latent at its place is decoded at once. Each point is one of ${images.count} ${kind} images.`;
}

/** The class of which a conditional model decodes an image. */
function classField(player: Player, state: LatentState): HTMLElement | undefined {
  const { classes } = player.data;
  if (classes === undefined) return undefined;
  const names = Array.from({ length: classes }, (_, label) => player.className(label));
  const select = makeSelect(names, (label) => state.choose({ label }));
  state.listen(({ label }) => (select.value = String(label ?? 0)));
  select.value = String(state.chosen.label ?? 0);
  return labelled('Class', select);
}
