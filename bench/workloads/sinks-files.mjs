import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchFileWriter, tableFromIPC } from 'apache-arrow';
import { arrowIpcFile, jsonl, stream } from 'millrace';
import { Result, WholeRows, lineOf } from './sinks-rows.mjs';

/** Lines of one write, of those tried the fastest. */
const LINES = 4096;

/** `sink` and `peer` write the same file; `read` gives what it has to `WholeRows`. As the sink, the peer ends when the disk has the whole file. */
const toFile = ({ name, sink, peer: [peerName, write], read }) => (_, input, engine) => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const path = join(folder, 'results');
  return {
    questions: [{
      name,
      ours: () => stream(input.results.source(), Result).to(sink(path)).run({ engine }),
      peers: { [peerName]: async () => {
        const file = await open(path, 'w');
        await write(file, input);
        await file.sync();
        await file.close();
      } },
      prepare: () => rm(path, { force: true }),
      check: async () => {
        const found = new WholeRows(input);
        read(found, await readFile(path));
        return found.equal;
      },
    }],
    close: () => rmSync(folder, { recursive: true }),
  };
};

/** The sink, and a plain writer of the same lines. */
export const openLines = toFile({
  name: 'files, JSON lines', sink: jsonl,
  peer: ['plain writer', async (file, input) => {
    for (let from = 0; from < input.rows; from += LINES) {
      let text = '';
      for (let row = from; row < Math.min(input.rows, from + LINES); row++) text += `${lineOf(input, row)}\n`;
      await file.write(text);
    }
  }],
  read: (found, bytes) => found.addLines(bytes.toString()),
});

/** The sink, and the writer of apache-arrow over a table of its own. */
export const openArrow = toFile({
  name: 'files, Arrow', sink: arrowIpcFile,
  peer: ['apache-arrow', async (file, input) => {
    for await (const piece of RecordBatchFileWriter.writeAll(input.table)) await file.write(piece);
  }],
  read: (found, bytes) => {
    for (const batch of tableFromIPC(bytes).batches) {
      const [campaign, ...others] = batch.schema.names.map(name => batch.getChild(name));
      const [windowStart, version, views, clicks] = others.map(({ data: [{ values }] }) => values);
      for (let row = 0; row < batch.numRows; row++) found.add({ campaign: campaign.get(row), windowStart: windowStart[row], version: version[row], views: views[row], clicks: clicks[row] });
    }
  },
});
