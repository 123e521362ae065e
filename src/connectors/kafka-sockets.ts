import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/** What KafkaJS asks a `socketFactory` for. */
export interface SocketRequest {
  readonly host: string;
  readonly port: number;
  /** As for `tls.connect`; null or missing: not encrypted. */
  readonly ssl?: ConnectionOptions | null;
  readonly onConnect: () => void;
}
type SocketFactory = (request: SocketRequest) => Socket;

const KEEP_ALIVE_MS = 60_000;
const SIZE_BYTES = 4;

/** As KafkaJS makes them by itself. */
function plainSocket({ host, port, ssl, onConnect }: SocketRequest): Socket {
  const socket = ssl ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect) : connect({ host, port }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/**
 * A `socketFactory` for `new Kafka({ … })` of kafkajs. When a connection is lost in the middle of an answer, KafkaJS (2.2.4) keeps the first part of it and
 * takes what comes over the next connection for the rest: from then on it finds no answer where it looks, for minutes. Sockets from here fill up what
 * is missing, behind the error: by then KafkaJS waits for no answer any more and drops it. Clients that are made of `brokers` have it.
 *
 * @param make How to make a socket. Default: as KafkaJS does.
 */
export function wholeAnswers(make: SocketFactory = plainSocket): SocketFactory {
  return request => {
    const socket = make(request);
    const answers = new AnswerMeter();
    socket.on('data', (bytes: Buffer) => answers.add(bytes));
    const fill = (): void => {
      for (let missing = answers.missing; missing > 0; missing = answers.missing) socket.emit('data', Buffer.alloc(missing));
    };
    // Behind the listeners of the client, which are added later.
    for (const event of ['error', 'end']) socket.once(event, () => process.nextTick(fill));
    return socket;
  };
}

/** Answers are a size, a big-endian int32, and so many bytes. */
class AnswerMeter {
  /** Of the answer that has begun: what has come of its size, and how many of its bytes have not. */
  private sizeBytes = 0;
  private size = 0;
  private left = 0;

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.left > 0) {
        const taken = Math.min(this.left, bytes.length - at);
        this.left -= taken;
        at += taken;
        continue;
      }
      this.size = (this.size << 8) | bytes[at++]!;
      if (++this.sizeBytes < SIZE_BYTES) continue;
      this.left = this.size;
      this.size = this.sizeBytes = 0;
    }
  }

  /** How many bytes it lacks; of its size, where that is not complete. */
  get missing(): number {
    return this.sizeBytes > 0 ? SIZE_BYTES - this.sizeBytes : this.left;
  }
}
