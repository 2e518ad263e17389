/** A layer, an optimizer or another choice in a text: `Dense(64)(x)`, `model.add(Dense(64))`, `Dense 64 relu`, `Dense {units: 64}`. */
import { readPython, type Python } from './python.ts';

/** Longer texts do not describe a single choice. */
const LONGEST = 500;

/** The call that a text means; undefined if it is not a call. */
export function readChoice(text: string): Python | undefined {
  if (text.length > LONGEST) return undefined;
  const bare = text
    .trim()
    .replace(/[,;]+$/, '')
    .replace(/^(?:return\s+)?(?:[A-Za-z_][\w.]*\s*=\s*)?/, '')
    .replace(/^[A-Za-z_]\w*\.(?:add|append)\(\s*(.*)\s*\)$/s, '$1')
    .replace(/\)\s*\(\s*[A-Za-z_][\w.]*\s*\)$/, ')');
  return readPython(bare) ?? readLoosely(bare);
}

function readLoosely(text: string): Python | undefined {
  const match = /^["']?([A-Za-z_][\w.]*)["']?\s*(.*)$/s.exec(text);
  const [, name = '', rest = ''] = match ?? [];
  if (name === '') return undefined;
  const inner = rest
    .replace(/^[:=,]\s*/, '')
    .replace(/^[({]\s*(.*?)\s*[)}]$/s, '$1')
    .replace(/([A-Za-z_]\w*)\s*:\s*(?=\S)/g, '$1=');
  const list = inner.includes(',') || inner.includes('=') ? inner : inner.split(/\s+/).join(', ');
  return readPython(`${name}(${list})`);
}
