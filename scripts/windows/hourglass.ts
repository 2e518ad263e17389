/** `npm run windows -- run pipeline.yaml`: runs Hourglass with Node for Windows under Wine, in the current folder. */
import { startWindows, whyNoWine } from './wine.ts';

const problem = whyNoWine();
if (problem !== undefined) {
  console.error(`${problem}: apt-get install --no-install-recommends wine wine64`);
  process.exit(1);
}
const windows = startWindows();
const { code, stdout, stderr } = await windows.hourglass(process.cwd(), process.argv.slice(2)).ended;
process.stdout.write(stdout);
process.stderr.write(stderr);
windows.close();
process.exitCode = code ?? 1;
