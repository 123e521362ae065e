/** The services as a table of text. */
export async function table(names, status) {
  const rows = await Promise.all(names.map(async name => {
    const state = await status(name);
    if (state === null) return [name, 'not started', '', '', ''];
    return [name, state.health, state.address, state.kind === 'docker' ? 'docker' : String(state.process?.pid ?? ''), state.since.replace(/\.\d+Z/, 'Z')];
  }));
  const all = [['service', 'state', 'address', 'process', 'since'], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map(row => row[column].length)));
  return all.map(row => row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n');
}
