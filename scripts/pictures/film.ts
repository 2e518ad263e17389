/** Films the section "Explore" of a report as a reader uses it: the latent map, then a digit that is drawn and denoised. */
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';

/** Of the window and of the picture, in CSS pixels: the README is about as wide. */
const WIDTH = 900;
const HEIGHT = 730;
/** Pixels of the picture for a CSS pixel. */
const SCALE = 1.5;
/** Space around the section. */
const MARGIN = 16;

/** How long frames are shown, in milliseconds. */
const [MOVING, STOP, END] = [80, 900, 2800] as const;

type Place = readonly [x: number, y: number];

/** Places on the map, as shares of its width and height: zeros are at its left, ones at the top right. */
const MAP_PATH: readonly Place[] = [
  [0.71, 0.61],
  [0.55, 0.52],
  [0.24, 0.45],
  [0.12, 0.42],
  [0.32, 0.3],
  [0.62, 0.35],
  [0.9, 0.22],
  [0.82, 0.45],
  [0.62, 0.72],
];

/** An arrow, since screenshots show no pointer. */
const POINTER = 'M1 1v17l4.4-4.2 2.9 6.6 2.9-1.3-2.9-6.5h6z';

export interface Film {
  /** An animated WebP. */
  readonly animation: Buffer;
  /** Its last frame as PNG, for readers who want no motion. */
  readonly still: Buffer;
}

/** @param path of a report with a denoiser of digits */
export async function filmExplorer(browser: Browser, path: string): Promise<Film> {
  const page = await browser.newPage({
    viewport: { width: WIDTH, height: HEIGHT + 4 * MARGIN },
    deviceScaleFactor: SCALE,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  try {
    await page.goto(pathToFileURL(path).href);
    const camera = await Camera.on(page);
    await useMap(page, camera);
    await drawDigit(page, camera);
    return await camera.develop();
  } finally {
    await page.close();
  }
}

async function useMap(page: Page, camera: Camera): Promise<void> {
  await camera.click(page.getByRole('tab', { name: 'Latent map' }));
  const map = await boxOf(page.getByRole('application', { name: 'Map of latents' }));
  const path = curve(MAP_PATH, 6).map(([x, y]): Place => [map.x + x * map.width, map.y + y * map.height]);
  await camera.drag(path);
  camera.hold(STOP);
}

async function drawDigit(page: Page, camera: Camera): Promise<void> {
  await camera.click(page.getByRole('tab', { name: 'Denoise' }));
  await camera.click(page.getByRole('radio', { name: 'Draw one' }));
  const paper = await boxOf(page.getByRole('application', { name: /^Drawing of/ }));
  const three = [
    ...arc([0.46, 0.34], [0.17, 0.15], [200, 440], 11),
    ...arc([0.46, 0.65], [0.2, 0.17], [285, 520], 13),
  ];
  await camera.drag(three.map(([x, y]): Place => [paper.x + x * paper.width, paper.y + y * paper.height]));
  camera.hold(END);
}

/** The part of the window that is filmed. */
interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Takes a frame for each movement of the pointer. */
class Camera {
  readonly #page: Page;
  readonly #clip: Clip;
  readonly #frames: { readonly png: Buffer; milliseconds: number }[] = [];
  #at: Place;

  /** Scrolls to the tabs of the section, and begins with them. */
  static async on(page: Page): Promise<Camera> {
    const tabs = page.locator('#explore [role="tablist"]');
    await tabs.waitFor();
    await page.evaluate(
      `document.querySelector('#explore [role="tablist"]').scrollIntoView({ block: 'start' }); window.scrollBy(0, -${MARGIN})`,
    );
    await addPointer(page);
    const { x, y, width } = await boxOf(tabs);
    return new Camera(page, { x: x - MARGIN, y: y - MARGIN, width: width + 2 * MARGIN, height: HEIGHT });
  }

  private constructor(page: Page, clip: Clip) {
    this.#page = page;
    this.#clip = clip;
    this.#at = [clip.x + clip.width * 0.6, clip.y + clip.height * 0.6];
  }

  /** Presses the button at the first place, and releases it at the last. */
  async drag(path: readonly Place[]): Promise<void> {
    const [first] = path;
    if (first === undefined) return;
    await this.#moveTo(first);
    await this.#page.mouse.down();
    for (const place of path) await this.#step(place);
    await this.#page.mouse.up();
  }

  async click(target: Locator): Promise<void> {
    const { x, y, width, height } = await boxOf(target);
    await this.#moveTo([x + width / 2, y + height / 2]);
    await this.#page.mouse.down();
    await this.#page.mouse.up();
    // What a panel shows first may take several frames.
    await this.#page.waitForTimeout(500);
    await this.#shoot();
    this.hold(STOP / 2);
  }

  /** Shows the last frame for longer. */
  hold(milliseconds: number): void {
    const last = this.#frames.at(-1);
    if (last !== undefined) last.milliseconds += milliseconds;
  }

  async develop(): Promise<Film> {
    const pictures = this.#frames.map(({ png }) => png);
    const animation = await sharp(pictures, { join: { animated: true } })
      .webp({
        loop: 0,
        delay: this.#frames.map(({ milliseconds }) => milliseconds),
        quality: 80,
        effort: 4,
      })
      .toBuffer();
    return { animation, still: pictures.at(-1) ?? Buffer.alloc(0) };
  }

  /** In a few steps, slower at both ends. */
  async #moveTo([x, y]: Place): Promise<void> {
    const [fromX, fromY] = this.#at;
    const steps = Math.max(2, Math.round(Math.hypot(x - fromX, y - fromY) / 70));
    for (let step = 1; step <= steps; step++) {
      const share = (1 - Math.cos((Math.PI * step) / steps)) / 2;
      await this.#step([fromX + (x - fromX) * share, fromY + (y - fromY) * share]);
    }
  }

  async #step([x, y]: Place): Promise<void> {
    this.#at = [x, y];
    await this.#page.mouse.move(x, y);
    await this.#page.evaluate(`document.getElementById('film-pointer').style.translate = '${x}px ${y}px'`);
    await this.#shoot();
  }

  async #shoot(): Promise<void> {
    // The page draws in the next frame what has changed in this one.
    await this.#page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))',
    );
    const png = await this.#page.screenshot({ clip: this.#clip, caret: 'initial' });
    const last = this.#frames.at(-1);
    if (last?.png.equals(png) === true) last.milliseconds += MOVING;
    else this.#frames.push({ png, milliseconds: MOVING });
  }
}

