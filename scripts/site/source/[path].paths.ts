import { sourceName } from '../links.ts';
import { sourcePages } from '../sources.ts';

export default {
  paths: () =>
    sourcePages(process.cwd()).map(({ path, content }) => ({ params: { path: sourceName(path) }, content })),
};
