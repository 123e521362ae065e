import { settings } from './settings.mjs';
import { showTable } from './show.mjs';
import { openStore } from './stores.mjs';

/** `node examples/ad-campaigns/query.mjs "SELECT …"`: asks the table of the last run. Options of main.mjs stand before the question. */
const args = process.argv.slice(2);
const question = args.pop() ?? '';
const store = await openStore(settings(args), { empty: false });
try {
  showTable('', await store.query(question));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await store.close();
}
