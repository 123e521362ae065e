import { connect, createServer } from 'node:net';

/**
 * Ports of the loopback interface that nobody listens on. All are held until the last is found, so they differ. Another program may take one
 * before the service does: it then fails to start, and says so.
 */
export async function freePorts(count) {
  const held = [];
  try {
    for (let i = 0; i < count; i++) held.push(await hold());
    return held.map(server => server.address().port);
  } finally {
    await Promise.all(held.map(server => new Promise(resolve => server.close(resolve))));
  }
}

const hold = () => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
});

/** Resolves once somebody has taken a connection on a port, which is closed at once; rejects where nobody does. */
export const connects = port => new Promise((resolve, reject) => {
  const socket = connect({ port, host: '127.0.0.1', timeout: 2000 });
  socket.once('connect', () => resolve(socket.destroy())).once('error', reject).once('timeout', () => socket.destroy(new Error('no answer')));
});
