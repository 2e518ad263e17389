/** Every field that can be set changes the keys of exactly the stages that depend on it. Made from the schemas: a new field is covered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import type { StageSettings } from '../../src/config/pipeline.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { exampleOf } from '../../src/schema/example.ts';
import { listAt, objectAt, resolveReference } from '../../src/schema/view.ts';
import { readSchema, SHARED_SCHEMAS, STAGE_TYPES } from '../../src/schema/schemas.ts';
import { builtinNodes } from '../../src/nodes/registry.ts';
import type { GraphStage } from '../../src/plan/graph.ts';
import { makePlan } from '../../src/plan/make.ts';
import { located } from './pipelines.ts';

const ajv = new Ajv({ strict: false });
for (const name of [...SHARED_SCHEMAS, ...STAGE_TYPES.map((type) => `stages/${type}`)])
  ajv.addSchema(readSchema(name));

/** Values of all types; the schema of a field says which of them it takes. */
const VALUES: readonly Json[] = [
  true,
  false,
  1,
  2,
  3,
  0.25,
  0.75,
  64,
  'other',
  'another',
  'other.npy',
  'https://example.org/other',
  { rows: [0, 8], columns: [0, 8] },
  { rows: [0, 9], columns: [0, 9] },
  [64, 48],
  [32, 24],
  '0'.repeat(64),
  '1'.repeat(64),
  [0.25, 0.75],
  [1],
  [2, 3],
  [28, 28, 1],
  [14, 14, 1],
  ['Flatten'],
  ['mse'],
  ['mae'],
  ['other'],
  {},
  { rows: 3 },
  { every: 3 },
  { train: 5 },
];

/** Values that a schema takes and that differ from one another, its default first. */
function valuesOf(type: string, field: string): readonly Json[] {
  const schema = readSchema(`stages/${type}`);
  const property = objectAt(objectAt(schema, 'properties'), field);
  const merged: JsonObject = { ...resolveReference(property, schema)[0], ...property };
  const { default: usual, const: only, minimum } = merged;
  const candidates: readonly (Json | undefined)[] = [
    usual,
    only,
    // Sources that read no file of the user's.
    ...(field === 'source' ? ['mnist', 'fashion-mnist'] : []),
    ...listAt(merged, 'enum'),
    ...listAt(merged, 'examples'),
    minimum,
    ...listAt(objectAt(merged, 'items'), 'enum').map((item) => [item]),
    ...VALUES,
  ];
  const validate = ajv.getSchema(`stages/${type}.json#/properties/${field}`);
  assert.ok(validate, `${type}.${field}`);
  const valid: Json[] = [];
  for (const value of candidates) {
    if (value === undefined || valid.some((other) => isDeepStrictEqual(other, value))) continue;
    if (validate(value) === true) valid.push(value);
  }
  return valid;
}

interface Chain {
  readonly stages: Readonly<Record<string, StageSettings>>;
  readonly graph: readonly GraphStage[];
}

/** Members that a checked stage has besides those of its schema. */
const SETTINGS: Readonly<Record<string, JsonObject>> = {
  dataset: { source: 'mnist' },
  evaluate: { metrics: ['mse'] },
};

/** Two stages of each type; the inputs of the first come from first ones, so that each type has something before it. */
function chain(): Chain {
  const stages: Record<string, StageSettings> = {};
  const graph: GraphStage[] = [];
  for (const name of STAGE_TYPES) {
    const type = builtinNodes.get(name);
    assert.ok(type, name);
    const ports = Object.entries(type.inputs).flatMap(([port, { accepts, optional = false }]) => {
      const source = graph.find((stage) => accepts.includes(stage.type.outputs));
      // A training can start from another training, which the first one does not.
      assert.ok(source ?? optional, `${name}.${port} takes what no stage before it gives`);
      return source === undefined ? [] : [[port, source.name] as const];
    });
    const inputs = Object.fromEntries(ports);
    const own = SETTINGS[name] ?? {};
    const settings: StageSettings = {
      ...exampleOf(type.schema, type.schema),
      ...own,
      ...inputs,
      type: name,
    };
    const field = Object.keys(objectAt(type.schema, 'properties')).find(
      (one) => isOwn(name, one) && valuesOf(name, one).length > 1,
    );
    stages[name] = settings;
    graph.push({ name, type, inputs });
    if (field === undefined) {
      const others = { ...inputs, ...otherInput(ports) };
      stages[`${name}2`] = { ...settings, ...others };
      graph.push({ name: `${name}2`, type, inputs: others });
    } else {
      const different = valuesOf(name, field).find((value) => !isDeepStrictEqual(value, settings[field]));
      stages[`${name}2`] = { ...settings, [field]: different ?? null };
      graph.push({ name: `${name}2`, type, inputs });
    }
  }
  return { stages, graph };
}

