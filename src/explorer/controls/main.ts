/** The script of a page with models: it starts the controls where there are any. Its exports are `hourglass` in the page. */
import { open } from '../page/open.ts';
import { start } from './start.ts';

export { DamagedModel, open } from '../page/open.ts';

/** Starts the controls in a part of the page. */
export function startIn(part: ParentNode): void {
  for (const place of part.querySelectorAll<HTMLElement>('.explorer')) startAt(place);
}

function startAt(place: HTMLElement): void {
  const models = [...place.querySelectorAll<HTMLElement>('script.model')].map((element) => ({
    name: element.dataset['stage'] ?? '',
    open: () => open(element, place.querySelector('script.wasm')),
  }));
  start(place, models);
}

startIn(document);
