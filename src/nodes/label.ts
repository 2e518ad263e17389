/** The setting `label` of stages that decode latents: which class a conditional model decodes. */
import type { DiagnosticCode } from '../core/diagnostic.ts';
import { failure } from '../core/diagnostic.ts';
import type { AnalysisContext } from '../core/stage-type.ts';
import type { ModelDescription } from './train/checks.ts';

interface LabelProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string;
}

/**
 * @param stage with the model
 * @param classes that the model knows; undefined if it is not conditional
 */
function labelProblem(
  stage: string | undefined,
  label: number,
  classes: number | undefined,
): LabelProblem | undefined {
  if (classes === undefined) {
    return {
      code: 'bad-setting',
      message: `\`${stage}\` decodes latents without a label: its model has no \`condition: labels\``,
      hint: 'remove `label`, or give the model `condition: labels` and `classes`',
    };
  }
  if (label < classes) return undefined;
  return {
    code: 'out-of-range',
    message: `\`label\` is ${label}, but the model of \`${stage}\` knows ${classes} classes, 0 to ${classes - 1}`,
    hint: `use a label from 0 to ${classes - 1}`,
  };
}

/** Reports a label that the model does not know. */
export function checkLabel(
  { references, report }: Pick<AnalysisContext<unknown>, 'references' | 'report'>,
  model: ModelDescription,
  label: number | undefined,
): void {
  // Of other models, it is only known when they are loaded.
  if (label === undefined || model.variational === undefined) return;
  const problem = labelProblem(references['model'], label, model.classes);
  if (problem !== undefined) report({ ...problem, at: ['label'] });
}

/** @throws Failure for a label that the model does not know */
export function requireLabel(stage: string, label: number | undefined, classes: number | undefined): void {
  const problem = label === undefined ? undefined : labelProblem(stage, label, classes);
  if (problem !== undefined) throw failure(problem.code, problem.message, problem.hint, ['label']);
}

/** A manifold has no image whose label it could use. */
export function missingLabel(stage: string | undefined): readonly [message: string, hint: string] {
  return [
    `the model of \`${stage}\` decodes latents with a label, and a manifold has no image whose label it could use`,
    'add `label: 0`, for example',
  ];
}

/** Labels as an image set stores them. */
export function labelArray(labels: readonly number[], classes: number): Uint8Array | Int32Array {
  return classes > 256 ? Int32Array.from(labels) : Uint8Array.from(labels);
}
