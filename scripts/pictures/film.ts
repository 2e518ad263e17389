/** A short animation of a report's section "Explore": a digit is drawn and denoised, then a place on the map of latents is moved. */
import { pathToFileURL } from 'node:url';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';

/** What is filmed, in CSS pixels from the top left of the tabs. */
const [WIDTH, HEIGHT] = [860, 588];
/** The width of the animation. */
const SHOWN_WIDTH = 688;
const COLORS = 48;
/** Milliseconds that a frame is shown, and the last one of a scene. */
const [FRAME, PAUSE] = [90, 1400];

type Place = readonly [x: number, y: number];

/** The digit 3, as places on the drawing from 0 to 1. */
const THREE: readonly Place[] = [
  ...arc([0.49, 0.34], [0.17, 0.15], -150, 90, 11),
  ...arc([0.49, 0.66], [0.2, 0.17], -90, 150, 13),
];

/** A way around the map. */
const WAY: readonly Place[] = arc([0.52, 0.48], [0.3, 0.24], 200, 560, 26);

/** @param path of a report whose model is a denoiser of digits */
export async function film(browser: Browser, path: string): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 1180, height: 900 }, colorScheme: 'light' });
  await page.goto(pathToFileURL(path).href);
  await page.getByRole('tab').first().waitFor();
  const frames: Buffer[] = [];
  const delays: number[] = [];
  const shoot = async (): Promise<void> => {
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    frames.push(await takeFrame(page));
    delays.push(FRAME);
  };
  const rest = (): void => {
    delays[delays.length - 1] = PAUSE;
  };
  await page.getByLabel('Draw one').check({ force: true });
  await shoot();
  await dragAlong(page, page.locator('.paper canvas'), THREE, shoot);
  await page.mouse.up();
  rest();
  await page.getByRole('tab', { name: 'Latent map' }).click();
  await page.getByLabel('Show decoded images').check();
  await page.waitForTimeout(1000);
  await dragAlong(page, page.locator('.plot > canvas'), WAY, shoot);
  rest();
  await page.close();
  return sharp(frames, { join: { animated: true } })
    .gif({ colours: COLORS, delay: delays, loop: 0, effort: 10, dither: 0, interFrameMaxError: 4 })
    .toBuffer();
}

/** The part of the page from its tabs, at the same place in each frame. */
async function takeFrame(page: Page): Promise<Buffer> {
  const tabs = await page.locator('.tabs').boundingBox();
  if (tabs === null) throw new Error('the report has no models');
  const clip = { x: tabs.x, y: tabs.y, width: WIDTH, height: HEIGHT };
  const picture = await page.screenshot({ clip, fullPage: false });
  return sharp(picture).resize({ width: SHOWN_WIDTH }).png().toBuffer();
}

/** Presses the mouse at the first place of a canvas and moves it over the others, with a frame at each. */
async function dragAlong(
  page: Page,
  canvas: Locator,
  places: readonly Place[],
  shoot: () => Promise<void>,
): Promise<void> {
  await page.locator('.tabs').evaluate((tabs: { scrollIntoView(): void }) => tabs.scrollIntoView());
  const box = await canvas.boundingBox();
  if (box === null) throw new Error('the report has no drawing, or no map');
  for (const [index, [x, y]] of places.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: index === 0 ? 1 : 3 });
    if (index === 0) await page.mouse.down();
    await shoot();
  }
}

/** Places on an ellipse; angles are in degrees, clockwise from the right. */
function arc(center: Place, radii: Place, from: number, to: number, count: number): readonly Place[] {
  return Array.from({ length: count }, (_, index) => {
    const angle = ((from + ((to - from) * index) / (count - 1)) * Math.PI) / 180;
    return [center[0] + radii[0] * Math.cos(angle), center[1] + radii[1] * Math.sin(angle)] as const;
  });
}
