/** A sink is an object with five members: two small ones, as examples of writing your own. */

/** Gives every batch to two sinks. */
export const both = (one, other) => ({
  name: `${one.name} and ${other.name}`,
  async open(fields) {
    await one.open(fields);
    await other.open(fields);
  },
  async write(batch) {
    await one.write(batch);
    await other.write(batch);
  },
  async close() {
    await one.close();
    await other.close();
  },
  async abort() {
    await one.abort();
    await other.abort();
  },
});

/** Keeps the `size` rows with the highest score among those that count. */
export function worst(size, score, counts) {
  const rows = [];
  return {
    name: 'worst()',
    rows,
    open() {
      rows.length = 0;
    },
    // A batch lies in shared memory and is gone after `write`; `toRows` copies.
    write(batch) {
      rows.push(...batch.toRows().filter(counts));
      rows.sort((a, b) => score(b) - score(a)).splice(size);
    },
    close() {},
    abort() {},
  };
}
