import { setTimeout as sleep } from 'node:timers/promises';
import { pause, restart, resume, start, stop } from '../services/lifecycle.mjs';

/** What can be asked for. */
export const FAULTS = {
  none: 'nothing happens',
  broker: 'the broker is stopped and started again; later it is killed and started again',
  cut: 'all connections to the broker and to the store are cut, twice',
  store: 'the store is stopped for --down seconds; later PostgreSQL is killed, Cassandra frozen, for as long',
  twice: 'every request is written to Kafka twice, and every batch to the store',
  restart: 'the process of the job is killed and started again; it reads all anew',
  all: 'all of these in one run',
};

const cut = what => ({ title: `connections to ${what} cut`, do: ({ proxy }) => proxy.cut() });
/** `begin` takes it away; what stood still goes on then, and finds it gone. */
const away = (title, { begin, end, forMs }) => ({
  title, do: async ({ proxy }) => {
    await begin();
    proxy.release();
    await sleep(forMs);
    await end();
  },
});
const killedJob = { title: 'job killed', do: ({ kill }) => kill() };

/** What is done on the way to the broker and on the way to the store, in this order, each after an equal share of the bytes. `quick`: the broker is left alone, which takes half a minute to recover from. */
export function deedsOf(fault, store, { downMs, quick = false }) {
  const is = name => fault === name || fault === 'all';
  const stopped = away(`${store} stopped`, { begin: () => stop(store), end: () => start(store), forMs: downMs });
  const frozen = away('cassandra frozen', { begin: () => pause(store), end: () => resume(store), forMs: downMs });
  // Not Cassandra: with one replica, and a commit log that is synced now and then, it may lose what it has acknowledged.
  const killed = away('postgres killed', { begin: () => stop(store, { crash: true }), end: () => start(store), forMs: downMs });
  const stops = [
    { title: 'broker stopped and started', do: () => restart('kafka') },
    { title: 'broker killed and started', do: () => stop('kafka', { crash: true }).then(() => start('kafka')) },
  ];
  const stores = [stopped, store === 'postgres' ? killed : frozen];
  return {
    broker: quick ? [] : [...is('cut') ? [cut('the broker')] : [], ...is('broker') ? stops : [], ...is('cut') ? [cut('the broker')] : []],
    store: [...is('cut') ? [cut(store)] : [], ...is('restart') ? [killedJob] : [], ...is('store') ? stores : [], ...is('cut') ? [cut(store)] : []],
    twice: is('twice'),
  };
}

/** Does one deed after another, each while nothing passes. Throws where `signal` says before that the job has ended. */
export async function play(deeds, { proxy, leastBytes, kill, say, signal }) {
  for (const [i, { title, do: act }] of deeds.entries()) {
    await Promise.race([proxy.holdAt(leastBytes * (i + 1) / (deeds.length + 1)), aborted(signal)]);
    if (signal.aborted) throw new Error(`the job had ended before: ${title}`);
    say(title);
    try {
      await act({ proxy, kill });
    } finally {
      proxy.release();
    }
  }
}
const aborted = signal => new Promise(resolve => (signal.aborted ? resolve() : signal.addEventListener('abort', resolve, { once: true })));
