import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { figure, interleave, speedup } from '../harness.mjs';
import { cpuMs, openKafka, referenceOf, topicOfEvents } from './kafka-events.mjs';
import { campaignOfAd } from './ysb-events.mjs';

const ROWS = 5_000_000;
const SMALL_ROWS = 20_000;
const WARM_UP_ROWS = 200_000;
/** A run takes 15 to 30 s, which says more than many short ones. */
const MOST_ROUNDS = { quick: 3, full: 5 };
const WORKERS = 2;

/**
 * The Yahoo Streaming Benchmark question over messages of a real broker on the same cores: against a consumer of the client that only counts bytes, and
 * against the whole question in such a consumer. All of them join a group of their own and read a topic from its start.
 *
 * Each run has a process of its own, as jobs have: cases that share one share what V8 has learned of their objects, too, and pay for one another's garbage.
 */
export async function bench({ rows = ROWS, small, rounds, progress }) {
  rows = small ? SMALL_ROWS : rows;
  rounds = Math.min(rounds, rounds > 5 ? MOST_ROUNDS.full : MOST_ROUNDS.quick);
  const broker = await openKafka();
  const campaigns = campaignOfAd();
  const topicOf = async events => ({ topic: await topicOfEvents(broker, events, progress), rows: events, ...referenceOf(events, campaigns) });
  const all = await topicOf(rows);
  const warmUp = small ? null : await topicOf(WARM_UP_ROWS);
  const cases = [
    new Case('millrace', broker, warmUp, all, ({ windows, read }, wanted) => read === wanted.rows && sameViews(windows, wanted.windows)),
    new Case('bare client', broker, warmUp, all, ({ bytes }, wanted) => bytes === wanted.bytes),
    new Case('bare client, our fetches', broker, warmUp, all, ({ bytes }, wanted) => bytes === wanted.bytes),
    new Case('plain JavaScript', broker, warmUp, all, ({ windows }, wanted) => sameViews(windows, wanted.windows)),
  ];
  const { times, equal } = await interleave(cases, { rounds, progress, warmUp: { leastRounds: 0, mostRounds: 0, ms: 0 } });
  const report = ({ name, cores }) => [name, figure(times, name, rows, { ...(name === 'millrace' ? { workers: WORKERS } : { threads: 1 }), cores })];
  const [ours, ...peers] = cases;
  return {
    rows, rounds, equal,
    ours: Object.fromEntries([report(ours)]),
    peers: Object.fromEntries(peers.map(report)),
    ratios: { bareClient: speedup(times, 'millrace', 'bare client'), bareClientOurFetches: speedup(times, 'millrace', 'bare client, our fetches'), plainJs: speedup(times, 'millrace', 'plain JavaScript') },
    required: { bareClient: { atLeast: 0.85 }, plainJs: { atLeast: 1.1 } },
    notes: { bytesPerMessage: Math.round(all.bytes / rows) },
  };
}

/** One case, each run of it in a process that is started and warmed up before. Notes what the broker and the process take of the processors. */
class Case {
  #process = null;
  #exited = null;
  #warm = true;
  #elapsed = 0;
  #brokerMs = 0;
  #clientMs = 0;

  /** `warmUp`, `topic`: { topic, rows, windows, bytes }, what there is and what the answers must be; `isRight(answer, topic)`. */
  constructor(name, broker, warmUp, topic, isRight) {
    Object.assign(this, { name, broker, warmUp, topic, isRight });
  }
  prepare = async () => {
    this.#process = fork(fileURLToPath(new URL('kafka-process.mjs', import.meta.url)), [this.name, this.broker.address, WORKERS], { serialization: 'advanced' });
    this.#exited = once(this.#process, 'exit');
    if (this.warmUp !== null) this.#warm &&= this.isRight((await this.#ask(this.warmUp)).answer, this.warmUp);
  };
  run = async () => {
    const [begun, before] = [performance.now(), cpuMs(this.broker.process)];
    const { answer, cpuMs: own } = await this.#ask(this.topic);
    this.#elapsed += performance.now() - begun;
    this.#brokerMs += cpuMs(this.broker.process) - before;
    this.#clientMs += own;
    return answer;
  };
  check = async answer => {
    this.#process.disconnect();
    await this.#exited;
    return this.#warm && this.isRight(answer, this.topic);
  };
  get cores() {
    const share = ms => Math.round(100 * ms / this.#elapsed) / 100;
    return { broker: share(this.#brokerMs), client: share(this.#clientMs) };
  }

  async #ask({ topic, rows }) {
    this.#process.send({ topic, rows });
    const ended = this.#exited.then(([code, signal]) => { throw new Error(`the process of ${this.name} has ended (${signal ?? code})`); });
    const [answer] = await Promise.race([once(this.#process, 'message'), ended]);
    return answer;
  }
}

const sameViews = (found, reference) => found.size === reference.size
  && [...reference].every(([start, counts]) => counts.every((views, campaign) => found.get(start)?.[campaign] === views));
