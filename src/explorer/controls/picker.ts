/** A choice of one of the images: radio buttons that look like them, so that the keyboard works as everywhere. */
import type { Player } from '../player.ts';
import { make, newId } from './dom.ts';
import { nameOfImage, thumbnail } from './picture.ts';

export class Picker {
  readonly element: HTMLFieldSetElement;
  readonly #inputs: readonly HTMLInputElement[];

  constructor(player: Player, legend: string, chosen: number, choose: (index: number) => void) {
    const name = newId();
    this.#inputs = Array.from({ length: player.data.images.count }, (_, index) => {
      const input = make('input', {
        type: 'radio',
        name,
        value: index,
        checked: index === chosen,
        'aria-label': nameOfImage(player, index),
      });
      input.addEventListener('change', () => choose(index));
      return input;
    });
    const choices = this.#inputs.map((input, index) =>
      make(
        'label',
        { title: nameOfImage(player, index) },
        input,
        thumbnail(player, player.image(index), 'input'),
      ),
    );
    this.element = make(
      'fieldset',
      { class: 'picker' },
      make('legend', {}, legend),
      make('div', { class: 'choices' }, ...choices),
    );
  }

  /** Marks an image as chosen without a call of `choose`; undefined: none. */
  mark(index: number | undefined): void {
    for (const [place, input] of this.#inputs.entries()) input.checked = place === index;
  }
}
