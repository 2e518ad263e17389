/**
 * Hourglass on Windows, without Windows: Node for Windows runs under Wine, Debian's packages `wine` and `wine64`. What this shows is real of
 * paths, names, links, open files, processes and syncing; speed and terminals are Wine's own.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { cacheFolder } from '../../src/engine/tensorflow/location.ts';
import { installLibraries, installNode } from '../node-binaries.ts';

/** The version of Node whose build for Windows Wine is known to run. */
const MAJOR = 20;

const SYSTEM = { os: 'win32', cpu: 'x64' } as const;

export interface Ended {
  /** Null if a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Windows {
  /** Runs a program of JavaScript with Node for Windows, in a folder of this system. */
  node(folder: string, args: readonly string[]): Started;
  /** Runs `hourglass <args>`. */
  hourglass(folder: string, args: readonly string[]): Started;
  /** Ends what is left, and removes what the runs were given. */
  close(): void;
}

/** Why there is no Wine here; undefined if there is. */
export function whyNoWine(): string | undefined {
  return spawnSync('wine', ['--version']).status === 0 ? undefined : 'Wine is not installed';
}

/** How Wine names a path of this system. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** @throws Error with what npm said, if Node for Windows cannot be had */
export function startWindows(): Windows {
  const binary = installNode(MAJOR, SYSTEM);
  const libraries = installLibraries(SYSTEM);
  const prefix = join(cacheFolder(), 'node', 'wine');
  mkdirSync(prefix, { recursive: true });
  const own = mkdtempSync(join(tmpdir(), 'hourglass-windows-'));
  const start = join(own, 'start.mjs');
  const main = new URL('dist/src/cli/main.js', `file:///Z:${packageRoot}/`).href;
  writeFileSync(
    start,
    `const { main } = await import(${JSON.stringify(main)});\nprocess.exitCode = await main(process.argv.slice(2));\n`,
  );
  const env = environment({
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // Wine would offer to install a browser and .NET.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_PATH: windowsPath(libraries),
    // Wine says that it is a Windows which Node supports no more.
    NODE_SKIP_PLATFORM_CHECK: '1',
    // Names of files are taken for what this says.
    LC_ALL: 'C.UTF-8',
    HOURGLASS_CACHE: windowsPath(join(own, 'cache')),
  });
  // Its first start makes a Windows, and says so where a program's words belong.
  spawnSync('wine', ['wineboot', '--init'], { env, stdio: 'ignore' });
  const started: ChildProcess[] = [];
  let count = 0;
  const node = (folder: string, args: readonly string[]): Started => {
    count += 1;
    // Node under Wine can write to files, but to no pipe or terminal of this system.
    const [out, err] = [join(own, `${count}.out`), join(own, `${count}.err`)];
    const files = [openSync(out, 'w'), openSync(err, 'w')] as const;
    const child = spawn('wine', [binary, ...args], { cwd: folder, env, stdio: ['ignore', ...files] });
    files.forEach(closeSync);
    started.push(child);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) =>
        resolve({ code, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }),
      );
    });
    return { process: child, ended };
  };
  return {
    node,
    hourglass: (folder, args) => node(folder, [windowsPath(start), ...args]),
    close() {
      for (const child of started) child.kill('SIGKILL');
      rmSync(own, { recursive: true, force: true });
    },
  };
}

/** The environment without what npm and the measuring of coverage put there, which mean paths of this system. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|FORCE_COLOR$)/.test(name));
  return { ...Object.fromEntries(kept), ...own };
}
