/** The map of latents: a place in the plane is chosen by pointer or keyboard, and decoded at once. */
import { CLASS_COLORS } from '../../figures/style.ts';
import { SIZE, colorsOf, frameFor, type Frame, type Place } from '../page/frame.ts';
import { quantized, nearestTo, type Latents } from '../page/latents.ts';
import { planeOf, type Plane } from '../page/plane.ts';
import type { Player } from '../player.ts';
import { make, onceAFrame, type Announcer } from './dom.ts';
import type { LatentState } from './latent-state.ts';
import { makeLegend } from './legend.ts';
import { MapDrawing, columnsFor, tileOf } from './map-drawing.ts';
import { nameOfImage, paint } from './picture.ts';
import { twoDecimals } from './slider.ts';

/** How near the pointer must be to a point for its image to be shown, in pixels of the map. */
const REACH = 14;
/** Steps of the arrow keys, as shares of the map's width. */
const STEP = 1 / 60;
const LARGE_STEP = 1 / 12;
/** Decoded images of the grid between two frames. */
const TILES_A_FRAME = 24;

const KEYS =
  'The arrow keys move the ring, with Shift in large steps. Page Up and Page Down go from image to image, Home goes to the mean.';

export class LatentMap {
  readonly element: HTMLElement;
  readonly #player: Player;
  readonly #latents: Latents;
  readonly #state: LatentState;
  readonly #announcer: Announcer;
  readonly #plane: Plane;
  readonly #frame: Frame;
  readonly #places: readonly Place[];
  readonly #colors: ReadonlyMap<number, string>;
  readonly #drawing = new MapDrawing();
  readonly #peek: HTMLElement;
  readonly #peekCanvas: HTMLCanvasElement;
  readonly #peekText: HTMLElement;
  /** The class that the reader picked in the legend. */
  #picked: number | undefined;
  #tiles: { readonly label: number | undefined; readonly images: ImageData[] } | undefined;
  #peeked = -1;
  readonly #redraw = onceAFrame(() => this.#drawHandle());
  readonly #redrawAll = onceAFrame(() => this.#drawAll());

