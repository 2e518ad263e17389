/** What `check` finds in `start_from`, `start_part` and `freeze` of a `train` stage. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext, Finding, LayerDescription, ModelLayers } from '../../core/stage-type.ts';
import type { Part } from '../../layers/layer.ts';
import { NOTHING_TO_TRAIN, frozenEntries, isFit, matchLayers, misfitText } from '../../layers/transfer.ts';
import { checkScale, type ImagesDescription, type ModelDescription } from './checks.ts';

type Context = AnalysisContext<TrainSettings>;

/** Checks that the model can start from the weights of the other, and that `freeze` names some of its layers. */
export function checkStart(
  context: Context,
  model: ModelDescription,
  data: ImagesDescription | undefined,
): void {
  checkPart(context);
  const { layers } = model;
  const { start_from: from } = context.inputs;
  const start = from?.kind === 'trained-model' ? from : undefined;
  if (start !== undefined && data !== undefined) checkScale(context, start, data, 'start_from');
  if (layers === undefined) return;
  const fits = start?.layers === undefined || checkFit(context, start.layers, layers);
  if (fits) checkFreeze(context, layers, start?.layers);
}

/** A part of nothing. */
function checkPart({ settings, references, report }: Context): void {
  if (settings.start_part === undefined || references['start_from'] !== undefined) return;
  report({
    code: 'bad-setting',
    message:
      '`start_part` names a part of the model that takes trained weights, but there is no `start_from`',
    hint: 'add `start_from` with the name of a `train` stage, or remove `start_part`',
    at: ['start_part'],
  });
}

function checkFit(
  { settings, references, report }: Context,
  start: ModelLayers,
  layers: ModelLayers,
): boolean {
  const { start_part: only } = settings;
  const misfit = matchLayers(flat(start), flat(layers), only).find((match) => !isFit(match));
  if (misfit === undefined) return true;
  const { start_from: from = '', model = '' } = references;
  const { part, to } = misfit;
  report({
    code: 'shape-mismatch',
    ...misfitText(misfit, { start: from, model }, only),
    at: ['start_from'],
    related: {
      message: `\`${to.label}\` is defined here`,
      at: [part, layers[part].findIndex((entry) => entry.includes(to))],
      stage: model,
    },
  });
  return false;
}

function checkFreeze(context: Context, layers: ModelLayers, start: ModelLayers | undefined): void {
  const { settings, references, report } = context;
  const { freeze } = settings;
  if (freeze === undefined) return;
  const { model = '', start_from: from } = references;
  const beyond = reportBeyond(context, layers);
  if (beyond) return;
  const frozen = new Set(frozenEntries(freeze, layers).flat());
  const withWeights = [...frozen].filter(({ weights }) => weights.length > 0);
  const trained = [...layers.encoder, ...layers.decoder]
    .flat()
    .filter((layer) => !frozen.has(layer) && layer.weights.some(({ trainable }) => trainable));
  const warn = (finding: Pick<Finding, 'message' | 'hint'>): void =>
    report({ code: 'bad-setting', severity: 'warning', ...finding, at: ['freeze'] });
  if (trained.length === 0) {
    report({ code: 'bad-setting', ...NOTHING_TO_TRAIN, at: ['freeze'] });
  } else if (withWeights.length === 0) {
    warn({
      message: `\`freeze\` changes nothing: it names only layers of \`${model}\` without weights (${labelsOf([...frozen])})`,
      hint: "numbers count the layers of both lists from 1, the encoder's first",
    });
  } else {
    checkTied(context, layers, frozen);
    const taken =
      start === undefined
        ? []
        : matchLayers(flat(start), flat(layers), settings.start_part).map(({ to }) => to);
    const random = withWeights.filter((layer) => !taken.includes(layer));
    // The layers of a trained model of unknown architecture are only known when it has run.
    if (random.length === 0 || (from !== undefined && start === undefined)) return;
    warn({
      message: `\`freeze\` keeps the initial, random weights of ${labelsOf(random)}`,
      hint:
        from === undefined
          ? 'let the training `start_from` a trained model, or remove `freeze`'
          : `they take no weights from \`${from}\`: freeze only layers that do`,
    });
  }
}

/** The kernel of a tied layer belongs to a layer of the encoder, and changes unless that is frozen, too. */
function checkTied(
  { references, report }: Context,
  { encoder, decoder }: ModelLayers,
  frozen: ReadonlySet<LayerDescription>,
): void {
  const changing = new Set(
    encoder
      .flat()
      .filter((layer) => !frozen.has(layer))
      .map(({ label }) => label),
  );
  const tied = decoder.flat().filter((layer) => frozen.has(layer) && changing.has(layer.tiedTo ?? ''));
  if (tied.length === 0) return;
  report({
    code: 'bad-setting',
    severity: 'warning',
    message: `\`freeze\` does not keep the kernel of ${labelsOf(tied)} of \`${references['model']}\`: it belongs to a layer of the encoder, and changes with it`,
    hint: `freeze ${tied.map(({ tiedTo = '' }) => `\`${tiedTo}\``).join(', ')}, too`,
    at: ['freeze'],
  });
}

/** Reports numbers beyond the last layer. */
function reportBeyond({ settings, references, report }: Context, { encoder, decoder }: ModelLayers): boolean {
  const { freeze } = settings;
  if (!Array.isArray(freeze)) return false;
  const count = encoder.length + decoder.length;
  let found = false;
  for (const [index, number] of freeze.entries()) {
    if (number <= count) continue;
    found = true;
    report({
      code: 'out-of-range',
      message: `\`freeze\` names layer ${number}, but \`${references['model']}\` has ${count} layers`,
      hint: `the encoder has layers 1 to ${encoder.length}, the decoder ${encoder.length + 1} to ${count}`,
      at: ['freeze', index],
    });
  }
  return found;
}

/** The layers of both lists, without the limits of their entries. */
function flat({ encoder, decoder }: ModelLayers): Readonly<Record<Part, readonly LayerDescription[]>> {
  return { encoder: encoder.flat(), decoder: decoder.flat() };
}

function labelsOf(layers: readonly LayerDescription[]): string {
  return layers.map(({ label }) => `\`${label}\``).join(', ');
}
