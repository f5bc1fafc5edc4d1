// What is broken, too large, too slow or too much gets a clear answer, and the next request works.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { chat, freshChat, metric, post, raw, startDaemon, until } from './daemon.mjs';

const SCRIPT = `
on "salut" say "Bonjour toi !"
on "wall" stall
on "flood" say "${'x '.repeat(32768)}"
`;

let daemon;

before(async () => {
    daemon = await startDaemon({ script: SCRIPT });
});
after(async () => assert.equal(await daemon.stop(), 0));

// The point of every test here.
afterEach(async () => {
    const { status, text } = await freshChat(daemon);
    assert.equal(status, 200);
    assert.equal(JSON.parse(text).choices[0].message.content, 'Bonjour toi !');
});

const head = (lines = []) => [
    'POST /v1/chat/completions HTTP/1.1', `Host: 127.0.0.1:${daemon.port}`,
    'Content-Type: application/json', ...lines, '', '',
].join('\r\n');
const BODY = '{"messages":[{"role":"user","content":"salut"}]}';

async function assertRefused(answer, status, what) {
    assert.equal(answer.status, status);
    const { error } = await answer.json();
    assert.match(error.message, what);
    return error;
}

test('bodies that are no request are refused with the place', async () => {
    const cases = [
        ['', /not valid JSON/], ['{', /line 1, column/], ['[]', /must be a JSON object/],
        ['nope', /not valid JSON/], ['{"messages":[}', /not valid JSON/],
        ['{}', /'messages' is missing/], ['{"messages":[]}', /at least one message/],
        ['{"messages":[{"role":"wizard","content":"x"}]}', /messages\[0\]\.role/],
        ['{"messages":[{"role":"user"}]}', /messages\[0\]\.content/],
        [Buffer.from('{"messages":[{"role":"user","content":"\xff"}]}', 'latin1'), /decode byte 0xff/],
        [`{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`, /nested deeper/],
        ['['.repeat(1_000_000), /nested deeper/],
    ];
    for (const [body, what] of cases) {
        const error = await assertRefused(await post(daemon, '/v1/chat/completions', body), 400, what);
        assert.equal(error.type, 'invalid_request_error');
    }
});

test('every numeric field is held to its range, by name', async () => {
    const ranges = {
        max_tokens: [1, 32768], max_completion_tokens: [1, 32768], temperature: [0, 2],
        top_p: [0, 1], top_k: [0, 1000000], min_p: [0, 1], seed: [0, 4294967295],
        repeat_penalty: [0.5, 2], repeat_last_n: [0, 32768], presence_penalty: [-2, 2],
        frequency_penalty: [-2, 2], n: [1, 1], deadline_ms: [1, 3600000],
    };
    for (const [name, [min, max]] of Object.entries(ranges)) {
        for (const value of [min - 3, max + 1, 1e308, '1', [], {}, true]) {
            const error = await assertRefused(await chat(daemon, { [name]: value }), 400,
                new RegExp(`'${name}' must be`));
            assert.equal(error.param, name);
        }
        await assertRefused(await post(daemon, '/v1/chat/completions',
            BODY.replace('{', `{"${name}":NaN,`)), 400, /not valid JSON/);
        // 1 ms is too short a deadline to be kept; the others leave the reply whole or short.
        for (const value of name === 'deadline_ms' ? [max, null] : [min, max, null]) {
            const answer = await chat(daemon, { [name]: value });
            assert.equal(answer.status, 200, `${name} ${value}`);
            await answer.json();
        }
    }
});

test('a body of 20 MB is refused, and the client sees the answer', async () => {
    const big = Buffer.alloc(20 * 1024 * 1024, 'x');
    await assertRefused(await post(daemon, '/v1/chat/completions', big), 413, /larger/);
    const text = await raw(daemon.port, Buffer.concat([
        Buffer.from(head([`Content-Length: ${big.length}`])), big]));
    assert.match(text, /^HTTP\/1\.1 413 /);
    assert.match(text, /Connection: close/);
});

