// Finds out whether the servers that some tests need answer here: a real login, because an open port proves little.
import { connect } from 'node:net';
import { createConnection } from 'mysql2/promise';

const patienceMs = 3_000;

export const defaultServers = {
  mysql: { name: 'MySQL', variable: 'TEST_MYSQL_URL', url: 'mysql://root@127.0.0.1:3306', probe: probeMysql },
  redis: { name: 'Redis', variable: 'TEST_REDIS_URL', url: 'redis://127.0.0.1:6379', probe: probeRedis },
};

/**
 * Asks a server for its version. Answers `{ url, detail }` with `url` empty where it cannot be used.
 * An environment variable that is set but empty says: leave this server out.
 */
export async function findServer({ variable, url: usual, probe }, environment = process.env) {
  const url = environment[variable] ?? usual;
  if (url === '') return { url: '', detail: `left out (${variable} is empty)` };
  try {
    return { url, detail: `${await probe(new URL(url))} at ${new URL(url).host}` };
  } catch (error) {
    // Several addresses tried at once (localhost as IPv4 and IPv6) leave the reason in the parts.
    const cause = error.message || error.errors?.[0]?.message || error.code;
    return { url: '', detail: `not used: ${cause} (${variable} can name another)` };
  }
}

async function probeMysql(url) {
  const connection = await createConnection({ uri: url.href, connectTimeout: patienceMs });
  try {
    const [rows] = await connection.query(
      'SELECT version() AS version, timestampdiff(SECOND, utc_timestamp(), now()) AS offset_s',
    );
    const { version, offset_s: offset } = rows[0];
    // The gateway refuses such a server too: instants written by one clock zone and read by another are wrong.
    if (Math.abs(Number(offset)) > 1)
      throw new Error(`its time zone is not UTC (start it with --default-time-zone=+00:00)`);
    return version;
  } finally {
    await connection.end();
  }
}

async function probeRedis(url) {
  const password = decodeURIComponent(url.password);
  const user = decodeURIComponent(url.username);
  const commands = [
    ...(password === '' ? [] : [['AUTH', ...(user === '' ? [] : [user]), password]]),
    ['INFO', 'server'],
  ];
  const answer = await ask(
    url.hostname,
    Number(url.port || 6379),
    commands.map(toRedisCommand).join(''),
    /redis_version:(\S+)\r/,
  );
  return answer[1];
}

/** The wire form of a command: an array of length-prefixed strings. */
function toRedisCommand(words) {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

/** Sends a text and waits for an answer that matches; an error line of Redis (`-ERR …`) or silence is a refusal. */
function ask(host, port, text, wanted) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => socket.write(text));
    const end = (settle, value) => {
      socket.destroy();
      settle(value);
    };
    let received = '';
    socket.setTimeout(patienceMs, () => end(reject, new Error(`no answer within ${patienceMs} ms`)));
    socket.on('error', (error) => end(reject, error));
    socket.on('close', () => end(reject, new Error('it closed the connection')));
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8');
      const match = wanted.exec(received);
      const refusal = /^-(.+)\r$/m.exec(received);
      if (refusal) end(reject, new Error(refusal[1]));
      else if (match) end(resolve, match);
    });
  });
}
