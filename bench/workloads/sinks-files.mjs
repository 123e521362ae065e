import { mkdtempSync, rmSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordBatchFileWriter, tableFromIPC } from 'apache-arrow';
import { arrow, arrowIpcFile, jsonl, stream } from 'millrace';
import { Result, WholeRows, lineOf } from './sinks-rows.mjs';

/** Lines of one write, of those tried the fastest. */
const LINES = 4096;

/** The sinks; a plain writer of the same lines, and the writer of apache-arrow. All end when the disk has the whole file. */
export async function openFiles(input, engine) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const lines = join(folder, 'results.jsonl'), ipc = join(folder, 'results.arrow');
  const { rows, table } = input;
  const written = async (path, write) => {
    const file = await open(path, 'w');
    await write(file);
    await file.sync();
    await file.close();
  };
  const check = (path, add) => async () => {
    const found = new WholeRows(input);
    add(found, await readFile(path));
    return found.equal;
  };
  return {
    questions: [{
      name: 'files, JSON lines',
      ours: () => stream(arrow(table), Result).to(jsonl(lines)).run({ engine }),
      peers: { 'plain writer': () => written(lines, async file => {
        for (let from = 0; from < rows; from += LINES) {
          let text = '';
          for (let row = from; row < Math.min(rows, from + LINES); row++) text += `${lineOf(input, row)}\n`;
          await file.write(text);
        }
      }) },
      prepare: () => rm(lines, { force: true }),
      check: check(lines, (found, bytes) => found.addLines(bytes.toString())),
    }, {
      name: 'files, Arrow',
      ours: () => stream(arrow(table), Result).to(arrowIpcFile(ipc)).run({ engine }),
      peers: { 'apache-arrow': () => written(ipc, async file => {
        for await (const piece of RecordBatchFileWriter.writeAll(table)) await file.write(piece);
      }) },
      prepare: () => rm(ipc, { force: true }),
      check: check(ipc, (found, bytes) => { for (const row of tableFromIPC(bytes)) found.add(row); }),
    }],
    close: () => rmSync(folder, { recursive: true }),
  };
}
