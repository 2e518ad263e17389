/** Scalars as a pipeline file holds them. */

/** A text as YAML: plain where that is read as the same text, else in double quotation marks. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z_./][\w ./@+-]*$/.test(text) && !text.endsWith(' ');
  const other = /^(?:true|false|null|~|yes|no|on|off|\.inf|\.nan)$/i.test(text);
  const isNumber = Number.isFinite(Number(text));
  return plain && !other && !isNumber ? text : JSON.stringify(text);
}
