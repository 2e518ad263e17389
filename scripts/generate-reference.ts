/** Generates `docs/reference.md`: the language as tables, from the schemas. */
import { DIAGNOSTIC_CODES } from '../src/core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../src/core/json.ts';
import { exampleOf, flowText, isStack, itemText } from '../src/schema/example.ts';
import {
  canonicalNames,
  isChoice,
  mapBranch,
  objectAt,
  referenceName,
  requiredOf,
  resolveReference,
  stringAt,
  stringsAt,
  textBranch,
  typesOf,
  variantsOf,
  type Variant,
} from '../src/schema/view.ts';

const HEAD = `# Pipeline reference

Generated from \`schemas/\` by \`npm run generate\`. Keys without a default in the tables are required, unless they are
"optional". Any value can be \`\${params.name}\`.

Contents: [the document](#the-document), [stage types](#stage-types), [layers](#layers), [initializers](#initializers), [optimizers](#optimizers),
[learning-rate schedules](#learning-rate-schedules), [choices](#choices), [diagnostics](#diagnostics).
`;

const STAGES =
  'Besides its own keys, every stage takes `notes`: your own words about it as Markdown, which the report shows. They change no result.';

/** The whole page. */
export function generateReference(
  document: JsonObject,
  stages: ReadonlyMap<string, JsonObject>,
  layers: JsonObject,
  training: JsonObject,
): string {
  const parts = [
    HEAD,
    section(2, 'The document', stringAt(document, 'description') ?? '', propertyTable(document, document)),
    section(2, 'Stage types', STAGES, ...[...stages].map(([type, schema]) => stageSection(type, schema))),
    section(2, 'Layers', definitionText(layers, 'LayerSpec'), ...choiceSections(layers, 'LayerSpec')),
    section(
      2,
      'Initializers',
      definitionText(layers, 'InitializerSpec'),
      ...choiceSections(layers, 'InitializerSpec'),
    ),
    section(
      2,
      'Optimizers',
      definitionText(training, 'OptimizerSpec'),
      ...choiceSections(training, 'OptimizerSpec'),
    ),
    section(2, 'Losses', definitionText(training, 'LossSpec'), ...choiceSections(training, 'LossSpec')),
    section(
      2,
      'Learning-rate schedules',
      definitionText(training, 'LearningRateSchedule'),
      ...choiceSections(training, 'LearningRateSchedule'),
    ),
    section(2, 'Choices', '', choicesTable([layers, training])),
    section(
      2,
      'Diagnostics',
      'Codes are stable: scripts may rely on them. They are in brackets after each message, and under `code` with `--json`.',
      table(
        ['code', 'meaning'],
        Object.entries(DIAGNOSTIC_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]),
      ),
    ),
  ];
  return `${parts.join('\n')}\n`;
}

function section(level: number, title: string, ...parts: readonly string[]): string {
  return (
    [`${'#'.repeat(level)} ${title}`, ...parts.filter((part) => part !== '')].join('\n\n').trimEnd() + '\n'
  );
}

/** A stage type: a table and an example, or both for each variant such as `kind: images`. */
function stageSection(type: string, schema: JsonObject): string {
  const variants = variantsOf(schema);
  const description = stringAt(schema, 'description') ?? '';
  if (variants.length === 0) {
    return section(
      3,
      `\`${type}\``,
      description,
      propertyTable(schema, schema),
      stageExample(schema, schema),
    );
  }
  const own = variants.filter((variant) => variant.description !== undefined);
  if (own.length === variants.length) {
    const choices = table(
      [`\`${own[0]?.property}\``, 'description'],
      own.map(({ value, description: about = '' }) => [`[\`${value}\`](#${type}-${value})`, about]),
    );
    return [
      section(3, `\`${type}\``, description, choices),
      ...own.map((variant) => variantSection(type, variant, schema)),
    ].join('\n');
  }
  const tables = variants.flatMap(({ property, value, schema: variant }) => [
    `With \`${property}: ${value}\`:`,
    propertyTable(variant, schema),
    stageExample(variant, schema),
  ]);
  return section(3, `\`${type}\``, description, ...tables);
}

/** A variant with its own description: a table of the keys specific to it, and its example. */
function variantSection(
  type: string,
  { property, value, description = '', example, schema }: Variant,
  root: JsonObject,
): string {
  const { type: _type, [property]: _decider, ...keys } = objectAt(schema, 'properties');
  const shared = objectAt(root, 'properties');
  const own = Object.entries(keys).filter(([key]) => !isJsonObject(shared[key]));
  const others = Object.entries(keys).filter(([key]) => isJsonObject(shared[key]));
  return section(
    4,
    `\`${type}\`: \`${value}\``,
    description,
    propertyTable({ ...schema, properties: Object.fromEntries([...own, ...others]) }, root),
    example === undefined ? stageExample(schema, root) : exampleText({ type, [property]: value, ...example }),
  );
}

function stageExample(schema: JsonObject, root: JsonObject): string {
  return exampleText(exampleOf(schema, root, 'with examples'));
}

function exampleText(example: JsonObject): string {
  const lines = Object.entries(example).flatMap(([key, value]) =>
    isStack(value)
      ? [`  ${key}:`, ...value.map((item) => `    - ${itemText(item)}`)]
      : [`  ${key}: ${flowText(value)}`],
  );
  return ['```yaml', 'a-name:', ...lines, '```'].join('\n');
}

