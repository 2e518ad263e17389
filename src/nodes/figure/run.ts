import type { FigureSettings } from '../../config/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import { writeFigure, type Figure } from '../../figures/figure.ts';
import type { StageContext, StageResult } from '../contract.ts';

export async function drawFigure(context: StageContext<FigureSettings>): Promise<StageResult> {
  const highlights = await writeFigure(await draw(context), context.folder, 'figure');
  return { highlights };
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
    default:
      return unreachable(settings);
  }
}
