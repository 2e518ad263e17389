/**
 * The pictures of the documents, from runs:
 *
 *     npm run docs:pictures             # all; results in the cache are reused
 *     npm run docs:pictures -- NAME…    # only those of these pipelines, such as `quickstart`
 *
 * Figures are copied from the outputs; screenshots of pages are taken in Chromium. `scripts/adaptive-sweeps.ts` draws another one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import sharp from 'sharp';
import { packageRoot } from '../../src/core/package-root.ts';
import { filmExplorer, type Film } from './film.ts';
import { PICTURES, type Page, type Picture } from './list.ts';

const IMAGES = join(packageRoot, 'docs', 'images');

/** Pixels above an element with which a screenshot begins. */
const MARGIN = 16;

function runPipeline({ pipeline, set = [] }: Picture, command: 'run' | 'sweep'): void {
  const args = [command, pipeline, ...set.flatMap((setting) => ['-S', setting])];
  const { status } = spawnSync(process.execPath, [join(packageRoot, 'bin', 'hourglass.js'), ...args], {
    cwd: packageRoot,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`hourglass ${args.join(' ')} ended with ${status}`);
}

async function startBrowser(): Promise<Browser> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const program = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
  if (program === undefined) throw new Error('Chromium is not installed: `bash .ci/packages` does it');
  // Chromium's sandbox does not work as root, as in containers.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: program, args });
}

async function photograph(
  browser: Browser,
  path: string,
  { width, since, until, scale = 1 }: Page,
): Promise<Buffer> {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    deviceScaleFactor: scale,
    colorScheme: 'light',
  });
  await page.goto(pathToFileURL(path).href);
  const topOf = async (selector: string): Promise<number> => {
    const box = await page.locator(selector).boundingBox();
    if (box === null) throw new Error(`${path} has no ${selector}`);
    return Math.floor(box.y);
  };
  const y = since === undefined ? 0 : (await topOf(since)) - MARGIN;
  const clip = { x: 0, y, width, height: (await topOf(until)) - y };
  const picture = await page.screenshot({ fullPage: true, clip });
  await page.close();
  return picture;
}

const films = new Map<string, Promise<Film>>();

/** Filming takes a minute, and gives two pictures. */
function filmOnce(browser: Browser, path: string): Promise<Film> {
  const film = films.get(path) ?? filmExplorer(browser, path);
  films.set(path, film);
  return film;
}

async function main(names: readonly string[]): Promise<void> {
  const wanted = PICTURES.filter(
    ({ pipeline }) => names.length === 0 || names.includes(basename(pipeline, '.yaml')),
  );
  const browser = await startBrowser();
  const done = new Set<string>();
  for (const item of wanted) {
    const { file, pipeline, from, set = [], page } = item;
    const name = basename(pipeline, '.yaml');
    const run = [pipeline, ...set].join(' ');
    if (!done.has(run)) runPipeline(item, name.endsWith('-sweep') ? 'sweep' : 'run');
    done.add(run);
    const source = join(packageRoot, 'outputs', name, from);
    const target = join(IMAGES, file);
    const picture =
      item.film !== undefined
        ? (await filmOnce(browser, source))[item.film]
        : page === undefined
          ? readFileSync(source)
          : await photograph(browser, source, page);
    // At most 256 colours: a third of the size, without a visible difference.
    writeFileSync(
      target,
      file.endsWith('.png') ? await sharp(picture).png({ palette: true }).toBuffer() : picture,
    );
    process.stdout.write(`docs/images/${file}\n`);
  }
  await browser.close();
}

await main(process.argv.slice(2));