async function addPointer(page: Page): Promise<void> {
  await page.evaluate(`{
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.id = 'film-pointer';
    svg.setAttribute('viewBox', '0 0 18 22');
    svg.innerHTML = '<path d="${POINTER}" fill="#1f2328" stroke="#ffffff" stroke-width="1.5" stroke-linejoin="round"/>';
    Object.assign(svg.style, { position: 'fixed', left: 0, top: 0, width: '22px', pointerEvents: 'none', zIndex: 99 });
    document.body.append(svg);
  }`);
}

async function boxOf(target: Locator) {
  const box = await target.boundingBox();
  if (box === null) throw new Error(`the report does not show ${String(target)}`);
  return box;
}

/** Places on an arc, clockwise; angles in degrees, 0 is at the right. */
function arc([x, y]: Place, [width, height]: Place, [from, to]: Place, count: number): readonly Place[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = ((from + ((to - from) * index) / (count - 1)) * Math.PI) / 180;
    return [x + width * Math.cos(angle), y + height * Math.sin(angle)];
  });
}

/** A smooth curve through points (Catmull and Rom), with so many places between two of them. */
function curve(points: readonly Place[], between: number): readonly Place[] {
  const at = (index: number): Place => points[Math.min(points.length - 1, Math.max(0, index))] ?? [0, 0];
  return Array.from({ length: (points.length - 1) * between + 1 }, (_, index) => {
    const [start, share] = [Math.floor(index / between), (index % between) / between];
    const value = (axis: 0 | 1): number => {
      const [a, b, c, d] = [-1, 0, 1, 2].map((step) => at(start + step)[axis]) as [
        number,
        number,
        number,
        number,
      ];
      return b + 0.5 * share * (c - a + share * (2 * a - 5 * b + 4 * c - d + share * (3 * (b - c) + d - a)));
    };
    return [value(0), value(1)];
  });
}
