/**
 * Hourglass on Windows, without Windows: Node for Windows runs under Wine (Debian's packages `wine` and `wine64`). Paths, names,
 * links, open files, processes and syncing behave as on Windows; speed and terminals do not.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { cacheFolder } from '../../src/engine/tensorflow/location.ts';
import { installLibraries, installNode } from '../node-binaries.ts';

/** A version of Node for Windows that is known to run under Wine. */
const MAJOR = 20;

const SYSTEM = { os: 'win32', cpu: 'x64' } as const;

/** Between the outputs of two commands in one process. */
const END = '\u0004';

export interface Ended {
  /** Null if a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Presses Ctrl-C: every process of a console gets it, so also those that this one started. */
  interrupt(): void;
}

export interface Windows {
  /** Runs a JavaScript program with Node for Windows, in a folder of this system. */
  node(folder: string, args: readonly string[]): Started;
  /** Runs `hourglass <args>`. */
  hourglass(folder: string, args: readonly string[]): Started;
  /** Runs commands one after the other in one process: it takes a second to start one. */
  hourglassEach(folder: string, calls: readonly (readonly string[])[]): Promise<readonly Ended[]>;
  /** Kills remaining processes, and removes temporary files. */
  close(): void;
}

/** Why Wine is not available; undefined if it is. */
export function whyNoWine(): string | undefined {
  return spawnSync('wine', ['--version']).status === 0 ? undefined : 'Wine is not installed';
}

/** Wine's name for a path of this system. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** @throws Error with npm's output, if Node for Windows cannot be installed */
export function startWindows(): Windows {
  const binary = installNode(MAJOR, SYSTEM);
  const libraries = installLibraries(SYSTEM);
  const prefix = join(cacheFolder(), 'node', 'wine');
  mkdirSync(prefix, { recursive: true });
  const own = mkdtempSync(join(tmpdir(), 'hourglass-windows-'));
  const start = join(own, 'start.mjs');
  const main = new URL('dist/src/cli/main.js', `file:///Z:${packageRoot}/`).href;
  const load = `const { main } = await import(${JSON.stringify(main)});\n`;
  writeFileSync(start, `${load}process.exitCode = await main(process.argv.slice(2));\n`);
  const startEach = join(own, 'start-each.mjs');
  writeFileSync(
    startEach,
    `${load}process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);
for (const args of JSON.parse(process.argv[2])) {
  const code = await main(args);
  process.stderr.write(\`${END}\${code}${END}\`);
  process.stdout.write('${END}');
}
`,
  );
  const env = environment({
    WINEPREFIX: prefix,
    WINEDEBUG: '-all',
    // Wine would offer to install a browser and .NET.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    NODE_PATH: windowsPath(libraries),
    // Wine reports a Windows version that Node no longer supports.
    NODE_SKIP_PLATFORM_CHECK: '1',
    // The encoding of file names.
    LC_ALL: 'C.UTF-8',
    HOURGLASS_CACHE: windowsPath(join(own, 'cache')),
  });
  // The first start creates the Windows environment, and prints messages into the program's output.
  spawnSync('wine', ['wineboot', '--init'], { env, stdio: 'ignore' });
  const started: ChildProcess[] = [];
  let count = 0;
  const node = (folder: string, args: readonly string[]): Started => {
    count += 1;
    // Under Wine, Node can write to files, but not to pipes or terminals of this system.
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
    return { process: child, ended, interrupt: () => interruptAll(folder) };
  };
  return {
    node,
    hourglass: (folder, args) => node(folder, [windowsPath(start), ...args]),
    async hourglassEach(folder, calls) {
      const { stdout, stderr } = await node(folder, [windowsPath(startEach), JSON.stringify(calls)]).ended;
      const [results, rest] = [stdout.split(END), stderr.split(END)];
      // Without the end of what was printed, the process has ended before its time.
      return calls.map((_, index) => ({
        code: results.length > index + 1 ? Number(rest[2 * index + 1]) : null,
        stdout: results[index] ?? '',
        stderr: rest[2 * index] ?? '',
      }));
    },
    close() {
      for (const child of started) child.kill('SIGKILL');
      rmSync(own, { recursive: true, force: true });
    },
  };
}

/** Wine turns SIGINT into Windows' event of Ctrl-C, in each process that receives it. */
function interruptAll(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const isOurs =
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node.exe') &&
        readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
      if (isOurs) process.kill(Number(pid), 'SIGINT');
    } catch {
      // It has ended, or belongs to another user.
    }
  }
}

/** The environment without variables from npm and coverage, which contain paths of this system. */
function environment(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|FORCE_COLOR$)/.test(name));
  return { ...Object.fromEntries(kept), ...own };
}
