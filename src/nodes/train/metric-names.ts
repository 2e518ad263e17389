/**
 * Names of the metrics of a training stage.
 *
 * @param measured the columns of its history; for a plugin's stage, they are unknown
 */
export function trainMetricNames(measured: readonly string[] = ['loss', 'val_loss']): readonly string[] {
  return [...measured.filter((name) => name !== 'learning_rate'), 'epochs', 'best_epoch'];
}
