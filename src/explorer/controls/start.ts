/** Fills the section "Explore" with the controls of its models. */
import { summarize, type Latents } from '../page/latents.ts';
import type { Player } from '../player.ts';
import { labelled, make, makeSelect } from './dom.ts';
import { fillDenoiser } from './denoiser.ts';
import { fillInterpolation } from './interpolation.ts';
import { fillLatentSpace } from './latent-space.ts';
import { fillSamples } from './samples.ts';
import { makeTabs, type Tab } from './tabs.ts';

/** Images that are encoded between two frames, where the page does not contain their latents. */
const ENCODED_A_FRAME = 16;

export interface Model {
  /** The stage that trained it. */
  readonly name: string;
  open(): Promise<Player>;
}

/** @param models at least one; the first one is opened at once */
export function start(place: HTMLElement, models: readonly Model[]): void {
  const content = make('div');
  let current: Player | undefined;
  let wanted: Model | undefined;
  const show = async (model: Model): Promise<void> => {
    wanted = model;
    content.replaceChildren(make('p', { class: 'quiet', role: 'status' }, 'The model starts …'));
    let player: Player;
    try {
      player = await model.open();
      if (player.data.images.count === 0) throw new Error('the page has no images for it');
    } catch (error) {
      if (wanted !== model) return;
      content.replaceChildren(problem(error));
      return;
    }
    if (wanted !== model) {
      player.dispose();
      return;
    }
    current?.dispose();
    current = player;
    content.replaceChildren(makePanels(player), make('p', { class: 'quiet' }, precisionOf(player)));
  };
  if (models.length > 1) {
    const choose = (index: number): void => {
      const model = models[index];
      if (model !== undefined) void show(model);
    };
    place.append(
      labelled(
        'Model',
        makeSelect(
          models.map(({ name }) => name),
          choose,
        ),
      ),
    );
  }
  place.append(content);
  const [first] = models;
  if (first !== undefined) void show(first);
}

/** Shows in a panel why it has no controls: a damaged model may compute numbers that are not finite. */
function refuse(panel: HTMLElement): (error: unknown) => void {
  return (error) => panel.replaceChildren(problem(error));
}

function problem(error: unknown): HTMLElement {
  const reason = error instanceof Error ? error.message : String(error);
  return make('p', { class: 'note', role: 'alert' }, `The model cannot be used: ${reason}`);
}

function makePanels(player: Player): HTMLElement {
  const { data } = player;
  let latents: Promise<Latents> | undefined;
  const withLatents = (
    title: string,
    fill: (panel: HTMLElement, player: Player, latents: Latents) => void,
  ): Tab => {
    const panel = make('div', { class: 'panel' });
    const open = async (): Promise<void> => {
      panel.replaceChildren(make('p', { class: 'quiet' }, 'The images are encoded …'));
      latents ??= encodeAll(player);
      const known = await latents;
      panel.replaceChildren();
      fill(panel, player, known);
    };
    return { title, panel, open: () => void open().catch(refuse(panel)) };
  };
  const direct = (title: string, fill: (panel: HTMLElement, player: Player) => void): Tab => {
    const panel = make('div', { class: 'panel' });
    const open = (): void => {
      try {
        fill(panel, player);
      } catch (error) {
        refuse(panel)(error);
      }
    };
    return { title, panel, open };
  };
  const isDenoiser = data.denoiser && data.noise.length > 0;
  return makeTabs('What to try', [
    direct(isDenoiser ? 'Denoise' : 'Reconstruct', fillDenoiser),
    withLatents('Latent map', fillLatentSpace),
    withLatents('Interpolate', fillInterpolation),
    ...(data.prior === undefined ? [] : [direct('Samples', fillSamples)]),
  ]);
}

async function encodeAll(player: Player): Promise<Latents> {
  const all: Float32Array[] = [];
  for (let index = 0; index < player.data.images.count; index++) {
    all.push(player.latentOf(index));
    if ((index + 1) % ENCODED_A_FRAME === 0 && player.data.images.latents === undefined)
      await new Promise(requestAnimationFrame);
  }
  return summarize(all);
}

/** What computes, and how much of its precision the model has lost on its way into the page. */
function precisionOf({ engine, data: { weights } }: Player): string {
  const where = engine === 'webassembly' ? 'WebAssembly' : 'JavaScript, which is slower than WebAssembly';
  if (weights.type === 'float32') return `Computed by ${where}.`;
  const most =
    weights.error === undefined
      ? ''
      : `: outputs differ by at most ${(100 * weights.error).toPrecision(2)} % of their range`;
  return `Computed by ${where}, with weights rounded to 16 bits${most}.`;
}
