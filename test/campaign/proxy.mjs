import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * A way to a server over the loopback interface that can be cut, and that stands still once so many bytes have passed it, in both directions
 * together: then something can be done to the server, and it is known to happen in the middle of a job.
 */
export async function openProxy(target) {
  const [host, port] = target.split(':');
  const sockets = new Set();
  /** Where it stands still next, and who waits for that. */
  let passed = 0, gate = null, held = false;

  const forward = (from, to) => {
    from.on('data', chunk => {
      passed += chunk.length;
      if (!to.write(chunk) || held) from.pause();
      if (gate === null || passed < gate.bytes) return;
      held = true;
      for (const socket of sockets) socket.pause();
      gate.reached();
      gate = null;
    });
    to.on('drain', () => held || from.resume());
    from.on('end', () => to.end());
    // What was cut shows as such on the other side.
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => {
      sockets.delete(from);
      if (!from.readableEnded) to.destroy();
    });
  };
  const server = createServer({ allowHalfOpen: true }, client => {
    const upstream = connect({ host, port: Number(port), allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      if (held) socket.pause();
    }
    forward(client, upstream);
    forward(upstream, client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${server.address().port}`,
    /** Resolves once so many bytes have passed; then nothing passes until `release`. */
    holdAt: bytes => new Promise(reached => {
      gate = { bytes, reached };
    }),
    release() {
      held = false;
      for (const socket of sockets) socket.resume();
    },
    /** Ends all connections at once, without a farewell. */
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise(resolve => server.close(resolve));
    },
  };
}
