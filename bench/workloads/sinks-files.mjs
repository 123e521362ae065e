import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchFileWriter, tableFromIPC } from 'apache-arrow';
import { arrowIpcFile, jsonl, stream } from 'millrace';
import { Result, WholeRows, lineOf } from './sinks-rows.mjs';

/** Lines of one write, of those tried the fastest. */
const LINES = 4096;

const inFolder = question => (_, input, engine) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  return { questions: [question(folder, input, engine)], close: () => rmSync(folder, { recursive: true }) };
};

/** As the sinks, the peers end when the disk has the whole file. */
async function written(path, write) {
  const file = await open(path, 'w');
  await write(file);
  await file.sync();
  await file.close();
}

/** The sink, and a plain writer of the same lines. */
export const openLines = inFolder((folder, input, engine) => {
  const path = join(folder, 'results.jsonl');
  return {
    name: 'files, JSON lines',
    ours: () => stream(input.results.source(), Result).to(jsonl(path)).run({ engine }),
    peers: { 'plain writer': () => written(path, async file => {
      for (let from = 0; from < input.rows; from += LINES) {
        let text = '';
        for (let row = from; row < Math.min(input.rows, from + LINES); row++) text += `${lineOf(input, row)}\n`;
        await file.write(text);
      }
    }) },
    prepare: () => rm(path, { force: true }),
    check: async () => new WholeRows(input).addLines(await readFile(path, 'utf8')).equal,
  };
});

/** The sink, and the writer of apache-arrow over a table of its own. */
export const openArrow = inFolder((folder, input, engine) => {
  const path = join(folder, 'results.arrow');
  return {
    name: 'files, Arrow',
    ours: () => stream(input.results.source(), Result).to(arrowIpcFile(path)).run({ engine }),
    peers: { 'apache-arrow': () => written(path, async file => {
      for await (const piece of RecordBatchFileWriter.writeAll(input.table)) await file.write(piece);
    }) },
    prepare: () => rm(path, { force: true }),
    check: async () => {
      const found = new WholeRows(input);
      for (const batch of tableFromIPC(await readFile(path)).batches) {
        const [campaign, ...others] = batch.schema.names.map(name => batch.getChild(name));
        const [windowStart, version, views, clicks] = others.map(({ data: [{ values }] }) => values);
        for (let row = 0; row < batch.numRows; row++) found.add({ campaign: campaign.get(row), windowStart: windowStart[row], version: version[row], views: views[row], clicks: clicks[row] });
      }
      return found.equal;
    },
  };
});
