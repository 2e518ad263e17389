/** Checks of the learning rate: schedules that make no sense, and rules that cannot be combined with them. */
import type { LearningRateSchedule, TrainSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext } from '../../core/stage-type.ts';
import { learningRateOf } from '../../engine/train/optimizers/optimizer.ts';
import { optimizerChoice } from './optimizer.ts';

type Context = Pick<AnalysisContext<TrainSettings>, 'settings' | 'report'>;
type Place = readonly (string | number)[];

export function checkLearningRate(context: Context): void {
  const choice = optimizerChoice(context.settings.optimizer);
  const rate = learningRateOf(choice);
  const at = ['optimizer', ...Object.keys(choice), 'learning_rate'];
  if (typeof rate !== 'number') checkSchedule(context, rate, at);
  checkPlateau(context, rate, at);
}

function checkSchedule({ report }: Context, schedule: LearningRateSchedule, at: Place): void {
  if ('CosineDecay' in schedule) {
    const { initial_learning_rate, warmup_target, warmup_steps } = schedule.CosineDecay;
    const inside = (key: string): Place => [...at, 'CosineDecay', key];
    if (warmup_target === null && warmup_steps > 0) {
      report({
        code: 'bad-setting',
        message: '`warmup_steps` has no effect without `warmup_target`',
        hint: 'add `warmup_target`, the rate at the end of the warm-up',
        at: inside('warmup_steps'),
      });
    } else if (warmup_target !== null && warmup_steps === 0) {
      report({
        code: 'bad-setting',
        message: '`warmup_target` has no effect without `warmup_steps`',
        hint: 'add `warmup_steps`, or leave `warmup_target` out',
        at: inside('warmup_target'),
      });
    } else if (warmup_target === null && initial_learning_rate === 0) {
      report({
        code: 'bad-setting',
        message: 'a learning rate that starts at 0 stays 0 without a warm-up',
        hint: 'start higher, or add `warmup_target` and `warmup_steps`',
        at: inside('initial_learning_rate'),
      });
    }
  }
  if ('PiecewiseConstantDecay' in schedule) {
    const { boundaries, values } = schedule.PiecewiseConstantDecay;
    const inside = (...keys: Place): Place => [...at, 'PiecewiseConstantDecay', ...keys];
    const wrong = boundaries.findIndex((boundary, index) => boundary <= (boundaries[index - 1] ?? -1));
    if (wrong >= 0) {
      report({
        code: 'bad-setting',
        message: `\`boundaries\` must ascend, but ${boundaries[wrong]} follows ${boundaries[wrong - 1]}`,
        hint: 'write each step once, in order',
        at: inside('boundaries', wrong),
      });
    }
    if (values.length !== boundaries.length + 1) {
      report({
        code: 'bad-setting',
        message:
          `${boundaries.length === 1 ? '1 boundary divides' : `${boundaries.length} boundaries divide`} ` +
          `the training in ${boundaries.length + 1}, but there are ${values.length} \`values\``,
        hint: 'give one more value than there are boundaries',
        at: inside('values'),
        related: { message: 'the boundaries', at: inside('boundaries') },
      });
    }
  }
}

function checkPlateau(
  { settings, report }: Context,
  rate: number | LearningRateSchedule,
  rateAt: Place,
): void {
  const { reduce_lr_on_plateau: rule, validation } = settings;
  if (rule === null) return;
  if (typeof rate !== 'number') {
    report({
      code: 'bad-setting',
      message:
        '`reduce_lr_on_plateau` changes a constant learning rate, but this learning rate is a schedule',
      hint: 'use one or the other',
      at: ['reduce_lr_on_plateau'],
      related: { message: 'the schedule', at: rateAt },
    });
  } else if (rule.min_lr >= rate) {
    report({
      code: 'bad-setting',
      message: `\`min_lr\` of ${rule.min_lr} leaves no room for reductions: the learning rate is ${rate}`,
      hint: 'give `min_lr` a value below the learning rate',
      at: ['reduce_lr_on_plateau', 'min_lr'],
      related: { message: 'the learning rate', at: rateAt },
    });
  }
  if (rule.monitor === 'val_loss' && validation === 'none') {
    report({
      code: 'bad-setting',
      message: '`reduce_lr_on_plateau` watches `val_loss`, but there is no validation',
      hint: 'add `validation: test`, or `monitor: loss`',
      at: ['reduce_lr_on_plateau', 'monitor'],
    });
  }
}
