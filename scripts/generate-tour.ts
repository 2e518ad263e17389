/** `npm run docs:programs`: writes the program texts of `docs/compiled-training.md` again. */
import { writeFileSync } from 'node:fs';
import { fillTour, readTour, TOUR } from './tour.ts';

writeFileSync(TOUR, await fillTour(readTour()));
