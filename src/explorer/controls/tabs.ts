/** Panels of which one is shown, as tabs. */
import { make, newId } from './dom.ts';

export interface Tab {
  readonly title: string;
  readonly panel: HTMLElement;
  /** Called when the panel is shown for the first time. */
  readonly open?: () => void;
}

export function makeTabs(label: string, tabs: readonly Tab[]): HTMLElement {
  const opened = new Set<Tab>();
  const buttons = tabs.map(({ title, panel }) => {
    const id = newId();
    panel.id = newId();
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', id);
    return make('button', { type: 'button', role: 'tab', id, 'aria-controls': panel.id }, title);
  });
  const show = (chosen: number): void => {
    for (const [index, tab] of tabs.entries()) {
      const button = buttons[index];
      tab.panel.hidden = index !== chosen;
      button?.setAttribute('aria-selected', String(index === chosen));
      if (button !== undefined) button.tabIndex = index === chosen ? 0 : -1;
      if (index === chosen && !opened.has(tab)) {
        opened.add(tab);
        tab.open?.();
      }
    }
  };
  for (const [index, button] of buttons.entries()) {
    button.addEventListener('click', () => show(index));
    button.addEventListener('keydown', (event) => {
      const place = placeAfter(event.key, index, buttons.length);
      if (place === undefined) return;
      event.preventDefault();
      show(place);
      buttons[place]?.focus();
    });
  }
  show(0);
  const list = make('div', { class: 'tabs', role: 'tablist', 'aria-label': label }, ...buttons);
  return make('div', {}, list, ...tabs.map(({ panel }) => panel));
}

function placeAfter(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
      return (index + 1) % count;
    case 'ArrowLeft':
      return (index - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