  constructor(player: Player, latents: Latents, state: LatentState, announcer: Announcer) {
    this.#player = player;
    this.#latents = latents;
    this.#state = state;
    this.#announcer = announcer;
    this.#plane = planeOf(latents.all);
    const places = latents.all.map((latent) => this.#plane.place(latent));
    this.#frame = frameFor(places);
    this.#places = places.map((place) => this.#frame.toCanvas(place));
    this.#colors = colorsOf(latents.all.map((_, index) => player.labelOf(index)));
    const [height, width] = player.data.input;
    this.#peekCanvas = make('canvas', { width, height });
    this.#peekText = make('span', {});
    this.#peek = make('div', { class: 'peek', hidden: true }, this.#peekCanvas, this.#peekText);
    const { canvas } = this.#drawing;
    this.#addEvents(canvas);
    const grid = make('input', { type: 'checkbox' });
    grid.addEventListener('change', () => void this.#toggleTiles(grid.checked));
    this.element = make(
      'div',
      { class: 'latent-map' },
      make('div', { class: 'plot' }, canvas, this.#peek),
      makeLegend(player, this.#colors, (label) => {
        this.#picked = label;
        this.#redrawAll();
      }),
      make('label', { class: 'check' }, grid, 'Show decoded images all over the map'),
      make(
        'details',
        {},
        make('summary', {}, 'Axes and keys'),
        make('p', { class: 'quiet' }, this.#explanation()),
      ),
    );
    state.listen(() => {
      this.#redraw();
      if (this.#tiles !== undefined && this.#tiles.label !== state.chosen.label) void this.#toggleTiles(true);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', this.#redrawAll);
    this.#redrawAll();
  }

  /** What the map shows, and what keys do there. */
  #explanation(): string {
    if (this.#plane.kind === 'values') return `The axes are the two latent values. ${KEYS}`;
    const share = Math.round(100 * this.#plane.share);
    return `The axes are the first two principal components of the latents of the images, with ${share} % of their variance. A place on the map stands for the mean latent plus these two components. ${KEYS}`;
  }

  get #chosenPlace(): Place {
    const place = this.#frame.toCanvas(this.#plane.place(this.#state.chosen.latent));
    return [clamp(place[0]), clamp(place[1])];
  }

  /** @param place in pixels of the map */
  #choose(place: Place): void {
    const [x, y] = this.#frame.toPlane([clamp(place[0]), clamp(place[1])]);
    const latent = quantized(this.#plane.latentAt(x, y), this.#player.codes);
    this.#state.choose({ latent });
    const nearest = nameOfImage(this.#player, nearestTo(latent, this.#latents.all));
    this.#announcer.say(`${twoDecimals(x)}, ${twoDecimals(y)}; nearest is ${nearest}`);
  }

  #chooseImage(index: number): void {
    const latent = this.#latents.all[index];
    if (latent === undefined) return;
    this.#state.choose({ latent, image: index, label: this.#player.labelOf(index) });
    this.#showPeek(index);
    this.#announcer.say(nameOfImage(this.#player, index));
  }

  #addEvents(canvas: HTMLCanvasElement): void {
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-label', 'Map of latents');
    canvas.setAttribute('aria-roledescription', 'map');
    canvas.setAttribute('aria-description', KEYS);
    const placeOf = (event: PointerEvent): Place => {
      const box = canvas.getBoundingClientRect();
      return [
        ((event.clientX - box.left) / box.width) * SIZE,
        ((event.clientY - box.top) / box.height) * SIZE,
      ];
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#showPeek(-1);
      this.#choose(placeOf(event));
    });
    canvas.addEventListener('pointermove', (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#choose(placeOf(event));
      else this.#showPeek(this.#pointNear(placeOf(event)));
    });
    canvas.addEventListener('pointerleave', () => this.#showPeek(-1));
    canvas.addEventListener('blur', () => this.#showPeek(-1));
    canvas.addEventListener('keydown', (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (!this.#press(event.key, event.shiftKey)) return;
      event.preventDefault();
    });
  }

  /** Returns whether the key has a meaning here. */
  #press(key: string, isLarge: boolean): boolean {
    const [x, y] = this.#chosenPlace;
    const step = SIZE * (isLarge ? LARGE_STEP : STEP);
    const { image } = this.#state.chosen;
    const count = this.#latents.all.length;
    switch (key) {
      case 'ArrowLeft':
        this.#step([x - step, y]);
        return true;
      case 'ArrowRight':
        this.#step([x + step, y]);
        return true;
      case 'ArrowUp':
        this.#step([x, y - step]);
        return true;
      case 'ArrowDown':
        this.#step([x, y + step]);
        return true;
      case 'PageUp':
        this.#chooseImage(((image ?? 0) - 1 + count) % count);
        return true;
      case 'PageDown':
        this.#chooseImage(image === undefined ? 0 : (image + 1) % count);
        return true;
      case 'Home':
        this.#state.choose({ latent: quantized(this.#latents.mean, this.#player.codes) });
        this.#showPeek(-1);
        return true;
      case 'Escape':
        this.#showPeek(-1);
        return true;
      default:
        return false;
    }
  }

  #step(place: Place): void {
    this.#choose(place);
    this.#showPeek(this.#pointNear(this.#chosenPlace));
  }

  #pointNear([x, y]: Place): number {
    let [nearest, least] = [-1, REACH];
    for (const [index, [px, py]] of this.#places.entries()) {
      const distance = Math.hypot(px - x, py - y);
      if (distance < least) [nearest, least] = [index, distance];
    }
    return nearest;
  }

  /** Shows the image of a point beside it; -1: none. */
  #showPeek(index: number): void {
    if (index === this.#peeked) return;
    this.#peeked = index;
    const place = this.#places[index];
    this.#peek.hidden = place === undefined;
    if (place === undefined) return;
    paint(this.#peekCanvas, this.#player.paint(this.#player.image(index), 'input'));
    this.#peekText.textContent = nameOfImage(this.#player, index);
    const [x, y] = place.map((value) => (100 * value) / SIZE);
    // Beside the point, on the side where there is room.
    this.#peek.style.left = `${x ?? 0}%`;
    this.#peek.style.top = `${Math.min(80, Math.max(20, y ?? 0))}%`;
    this.#peek.classList.toggle('leftwards', (x ?? 0) > 50);
  }

  #drawAll(): void {
    const images = this.#tiles?.images;
    this.#drawing.drawBackground({
      points: this.#places.map((place, index) => {
        const label = this.#player.labelOf(index);
        return {
          place,
          color: (label === undefined ? undefined : this.#colors.get(label)) ?? CLASS_COLORS[0] ?? '',
          faint: this.#picked !== undefined && label !== this.#picked,
        };
      }),
      columns: columnsFor(this.#player),
      ...(images === undefined ? {} : { tiles: images }),
    });
    this.#drawHandle();
  }

  #drawHandle(): void {
    const style = getComputedStyle(this.element);
    this.#drawing.drawHandle(this.#chosenPlace, {
      ring: style.getPropertyValue('--accent'),
      halo: style.getPropertyValue('--surface'),
      line: style.getPropertyValue('--line'),
    });
  }

  /** Decodes the images of the grid, some for each frame, so that the page stays responsive. */
  async #toggleTiles(wanted: boolean): Promise<void> {
    if (!wanted) {
      this.#tiles = undefined;
      this.#redrawAll();
      return;
    }
    const { label } = this.#state.chosen;
    const tiles = { label, images: [] as ImageData[] };
    this.#tiles = tiles;
    const columns = columnsFor(this.#player);
    const side = SIZE / columns;
    for (let index = 0; index < columns ** 2; index++) {
      const [column, row] = [index % columns, Math.floor(index / columns)];
      const [x, y] = this.#frame.toPlane([(column + 0.5) * side, (row + 0.5) * side]);
      const latent = quantized(this.#plane.latentAt(x, y), this.#player.codes);
      tiles.images.push(tileOf(this.#player, this.#player.decode(latent, label)));
      if ((index + 1) % TILES_A_FRAME !== 0) continue;
      this.#redrawAll();
      await new Promise(requestAnimationFrame);
      // The reader chose something else meanwhile.
      if (this.#tiles !== tiles) return;
    }
    this.#redrawAll();
  }
}

function clamp(value: number): number {
  return Math.min(SIZE, Math.max(0, value));
}
