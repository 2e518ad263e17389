/** Sliders for latent values. */
import { axesOfSliders, type Latents } from '../page/latents.ts';
import type { LatentState } from './latent-state.ts';
import { make, onceAFrame } from './dom.ts';
import { Slider } from './slider.ts';

export function makeSliders(latents: Latents, state: LatentState): HTMLElement {
  const axes = axesOfSliders(latents);
  const sliders = axes.map((axis) => {
    const [low, high] = latents.ranges[axis] ?? [0, 0];
    return new Slider({
      label: `Latent ${axis + 1}`,
      low,
      high,
      value: state.chosen.latent[axis] ?? 0,
      change: (value) => {
        const latent = state.chosen.latent.slice();
        latent[axis] = value;
        state.choose({ latent });
      },
    });
  });
  state.listen(
    onceAFrame(() => {
      for (const [place, slider] of sliders.entries()) {
        const value = state.chosen.latent[axes[place] ?? 0] ?? 0;
        // The slider that is being dragged already shows its value.
        if (Math.abs(slider.value - value) > 1e-6) slider.value = value;
      }
    }),
  );
  const some =
    axes.length === latents.mean.length
      ? `Each slider covers the range of its latent value over the images.`
      : `These are the ${axes.length} of ${latents.mean.length} latent values with the largest variance over the images. Each slider covers its range there.`;
  return make(
    'div',
    {},
    make('p', { class: 'quiet' }, some),
    make('div', { class: 'sliders' }, ...sliders.map(({ element }) => element)),
  );
}
