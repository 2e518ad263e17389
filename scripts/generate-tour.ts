/** `npm run docs:programs`: updates the program texts in `docs/compiled-training.md`. */
import { writeFileSync } from 'node:fs';
import { fillTour, readTour, TOUR } from './tour.ts';

writeFileSync(TOUR, await fillTour(readTour()));
