/** Whether other processes of this machine are still at work. */
import { readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { errorCode } from './atomic.ts';

/**
 * Whether a process is there and has not ended; also true if it belongs to somebody else. A process that has ended and that
 * nobody has asked about (a zombie, as containers without an init collect them) still has its number, but is not alive.
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

/** When a process started, in the system's own units: tells a number that was given again. Empty where unknown. */
export function processStart(pid: number): string {
  return statFields(pid)[19] ?? '';
}

/** Names what this process's number is counted in, which differs from container to container. Empty where unknown. */
export function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

let machine: string | undefined;

/**
 * Tells machines apart, also those that were cloned, and have one name: the number of this start of the system, or the address of a
 * network card. Empty where unknown.
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

/** The most memory that a process held at one time, in bytes; undefined where the system does not tell. */
export function peakMemory(pid: number): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Fields of `/proc/<pid>/stat` from the third, the state, on; none on systems without it. */
function statFields(pid: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command's name in parentheses, may itself hold blanks and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