/** For a type that has no settings but its inputs: the second stage of the type of its first input. */
function otherInput(ports: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const [first] = ports;
  assert.ok(first);
  return { [first[0]]: `${first[1]}2` };
}

/** Whether a field is a setting of the stage itself, which its key holds. */
function isOwn(type: string, field: string): boolean {
  const node = builtinNodes.get(type);
  return (
    field !== 'type' &&
    field !== 'threads' &&
    !(field in (node?.inputs ?? {})) &&
    node?.cosmetic?.includes(field) !== true
  );
}

async function keys(
  { stages, graph }: Chain,
  document: JsonObject = {},
): Promise<ReadonlyMap<string, string>> {
  const plan = await makePlan({
    located: located(stages, { threads: 1, ...document }),
    stages: graph,
    targets: [],
    force: false,
    engine: { kind: 'native', version: '1', platform: 'test' },
    previous: new Map(),
    inCache: async () => false,
    checkpointOf: async () => undefined,
  });
  return new Map(plan.stages.map(({ name, hash }) => [name, hash]));
}

const changed = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] => [...before.keys()].filter((name) => before.get(name) !== after.get(name)).sort();

/** Some stages and all that need them. */
function downstream(names: readonly string[], graph: readonly GraphStage[]): readonly string[] {
  const reached = new Set(names);
  for (const { name, inputs } of graph)
    if (Object.values(inputs).some((input) => reached.has(input))) reached.add(name);
  return [...reached].sort();
}

const usesEngine = ({ type }: GraphStage, settings: StageSettings | undefined): boolean =>
  typeof type.engine === 'function' ? type.engine(settings ?? {}) : type.engine;

const base = chain();

for (const type of STAGE_TYPES) {
  test(`every field of \`${type}\` changes the keys of the stages that depend on it, and no others`, async () => {
    const before = await keys(base);
    const settings = base.stages[type];
    const stage = base.graph.find(({ name }) => name === type);
    assert.ok(settings && stage);
    const fields = Object.keys(objectAt(readSchema(`stages/${type}`), 'properties')).filter(
      (field) => field !== 'type',
    );
    assert.ok(fields.length > 0);
    for (const field of fields) {
      // A training can start from the second one of its type, which comes before it then.
      const isFree = field in stage.type.inputs && stage.inputs[field] === undefined;
      const source: string | undefined = isFree ? type : stage.inputs[field];
      const usual = objectAt(objectAt(stage.type.schema, 'properties'), field)['default'];
      const value =
        source === undefined
          ? valuesOf(type, field).find((one) => !isDeepStrictEqual(one, settings[field] ?? usual))
          : `${source}2`;
      assert.notEqual(value, undefined, `no second value for \`${type}.${field}\`: add one to VALUES`);
      const stages: Chain['stages'] = { ...base.stages, [type]: { ...settings, [field]: value ?? null } };
      const inputs: GraphStage['inputs'] =
        source === undefined ? stage.inputs : { ...stage.inputs, [field]: `${source}2` };
      const without = base.graph.filter((one) => one !== stage);
      const place = base.graph.indexOf(stage) + (isFree ? 1 : 0);
      const graph: Chain['graph'] = without.toSpliced(place, 0, { ...stage, inputs });
      const matters: boolean =
        field === 'threads' ? usesEngine(stage, settings) : stage.type.cosmetic?.includes(field) !== true;
      const expected: readonly string[] = matters ? downstream([type], base.graph) : [];
      assert.deepEqual(changed(before, await keys({ stages, graph })), expected, `${type}.${field}`);
    }
  });
}

test('the seed changes random stages, the threads those that use TensorFlow, and both the stages that depend on them', async () => {
  const before = await keys(base);
  const drawing = base.graph.filter(({ type }) => type.draws).map(({ name }) => name);
  const computing = base.graph
    .filter((stage) => usesEngine(stage, base.stages[stage.name]))
    .map(({ name }) => name);
  assert.deepEqual(changed(before, await keys(base, { seed: 1 })), downstream(drawing, base.graph));
  assert.deepEqual(changed(before, await keys(base, { threads: 2 })), downstream(computing, base.graph));
  const documentFields = Object.keys(objectAt(readSchema('document'), 'properties'));
  // Of the pipeline's other fields, none reaches a stage but through its settings.
  for (const field of documentFields.filter((name) => !['seed', 'threads', 'stages'].includes(name)))
    assert.deepEqual(changed(before, await keys(base, { [field]: 'other' })), [], field);
});
