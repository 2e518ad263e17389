/** Slurm’s commands as scripts: what they say is a file each, so that anything can be said. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Rig } from '../../rig.ts';

const SCRIPTS = {
  // Remembers a line for each member, as `squeue` prints it.
  sbatch: `name=; array=0-0
for word; do
  case $word in
    --job-name=*) name=\${word#*=} ;;
    --array=*) array=\${word#*=}; array=\${array%\\%*} ;;
  esac
done
printf '%s\\n' "$*" >> "$fake/submitted"
id=$((40 + $(wc -l < "$fake/submitted")))
case $* in
  *--array=*) for index in $(seq "\${array%-*}" "\${array#*-}"); do echo "$id|$index|PENDING|$name"; done ;;
  *) echo "$id|N/A|PENDING|$name" ;;
esac >> "$fake/queue"
echo "$id"`,
  squeue: `case $* in *%L*) cat "$fake/left" ;; *) cat "$fake/queue" ;; esac`,
  scancel: `: > "$fake/queue"`,
  scontrol: `printf '%s\\n' "$*" >> "$fake/controlled"`,
  sacct: `cat "$fake/accounts"`,
} as const;

export class FakeSlurm {
  readonly #folder: string;

  constructor(rigged: Rig) {
    this.#folder = rigged.path('slurm');
    mkdirSync(join(this.#folder, 'bin'), { recursive: true });
    for (const name of ['queue', 'submitted', 'controlled', 'left', 'accounts']) this.say(name, '');
    for (const [name, script] of Object.entries(SCRIPTS)) {
      const file = join(this.#folder, 'bin', name);
      const away = `${name}: error: Unable to contact slurm controller (connect failure)`;
      const lines = [
        '#!/bin/sh',
        `fake='${this.#folder}'`,
        `if [ -e "$fake/away" ]; then echo '${away}' >&2; exit 1; fi`,
        script,
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      chmodSync(file, 0o755);
    }
  }

  /** For the command line under test. */
  get env(): Readonly<Record<string, string>> {
    return { PATH: `${join(this.#folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` };
  }

  /** Puts what a command prints. */
  say(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  /** Whether the controller answers. */
  set isAway(isAway: boolean) {
    if (isAway) this.say('away', '');
    else rmSync(join(this.#folder, 'away'), { force: true });
  }

  /** Nothing of Slurm is installed. */
  remove(): void {
    if (existsSync(this.#folder)) rmSync(join(this.#folder, 'bin'), { recursive: true });
  }
}