/** The choices of a map with one key: layers, optimizers. */
function choiceSections(owner: JsonObject, name: string): readonly string[] {
  const choice = definition(owner, name);
  return Object.entries(objectAt(choice, 'properties')).flatMap(([member, reference]) => {
    if (!isJsonObject(reference)) return [];
    const [resolved, root] = resolveReference(reference, owner);
    const rows = propertyRows(resolved, root);
    const body =
      rows.length === 0
        ? 'It takes no arguments.'
        : table(['argument', 'type', 'default', 'description'], rows);
    return [section(3, `\`${member}\``, stringAt(resolved, 'description') ?? '', body)];
  });
}

function propertyTable(schema: JsonObject, root: JsonObject): string {
  return table(['key', 'type', 'default', 'description'], propertyRows(schema, root));
}

function propertyRows(schema: JsonObject, root: JsonObject): readonly (readonly string[])[] {
  const required = requiredOf(schema);
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, property]) => {
    if (!isJsonObject(property)) return [];
    const [resolved, owner] = resolveReference(property, root);
    const merged: JsonObject = { ...resolved, ...property };
    const nested = 'properties' in merged && !isChoice(merged) ? propertyRows(merged, owner) : [];
    const row = [
      `\`${name}\``,
      typeText(merged, owner),
      required.has(name) || 'const' in merged ? '' : defaultText(merged),
      stringAt(merged, 'description') ?? '',
    ];
    const others = merged['additionalProperties'];
    const named = isJsonObject(others) ? propertyRows(others, owner) : [];
    const below = [...nested, ...named.map(([key = '', ...rest]) => [`\`NAME.${key.slice(1)}`, ...rest])];
    return [row, ...below.map(([key = '', ...rest]) => [`\`${name}.${key.slice(1)}`, ...rest])];
  });
}

function defaultText(schema: JsonObject): string {
  const value = schema['default'];
  return value === undefined
    ? 'optional'
    : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** Choices with a section of their own. */
const CHOICES: Readonly<Record<string, string>> = {
  InitializerSpec: '[initializer](#initializers)',
  OptimizerSpec: '[optimizer](#optimizers)',
  LossSpec: '[loss](#losses)',
};

/** A type in words: `integer, 1 or more`, `mse | mae`. */
function typeText(schema: JsonObject, root: JsonObject): string {
  if (schema['const'] !== undefined) return `\`${String(schema['const'])}\``;
  const reference = referenceName(schema);
  if (isChoice(schema)) return CHOICES[reference ?? ''] ?? '[layer](#layers)';
  if (mapBranch(schema) !== undefined)
    return `number${limitsText(schema)}, or [schedule](#learning-rate-schedules)`;
  const choices = canonicalNames(schema).filter((value) => typeof value === 'string');
  if (choices.length > 0)
    return choices.length > 6 ? `[${reference ?? 'choice'}](#choices)` : orList(choices);
  const words = stringsAt(textBranch(schema) ?? {}, 'enum');
  const types = typesOf(schema).filter((type) => type !== 'null' && !(type === 'string' && words.length > 0));
  const named = types.map((type) =>
    type === 'array' ? arrayText(schema, root) : type === 'object' ? 'map' : type,
  );
  const limits = limitsText(schema);
  const text = [...words.map((word) => `\`${word}\``), ...named].join(' or ');
  return text.endsWith(limits) ? text : text + limits;
}

function orList(choices: readonly string[]): string {
  return choices.map((choice) => `\`${choice}\``).join(', ');
}

function arrayText(schema: JsonObject, root: JsonObject): string {
  const [items, owner] = resolveReference(objectAt(schema, 'items'), root);
  const inner = isChoice(items) ? '[layers](#layers)' : typeText(items, owner);
  return `list of ${inner === '' ? 'values' : inner}`;
}

function limitsText(schema: JsonObject): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const low = minimum === undefined ? undefined : `${JSON.stringify(minimum)} or more`;
  const above = exclusiveMinimum === undefined ? undefined : `more than ${JSON.stringify(exclusiveMinimum)}`;
  const high = maximum === undefined ? undefined : `at most ${JSON.stringify(maximum)}`;
  const below = exclusiveMaximum === undefined ? undefined : `less than ${JSON.stringify(exclusiveMaximum)}`;
  const limits = [low, above, high, below].filter((limit) => limit !== undefined);
  return limits.length === 0 ? '' : `, ${limits.join(', ')}`;
}

/** The long lists of names: activations, initializers, and so on. */
function choicesTable(owners: readonly JsonObject[]): string {
  const rows = owners.flatMap((owner) =>
    Object.entries(objectAt(owner, 'definitions')).flatMap(([name, schema]) => {
      const values = isJsonObject(schema) ? canonicalNames(schema) : [];
      if (!isJsonObject(schema) || values.length === 0) return [];
      return [[name, orList(values.map(String)), stringAt(schema, 'description') ?? '']];
    }),
  );
  return table(['name', 'values', 'description'], rows);
}

function definition(owner: JsonObject, name: string): JsonObject {
  return objectAt(objectAt(owner, 'definitions'), name);
}

function definitionText(owner: JsonObject, name: string): string {
  return stringAt(definition(owner, name), 'description') ?? '';
}

function table(head: readonly string[], rows: readonly (readonly Json[])[]): string {
  const line = (cells: readonly Json[]): string =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
