/** Checks the limits on gradients in an optimizer's arguments. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext } from '../../core/stage-type.ts';
import { optimizerChoice } from './optimizer.ts';

const LIMITS = ['clipnorm', 'clipvalue', 'global_clipnorm'] as const;

/** At most one limit may be set, as in Keras. */
export function checkClipping({
  settings,
  report,
}: Pick<AnalysisContext<TrainSettings>, 'settings' | 'report'>): void {
  for (const [name, args] of Object.entries<object>(optimizerChoice(settings.optimizer))) {
    const [first, second] = LIMITS.filter((limit) => limit in args);
    if (first === undefined || second === undefined) continue;
    report({
      code: 'bad-setting',
      message: `\`${name}\` has two limits on gradients, \`${first}\` and \`${second}\``,
      hint: `keep one of them`,
      at: ['optimizer', name, second],
    });
  }
}
