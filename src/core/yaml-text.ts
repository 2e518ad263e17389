/** Scalars as written in a pipeline file. */

/** A text as YAML: plain if YAML reads it as the same text, otherwise in double quotes. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z_./][\w ./@+-]*$/.test(text) && !text.endsWith(' ');
  const other = /^(?:true|false|null|~|yes|no|on|off|\.inf|\.nan)$/i.test(text);
  const isNumber = Number.isFinite(Number(text));
  return plain && !other && !isNumber ? text : JSON.stringify(text);
}
