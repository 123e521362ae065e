import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answer, compared, tableLines } from '../../examples/ad-campaigns/check.mjs';
import { writeLogs } from '../../examples/ad-campaigns/lines.mjs';
import { makeLogs } from '../../examples/ad-campaigns/logs.mjs';
import { openStore } from '../../examples/ad-campaigns/stores.mjs';
import { deedsOf, play } from './faults.mjs';
import { openProxy } from './proxy.mjs';
import { deleteTopics, writeTopics } from './topics.mjs';

const JOB = fileURLToPath(new URL('./job.mjs', import.meta.url));
/** A result takes at least so many bytes on its way to a store, requests and answers. */
const BYTES_PER_RESULT = 40;
/** Versions begin with the number of the life. */
const LIFE = 1n << 40n;

/**
 * The logs of a day and what DuckDB makes of them. Without late rows: which rows are late depends on the partitions they are in, and how these
 * are read beside one another; without them there is one right answer.
 */
export async function makeDay({ events, seed, folder }) {
  const logs = makeLogs({ events, seed, late: false });
  await writeLogs(logs, folder);
  return { logs, expected: await answer(folder) };
}

/**
 * Runs the job of examples/ad-campaigns from Kafka to a store while `fault` happens, and compares what is in the store then. Rejects where
 * something does not happen at all or not in time.
 */
export async function runCampaign({ logs, expected }, { store, fault, servers, downMs, workers, limitMs, quick, say = () => {} }) {
  const begun = performance.now();
  const deeds = deedsOf(fault, store, { downMs, quick });
  const { topics, bytes } = await writeTopics(logs, servers.kafka, { twice: deeds.twice });
  const proxies = { broker: await openProxy(servers.kafka), store: await openProxy(placeOf(servers[store])) };
  const direct = storeAt(store, servers[store]);
  const table = await openStore(direct);
  try {
    await table.query(`DROP TABLE IF EXISTS ${store === 'cassandra' ? 'ad_campaigns.' : ''}campaign_unread`);
    say(`${(bytes / 1e6).toFixed(0)} MB in Kafka, the job begins`);
    const lives = new Lives({
      topics, group: `campaign-${process.pid}-${Date.now()}`, brokers: proxies.broker.address, workers, twice: deeds.twice,
      store: storeAt(store, servers[store].replace(placeOf(servers[store]), proxies.store.address)),
    }, limitMs, say);
    const over = new AbortController();
    const kill = () => lives.kill();
    const plays = Promise.all([
      play(deeds.broker, { proxy: proxies.broker, leastBytes: bytes, kill, say, signal: over.signal }),
      play(deeds.store, { proxy: proxies.store, leastBytes: expected.table.length * BYTES_PER_RESULT, kill, say, signal: over.signal }),
    ]);
    const running = lives.run().finally(() => over.abort());
    // What fails first is what is told; servers are up again in any case.
    const [ran, played] = await Promise.allSettled([running, plays.catch(error => { lives.end(); throw error; })]);
    if (played.status === 'rejected' && (ran.status === 'fulfilled' || !played.reason.message.startsWith('the job had ended'))) throw played.reason;
    if (ran.status === 'rejected') throw ran.reason;
    return {
      done: [...deeds.broker, ...deeds.store].map(({ title }) => title), jobSeconds: ran.value.elapsedMs / 1000, seconds: (performance.now() - begun) / 1000, lives: lives.count,
      ...await differences(table, expected, ran.value, { topics, store, times: deeds.twice ? 2 : 1 }),
    };
  } finally {
    await Promise.all([table.close(), ...Object.values(proxies).map(proxy => proxy.close())]);
    await deleteTopics(servers.kafka, Object.values(topics));
  }
}

const placeOf = address => (address.includes('://') ? new URL(address).host : address);
const storeAt = (store, address) => ({ postgres: null, cassandra: null, datacenter: 'datacenter1', [store]: address });

/** What is in the store and in the stats, and should not be. */
async function differences(table, expected, stats, { topics, store, times }) {
  const lines = await tableLines(table);
  const { missing, wrong } = compared(lines, expected.table);
  const versions = (await table.minutes()).map(({ version }) => BigInt(version));
  const letters = await table.query(`SELECT source, position FROM ${store === 'cassandra' ? 'ad_campaigns.' : ''}campaign_unread`);
  const other = [];
  const equal = (what, found, wanted) => found === wanted || other.push(`${what} is ${found} and not ${wanted}`);
  // Those of the last life have won everywhere, and nothing of an earlier one is left.
  const life = versions.reduce((most, version) => (version > most ? version : most), 0n) / LIFE;
  equal('rows of an earlier life', versions.filter(version => version / LIFE !== life).length, 0);
  for (const { source, read, bad, kept } of expected.ledger) {
    const found = stats.sources.find(({ name }) => name.includes(topics[source]));
    equal(`${source}: read`, found.read - found.replayed, read * times);
    equal(`${source}: unreadable`, found.deadLettered, bad * times);
    equal(`${source}: counted`, found.applied, kept);
    // What comes the second time may be late by then, or not.
    equal(`${source}: filtered and late`, found.filtered + found.late, (read - bad) * times - kept);
    equal(`${source}: unreadable in the store`, letters.filter(letter => letter.source.startsWith(`kafka(${topics[source]})`)).length, bad * times);
  }
  return { rows: lines.length, letters: letters.length, missing, wrong, other };
}

/** A job's process, and the next where one was killed. Ends at a time that is known. */
class Lives {
  count = 0;
  #child = null;
  #killed = false;
  #ended = false;
  constructor(settings, limitMs, say) {
    Object.assign(this, { settings, limitMs, say });
  }

  async run() {
    const until = Date.now() + this.limitMs;
    for (;;) {
      this.#killed = false;
      const outcome = await this.#live(until);
      if (outcome.stats !== undefined) return outcome.stats;
      if (!this.#killed || this.#ended) throw new Error(outcome.failed ?? 'the process of the job has ended');
    }
  }
  kill() {
    this.#killed = true;
    this.#child?.kill('SIGKILL');
  }
  end() {
    this.#ended = true;
    this.#child?.kill('SIGKILL');
  }

  async #live(until) {
    this.count++;
    const child = this.#child = fork(JOB, [JSON.stringify(this.settings)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' });
    const outcome = {};
    let said = '', progress = 'nothing';
    child.stderr.on('data', text => (said = `${said}${text}`.slice(-2000)));
    child.on('message', message => {
      if (message.progress === undefined) return Object.assign(outcome, message);
      progress = `${message.progress.read.toLocaleString('en')} events read, ${message.progress.emitted.toLocaleString('en')} results written`;
      this.say(progress, { passing: true });
    });
    const limit = setTimeout(() => {
      outcome.failed = outcome.failed !== undefined ? `${outcome.failed}; its process does not end` : `the job has not ended in ${this.limitMs / 1000} s; ${progress}`;
      this.end();
    }, Math.max(0, until - Date.now()));
    const [code, signal] = await new Promise(resolve => child.once('close', (...how) => resolve(how)));
    clearTimeout(limit);
    if (outcome.stats === undefined && outcome.failed === undefined && !this.#killed) outcome.failed = `the process of the job has ended (${signal ?? code}): ${said}`;
    return outcome;
  }
}
