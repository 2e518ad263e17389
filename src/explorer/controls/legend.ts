/** The classes of a map with their colours: a press shows only the points of one class. */
import type { Player } from '../player.ts';
import { make } from './dom.ts';

/** @param pick told the class that is to be seen; undefined: all */
export function makeLegend(
  player: Player,
  colors: ReadonlyMap<number, string>,
  pick: (label: number | undefined) => void,
): HTMLElement {
  let picked: number | undefined;
  const buttons = [...colors].map(([label, color]) => {
    const dot = make('span', { class: 'dot', 'aria-hidden': 'true' });
    dot.style.backgroundColor = color;
    const button = make('button', { type: 'button', 'aria-pressed': 'false' }, dot, player.className(label));
    button.addEventListener('click', () => {
      picked = picked === label ? undefined : label;
      for (const [place, other] of [...colors.keys()].entries())
        buttons[place]?.setAttribute('aria-pressed', String(other === picked));
      pick(picked);
    });
    return button;
  });
  return make('div', { class: 'legend', role: 'group', 'aria-label': 'Show only one class' }, ...buttons);
}
