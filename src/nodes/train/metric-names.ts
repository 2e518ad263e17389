/**
 * Names of the metrics that a stage gives which trains.
 *
 * @param measured the columns of its history; of a plugin's stage, they are not known
 */
export function trainMetricNames(measured: readonly string[] = ['loss', 'val_loss']): readonly string[] {
  return [...measured.filter((name) => name !== 'learning_rate'), 'epochs', 'best_epoch'];
}
