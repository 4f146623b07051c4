// A receiver of webhooks as a merchant would write it: checks the signature, answers 200, then looks at the message.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const largestBody = 1024 * 1024;

/** Listens on loopback. `secret` is known only once the endpoint exists, so it is set later. */
export async function startWebhookReceiver() {
  const received = [];
  const refused = [];
  let secret;
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    try {
      // Throws where the signature or the time does not fit.
      const message = new Webhook(secret).verify(body, request.headers);
      received.push(message);
      response.writeHead(200).end();
    } catch (error) {
      refused.push(error.message);
      response.writeHead(400).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/webhooks`,
    /** Messages whose signature is right, in the order of their arrival. */
    received,
    /** Why others were turned away. */
    refused,
    trust(value) {
      secret = value;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > largestBody) throw new Error('The message is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
