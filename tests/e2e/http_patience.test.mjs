// What only time tells: pings, and peers that are too slow. All of it at once, as it is all waiting.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { chat, fresh, freshChat, metric, raw, startDaemon, until } from './daemon.mjs';

const SCRIPT = `
on "salut" say "Bonjour toi !"
on "wall" stall
on "begin" say "begun" then stall
`;
const WALL = [{ role: 'user', content: 'wall' }];

async function withDaemon(args, body) {
    const daemon = await startDaemon({ script: SCRIPT, args });
    try {
        await body(daemon);
    } finally {
        assert.equal(await daemon.stop(), 0);
    }
}

test('time', { concurrency: true }, async (t) => {
    await Promise.all([
        t.test('a stream that waits sends nothing, then a ping', () => withDaemon([], async (daemon) => {
            const answer = await chat(daemon, { stream: true, messages: WALL });
            assert.equal(answer.status, 200);
            const reader = answer.body.getReader();
            const { value } = await reader.read();
            assert.equal(new TextDecoder().decode(value), ': ping\n\n');
            await reader.cancel();
            await until('its turn is cancelled',
                async () => await metric(daemon, 'palabre_turns_running') === 0);
        })),
        t.test('heads and bodies that trickle are timed out', () => withDaemon([], async (daemon) => {
            const host = `Host: 127.0.0.1:${daemon.port}\r\n`;
            const texts = await Promise.all([
                raw(daemon.port, 'GET / HTTP/1.1\r\nHost: x'),
                raw(daemon.port, `POST /api/chat HTTP/1.1\r\n${host}Content-Length: 50\r\n\r\n{"mess`),
                raw(daemon.port, `POST /api/chat HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5\r\n`),
            ]);
            for (const text of texts) {
                assert.match(text, /^HTTP\/1\.1 408 /);
            }
        })),
        t.test('when all connections are busy, the next is told so; idle ones make room', () =>
            withDaemon(['--max-connections', '3'], async (daemon) => {
                const sockets = [];
                const body = JSON.stringify({
                    stream: true, messages: [{ role: 'user', content: 'begin' }],
                });
                for (let i = 0; i < 3; i++) {
                    const socket = connect(daemon.port, '127.0.0.1');
                    socket.on('error', () => {});
                    await once(socket, 'connect');
                    sockets.push(socket);
                }
                // Three idle ones, and a fourth that asks: one of them had to go.
                assert.equal((await freshChat(daemon)).status, 200);
                const ask = 'POST /v1/chat/completions HTTP/1.1\r\n' +
                    `Host: 127.0.0.1:${daemon.port}\r\nContent-Type: application/json\r\n` +
                    `Content-Length: ${body.length}\r\n\r\n${body}`;
                const busy = [];
                for (let i = 0; i < 3; i++) {
                    const socket = connect(daemon.port, '127.0.0.1');
                    socket.on('error', () => {});
                    socket.write(ask);
                    await once(socket, 'data');
                    busy.push(socket);
                }
                const refused = await raw(daemon.port, 'GET /health HTTP/1.1\r\n' +
                    `Host: 127.0.0.1:${daemon.port}\r\n\r\n`);
                assert.match(refused, /^HTTP\/1\.1 503 /);
                const [head, json] = refused.split('\r\n\r\n');
                assert.equal(Number(head.match(/Content-Length: (\d+)/)[1]), json.length);
                assert.match(JSON.parse(json).error.message, /busy/);
                [...sockets, ...busy].forEach((socket) => socket.destroy());
                await until('it answers again', async () =>
                    (await fresh(daemon, '/health').catch(() => ({}))).status === 200);
            })),
    ]);
});
