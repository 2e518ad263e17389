/** A real Slurm of one node, on loopback and ports of its own, for as long as a test file runs. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MILLISECONDS = 30_000;

/** Why there can be no Slurm here; undefined if there can. */
export function whyNoSlurm(): string | undefined {
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter((name) => !has(name));
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (.ci/packages installs them)`;
  return process.getuid?.() === 0 ? undefined : 'Slurm’s daemons need root here';
}

type Daemon = 'munged' | 'slurmctld' | 'slurmd';

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'hourglass-slurm-'));
  readonly #node = hostname().split('.')[0] ?? 'localhost';
  readonly #daemons = new Map<Daemon, ChildProcess>();

  /** For the command line under test. */
  get env(): Readonly<Record<string, string>> {
    return { SLURM_CONF: join(this.folder, 'slurm.conf') };
  }

  async start(): Promise<void> {
    chmodSync(this.folder, 0o755);
    for (const name of ['munge', 'state', 'spool', 'log'])
      mkdirSync(join(this.folder, name), { mode: 0o700 });
    writeFileSync(join(this.folder, 'munge', 'key'), randomBytes(128), { mode: 0o400 });
    writeFileSync(join(this.folder, 'slurm.conf'), await this.#settings());
    await this.startDaemon('munged');
    await this.startDaemon('slurmctld');
    await this.startDaemon('slurmd');
    await this.until(() => this.ask('sinfo', ['-h', '-o', '%T']).trim() === 'idle', 'a node that is idle');
  }

  async startDaemon(name: Daemon): Promise<void> {
    const at = (...parts: readonly string[]): string => join(this.folder, ...parts);
    const args = {
      munged: [
        '--foreground',
        `--key-file=${at('munge', 'key')}`,
        `--socket=${at('munge.sock')}`,
        `--pid-file=${at('munge', 'pid')}`,
        `--seed-file=${at('munge', 'seed')}`,
      ],
      slurmctld: ['-D', '-f', at('slurm.conf')],
      slurmd: ['-D', '-f', at('slurm.conf'), '-N', this.#node],
    }[name];
    const log = openSync(at('log', name), 'a');
    this.#daemons.set(
      name,
      spawn(name, args, { stdio: ['ignore', log, log], env: { ...process.env, ...this.env } }),
    );
    if (name === 'munged') {
      await this.until(() => this.ask('munge', ['-S', at('munge.sock'), '-n']) !== '', 'munged');
    }
  }

  /** `kill -9`, or a quieter signal, and waits for the end. */
  async killDaemon(name: Daemon, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.on('close', resolve));
    daemon.kill(signal);
    await Promise.race([ended, sleep(5000)]);
    if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill('SIGKILL');
    this.#daemons.delete(name);
  }

  /** What a command of Slurm prints; empty if it does not succeed. */
  ask(command: string, args: readonly string[]): string {
    try {
      return execFileSync(command, args, {
        env: { ...process.env, ...this.env },
        encoding: 'utf8',
        timeout: 10_000,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      return '';
    }
  }

  /** Numbers of the jobs that wait or run, or that run; `17_0` those of the members of an array. */
  jobs(which: 'all' | 'RUNNING'): readonly string[] {
    const state = which === 'all' ? [] : ['-t', which];
    const lines = this.ask('squeue', ['-h', '-r', ...state, '-o', '%i']).split('\n');
    return lines.map((line) => line.trim()).filter((line) => line !== '');
  }

  /** Waits until slurmctld, which does so every few seconds, has written down the jobs that it has now. */
  async untilSaved(): Promise<void> {
    const now = Date.now();
    const file = join(this.folder, 'state', 'job_state');
    // It writes only what has changed since.
    this.ask('scontrol', ['reconfigure']);
    await this.until(() => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > now, 'saved jobs');
  }

  /** What a kill does that comes before slurmctld has written down its jobs. */
  forgetJobs(): void {
    for (const name of ['job_state', 'job_state.old'])
      rmSync(join(this.folder, 'state', name), { force: true });
  }

  async until(holds: () => boolean, what: string, milliseconds = START_MILLISECONDS): Promise<void> {
    const started = performance.now();
    while (!holds()) {
      if (performance.now() - started > milliseconds) throw new Error(`no ${what}\n${this.#logs()}`);
      await sleep(100);
    }
  }

  /** Ends the jobs first: they outlive the daemons. */
  async stop(): Promise<void> {
    try {
      if (this.#daemons.has('slurmctld') && this.#daemons.has('slurmd')) {
        this.ask('scancel', ['--user=root']);
        await this.until(() => this.ask('squeue', ['-h']) === '', 'empty queue').catch(() => undefined);
      }
    } finally {
      for (const name of ['slurmd', 'slurmctld', 'munged'] as const) await this.killDaemon(name, 'SIGTERM');
      rmSync(this.folder, { recursive: true, force: true });
    }
    await this.until(() => this.#processes().length === 0, 'end of what Slurm started').finally(() => {
      for (const pid of this.#processes()) process.kill(pid, 'SIGKILL');
    });
  }

  /** Everything that runs with this cluster's settings: daemons, jobs, and commands that ask it. */
  #processes(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((name) => {
        try {
          return ['cmdline', 'environ'].some((file) =>
            readFileSync(join('/proc', name, file), 'latin1').includes(this.folder),
          );
        } catch {
          // It has ended meanwhile.
          return false;
        }
      })
      .map(Number);
  }

  #logs(): string {
    return (['munged', 'slurmctld', 'slurmd'] as const)
      .map((name) => {
        const file = join(this.folder, 'log', name);
        // Nothing is left of a cluster that was stopped.
        const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
        return `${name}: ${text.split('\n').slice(-8).join('\n')}`;
      })
      .join('\n');
  }

  /** The least that one node needs: no accounting, no cgroups, jobs by cores, nothing beyond loopback. */
  async #settings(): Promise<string> {
    const at = (name: string): string => join(this.folder, name);
    const settings = {
      ClusterName: 'hourglass',
      SlurmctldHost: `${this.#node}(127.0.0.1)`,
      SlurmUser: 'root',
      SlurmdUser: 'root',
      AuthType: 'auth/munge',
      CredType: 'cred/munge',
      // A job that is requeued starts again only when its first credential has run out.
      AuthInfo: `socket=${at('munge.sock')},cred_expire=5`,
      CommunicationParameters: 'NoInAddrAny,NoCtldInAddrAny',
      SlurmctldPort: await freePort(),
      SlurmdPort: await freePort(),
      StateSaveLocation: at('state'),
      SlurmdSpoolDir: at('spool'),
      SlurmctldPidFile: at('slurmctld.pid'),
      SlurmdPidFile: at('slurmd.pid'),
      ProctrackType: 'proctrack/linuxproc',
      TaskPlugin: 'task/none',
      JobAcctGatherType: 'jobacct_gather/none',
      SwitchType: 'switch/none',
      MpiDefault: 'none',
      MailProg: '/bin/true',
      SchedulerType: 'sched/builtin',
      SchedulerParameters: 'sched_interval=1,batch_sched_delay=0',
      SelectType: 'select/cons_tres',
      SelectTypeParameters: 'CR_Core',
      AccountingStorageType: 'accounting_storage/none',
      ReturnToService: 2,
      JobRequeue: 1,
      KillWait: 2,
      SlurmctldTimeout: 10,
      SlurmdTimeout: 10,
    };
    return [
      ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      `NodeName=${this.#node} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} RealMemory=1024 State=UNKNOWN`,
      `PartitionName=all Nodes=${this.#node} Default=YES MaxTime=01:00:00 State=UP`,
      '',
    ].join('\n');
  }
}

function has(command: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.some((folder) => {
    try {
      execFileSync('test', ['-x', join(folder, command)]);
      return true;
    } catch {
      return false;
    }
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
