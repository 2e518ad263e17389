import type { FigureSettings } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import { writeFigure, type Figure } from '../../figures/figure.ts';
import type { StageContext, StageResult } from '../contract.ts';

export async function drawFigure(context: StageContext<FigureSettings>): Promise<StageResult> {
  const highlights = await writeFigure(await draw(context), context.folder, 'figure');
  return { highlights: context.settings.kind === 'animation' ? ['figure.gif', ...highlights] : highlights };
}

async function draw(context: StageContext<FigureSettings>): Promise<Figure> {
  const { settings } = context;
  switch (settings.kind) {
    case 'images': {
      const { drawImages } = await import('./images.ts');
      return drawImages(context, settings);
    }
    case 'comparison': {
      const { drawComparison } = await import('./comparison.ts');
      return drawComparison(context, settings);
    }
    case 'history': {
      const { drawHistory } = await import('./history.ts');
      return drawHistory(context, settings);
    }
    case 'latent': {
      const { drawLatent } = await import('./latent.ts');
      return drawLatent(context, settings);
    }
    case 'traversal': {
      const { drawTraversal } = await import('./traversal.ts');
      return drawTraversal(context, settings);
    }
    case 'manifold': {
      const { drawManifold } = await import('./manifold.ts');
      return drawManifold(context, settings);
    }
    case 'classes': {
      const { drawClasses } = await import('./classes.ts');
      return drawClasses(context, settings);
    }
    case 'animation': {
      const { drawAnimation } = await import('./animation.ts');
      return drawAnimation(context, settings);
    }
    case 'roc': {
      const { drawRoc } = await import('./anomaly.ts');
      return drawRoc(context, settings);
    }
    case 'scores': {
      const { drawScores } = await import('./anomaly.ts');
      return drawScores(context, settings);
    }
    case 'anomalies': {
      const { drawAnomalies } = await import('./anomaly.ts');
      return drawAnomalies(context, settings);
    }
    default:
      return unreachable(settings);
  }
}