test('a chunked body is read, and one without end is cut off', async () => {
    const chunked = head(['Transfer-Encoding: chunked', 'Connection: close']);
    const text = await raw(daemon.port, `${chunked}${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 200 /);
    const piece = `10000\r\n${'x'.repeat(65536)}\r\n`;
    assert.match(await raw(daemon.port, chunked + piece.repeat(128)), /^HTTP\/1\.1 413 /);
    assert.match(await raw(daemon.port, `${chunked}-2\r\nxx\r\n`), /^HTTP\/1\.1 400 /);
});

test('what is no HTTP is told so', async () => {
    const cases = [
        ['GARBAGE\r\n\r\n', 400], ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n', 400],
        ['GET / HTTP/1.1\r\n\r\n', 400], ['GET / HTTP/3.0\r\n\r\n', 505],
        [`GET / HTTP/1.1\r\nHost: a\r\n${'A: b\r\n'.repeat(70)}\r\n`, 431],
        [`GET /${'a'.repeat(9000)} HTTP/1.1\r\n\r\n`, 431],
        [head(['Content-Length: 1', 'Transfer-Encoding: chunked']), 400],
        [head(['Content-Length: -5']), 400],
        [head(['Content-Encoding: gzip', 'Content-Length: 3']) + 'abc', 415],
    ];
    for (const [bytes, status] of cases) {
        const closing = bytes.replace('\r\nHost', '\r\nConnection: close\r\nHost')
            .replace('HTTP/1.1\r\n\r\n', 'HTTP/1.1\r\nConnection: close\r\n\r\n');
        assert.match(await raw(daemon.port, Buffer.from(closing, 'latin1')),
            new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(bytes.slice(0, 40)));
    }
});

test('unknown paths, wrong methods and wrong types have their own answers', async () => {
    assert.equal((await fetch(`${daemon.base}/nothing/here`)).status, 404);
    assert.equal((await fetch(`${daemon.base}/../etc/passwd`)).status, 404);
    assert.equal((await fetch(`${daemon.base}/v1/models/%zz`)).status, 400);
    const wrong = await fetch(`${daemon.base}/v1/chat/completions`);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'POST, OPTIONS');
    assert.equal((await post(daemon, '/v1/models', {})).status, 405);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        assert.equal((await post(daemon, '/v1/chat/completions', BODY, { 'content-type': type }))
            .status, 415);
    }
    const options = await fetch(`${daemon.base}/v1/models`, { method: 'OPTIONS' });
    assert.equal(options.status, 204);
    assert.equal(options.headers.get('access-control-allow-origin'), null);
});

test('requests behind each other on one connection are answered in order', async () => {
    const models = `GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\n\r\n`;
    const text = await raw(daemon.port, head([`Content-Length: ${BODY.length}`]) + BODY + models +
        head([`Content-Length: ${BODY.length}`, 'Connection: close']) + BODY);
    const kinds = [...text.matchAll(/"object":"(chat\.completion|list)"/g)].map((found) => found[1]);
    assert.deepEqual(kinds, ['chat.completion', 'list', 'chat.completion']);
});

test('a client that asks first is told to go on, or not to', async () => {
    const socket = connect(daemon.port, '127.0.0.1');
    socket.setEncoding('latin1');
    socket.write(head([`Content-Length: ${BODY.length}`, 'Expect: 100-continue',
        'Connection: close']));
    const [first] = await once(socket, 'data');
    assert.equal(first, 'HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(BODY);
    const [second] = await once(socket, 'data');
    assert.match(second, /^HTTP\/1\.1 200 /);
    socket.destroy();
    assert.match(await raw(daemon.port, head(['Content-Length: 99999999', 'Expect: 100-continue'])),
        /^HTTP\/1\.1 413 /);
});

test('HTTP/1.0 gets its answer and its stream without chunks', async () => {
    const ask = (fields) => `POST /v1/chat/completions HTTP/1.0\r\nHost: localhost:${daemon.port}` +
        `\r\nContent-Type: application/json\r\nContent-Length: ${fields.length}\r\n\r\n${fields}`;
    assert.match(await raw(daemon.port, ask(BODY)), /"content":"Bonjour toi !"/);
    const stream = await raw(daemon.port, ask(BODY.replace('{', '{"stream":true,')));
    assert.ok(stream.endsWith('data: [DONE]\n\n'));
    assert.ok(!/transfer-encoding/i.test(stream));
});

const open = async (n) => {
    const sockets = [];
    for (let i = 0; i < n; i++) {
        const socket = connect(daemon.port, '127.0.0.1');
        socket.on('error', () => {});
        sockets.push(socket);
        await once(socket, 'connect');
    }
    return sockets;
};

test('200 idle connections, and 400, do not stop the next request', async () => {
    for (const n of [200, 400]) {
        const sockets = await open(n);
        assert.equal((await freshChat(daemon)).status, 200);
        assert.ok(await metric(daemon, 'palabre_connections') <= 256);
        sockets.forEach((socket) => socket.destroy());
    }
    await until('they are gone', async () => await metric(daemon, 'palabre_connections') < 10);
});

test('half a request and then nothing, or a close, leaves nothing behind', async () => {
    const cut = head([`Content-Length: ${BODY.length}`]) + BODY.slice(0, 20);
    for (const bytes of [cut, cut.slice(0, 40), 'G', '']) {
        await raw(daemon.port, bytes, { half: true });
    }
    await until('they are gone', async () => await metric(daemon, 'palabre_connections') < 10);
});

test('a reader that does not read is cancelled, and others are served meanwhile', async () => {
    const line = 'palabre_turns_ended_total{source="api",outcome="cancelled"}';
    const before_ = await metric(daemon, line);
    const body = JSON.stringify({
        stream: true, max_tokens: 32768, messages: [{ role: 'user', content: 'flood' }],
    });
    const [socket] = await open(1);
    socket.pause();
    socket.write(head([`Content-Length: ${body.length}`]) + body);
    await until('its turn is cancelled', async () => await metric(daemon, line) === before_ + 1);
    assert.equal((await freshChat(daemon)).status, 200);
    socket.destroy();
});

test('a client that resets in the middle of its stream is gone at once', async () => {
    const line = 'palabre_turns_ended_total{source="api",outcome="cancelled"}';
    for (let i = 0; i < 20; i++) {
        const before_ = await metric(daemon, line);
        const body = JSON.stringify({ stream: i % 2 === 0,
            messages: [{ role: 'user', content: 'wall' }] });
        const [socket] = await open(1);
        socket.write(head([`Content-Length: ${body.length}`]) + body);
        await until('it runs', async () => await metric(daemon, 'palabre_turns_running') === 1);
        socket.resetAndDestroy();
        await until('it is cancelled', async () => await metric(daemon, line) === before_ + 1);
    }
});

test('no file descriptors left: the waiting are turned away, and all is well after', async () => {
    const small = await startDaemon({ script: SCRIPT, wrap: ['prlimit', '--nofile=48'] });
    try {
        const sockets = [];
        for (let i = 0; i < 100; i++) {
            const socket = connect(small.port, '127.0.0.1');
            socket.on('error', () => {});
            sockets.push(socket);
        }
        await new Promise((resolve) => setTimeout(resolve, 300));
        sockets.forEach((socket) => socket.destroy());
        await until('a request works', async () =>
            (await freshChat(small).catch(() => ({ status: 0 }))).status === 200);
    } finally {
        assert.equal(await small.stop(), 0);
    }
});

test('bodies that together would take too much memory are refused, and the room comes back', async () => {
    // Each holds 3 MiB of a body and never ends it: 64 MiB are taken by the 22nd.
    const part = 'x'.repeat(3 * 1024 * 1024);
    const sockets = await open(30);
    const answers = [];
    for (const socket of sockets) {
        socket.once('data', (bytes) => answers.push(String(bytes)));
        socket.write(head([`Content-Length: ${part.length + 1}`]) + part);
    }
    const refused = await until('some are refused', () => answers.length > 0 && answers[0]);
    assert.match(refused, /^HTTP\/1\.1 503 /);
    sockets.forEach((socket) => socket.destroy());
    await until('they are gone', async () => await metric(daemon, 'palabre_connections') < 10);
});
