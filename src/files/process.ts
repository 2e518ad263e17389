/** Whether other processes of this machine are still running. */
import { readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { errorCode } from './atomic.ts';

/**
 * Whether a process exists and is running; also true if it belongs to another user. A zombie (a process that has ended but was
 * not waited for, as in containers without an init) still has its number, but is not alive.
 */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
  return !['Z', 'X'].includes(statFields(pid)[0] ?? '');
}

/** When a process started, in the system's own units, to recognise a reused process number. Empty where unknown. */
export function processStart(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/** Identifies the namespace of this process's number, which differs between containers. Empty where unknown. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

let machine: string | undefined;

/**
 * Distinguishes machines, even clones with the same name: the system's boot ID, or the address of a network card. Empty where
 * unknown.
 */
export function machineIdentity(): string {
  machine ??= bootNumber() ?? networkAddress() ?? '';
  return machine;
}

function bootNumber(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

function networkAddress(): string | undefined {
  const cards = Object.entries(networkInterfaces()).sort(([one], [other]) => (one < other ? -1 : 1));
  return cards.flatMap(([, addresses]) => addresses ?? []).find(({ internal }) => !internal)?.mac;
}

/** Peak memory of a process, in bytes; undefined where the system does not report it. */
export function peakMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Fields of `/proc/<pid>/stat`, starting at the third, the state; none on systems without it. */
function statFields(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command's name in parentheses, may itself contain spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
