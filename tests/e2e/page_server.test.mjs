// The page's files and its WebSocket, as programs see them.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import WebSocket from 'ws';
import { raw, startDaemon } from './daemon.mjs';

let daemon;
before(async () => { daemon = await startDaemon({ script: 'on * say "salut"\n' }); });
after(() => daemon.stop());

// Without what fetch() adds and unpacks by itself.
function get(path, headers = {}, method = 'GET') {
    return new Promise((resolve, reject) => {
        request(daemon.base + path, { agent: false, headers, method }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => resolve({
                status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts),
            }));
        }).on('error', reject).end();
    });
}

const open = (options = {}) => new WebSocket(daemon.base.replace('http', 'ws') + (options.path ?? '/ws'), options);
const opened = (ws) => new Promise((resolve, reject) => { ws.on('open', resolve); ws.on('error', reject); });
const closed = (ws) => new Promise((resolve) => ws.on('close', (code) => resolve(code)));
function heard(ws, type) {
    return new Promise((resolve, reject) => {
        ws.on('message', (data) => {
            const message = JSON.parse(data);
            if (message.type === type) {
                resolve(message);
            }
        });
        ws.on('close', (code) => reject(new Error(`closed with ${code}`)));
    });
}

test('the page may load nothing from elsewhere, and nobody may frame it', async () => {
    for (const path of ['/', '/overlay']) {
        const { status, headers, body } = await get(path, { accept: 'text/html' });
        assert.equal(status, 200);
        assert.match(headers['content-type'], /^text\/html/);
        const policy = headers['content-security-policy'];
        for (const rule of ["default-src 'none'", "script-src 'self'", "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) {
            assert.ok(policy.includes(rule), `${path}: ${rule}`);
        }
        assert.ok(!policy.includes('unsafe'), policy);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['referrer-policy'], 'no-referrer');
        assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
        assert.ok(!/https?:\/\/(?!www\.w3\.org)/.test(body.toString()), 'another host in the page');
    }
});

test('a script comes in the form that the client takes, and once only', async () => {
    const br = await get('/assets/app.js', { 'accept-encoding': 'gzip, br' });
    const gzip = await get('/assets/app.js', { 'accept-encoding': 'br;q=0, gzip' });
    assert.equal(br.headers['content-encoding'], 'br');
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.deepEqual(brotliDecompressSync(br.body), gunzipSync(gzip.body));
    assert.notEqual(br.headers.etag, gzip.headers.etag);
    assert.match(br.headers['content-type'], /^text\/javascript/);
    const again = await get('/assets/app.js', { 'accept-encoding': 'br', 'if-none-match': br.headers.etag });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    const other = await get('/assets/app.js', { 'accept-encoding': 'br', 'if-none-match': '"old"' });
    assert.equal(other.status, 200);
    const plain = await get('/assets/app.js', { 'accept-encoding': 'identity' });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.deepEqual(plain.body, gunzipSync(gzip.body));
    const head = await get('/assets/app.js', { 'accept-encoding': 'br' }, 'HEAD');
    assert.equal(Number(head.headers['content-length']), br.body.length);
    assert.equal(head.body.length, 0);
});

test('a path beside the assets is not there, however it is written', async () => {
    for (const path of ['/assets/', '/assets/none.js', '/assets/../app.js', '/assets/%2e%2e/app.js', '/assets/app.js.gz']) {
        assert.equal((await get(path)).status, 404, path);
    }
});

test('a page says hello, and is told who answers', async () => {
    const ws = open();
    await opened(ws);
    const hello = heard(ws, 'hello');
    ws.send('{"type":"hello"}');
    assert.equal(typeof (await hello).version, 'string');
    ws.close();
    assert.equal(await closed(ws), 1005);
});

test('a WebSocket of another origin is refused before it is one', async () => {
    for (const headers of [{ origin: 'http://evil.test' }, { origin: `http://127.0.0.1:${daemon.port + 1}` },
        { origin: 'null' }, { host: `evil.test:${daemon.port}` }]) {
        const ws = open({ headers });
        const why = await new Promise((resolve) => ws.on('error', resolve));
        assert.match(why.message, /403|421/);
    }
    const own = open({ headers: { origin: daemon.base } });
    await opened(own);
    own.terminate();
});

test('a handshake that is none gets an answer that says so', async () => {
    assert.equal((await get('/ws')).status, 426);
    const fields = `Host: 127.0.0.1:${daemon.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    const answer = await raw(daemon.port, `GET /ws HTTP/1.1\r\n${fields}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\nConnection: close\r\n\r\n`, { half: true });
    assert.match(answer, /^HTTP\/1\.1 400 /);
});

test('rubbish closes its own WebSocket and nobody else\'s', async () => {
    const good = open();
    await opened(good);
    const nonsense = open();
    await opened(nonsense);
    const policy = closed(nonsense);
    for (let i = 0; i < 12; i++) {
        nonsense.send(['{', '[]', '{"type":7}', '{"type":"none"}', '\u0000'][i % 5]);
    }
    assert.equal(await policy, 1008);
    const binary = open();
    await opened(binary);
    const notText = closed(binary);
    binary.send(Buffer.from([1, 2, 3]));
    assert.equal(await notText, 1003);
    const huge = open();
    await opened(huge);
    const tooBig = closed(huge);
    huge.send('x'.repeat(100_000));
    assert.equal(await tooBig, 1009);
    const fast = open();
    await opened(fast);
    const tooFast = closed(fast);
    fast.send('{"type":"hello"}');
    for (let i = 0; i < 1000; i++) {
        fast.send('{"type":"subscribe","topics":[]}');
    }
    assert.equal(await tooFast, 1008);
    // An unmasked frame, a reserved bit, a control frame in pieces: not the protocol.
    for (const bytes of ['\x81\x02hi', '\xf1\x82aaaahi', '\x09\x80aaaa']) {
        const got = await raw(daemon.port, Buffer.from(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${daemon.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n${bytes}`, 'latin1'));
        assert.match(got, /^HTTP\/1\.1 101 [^]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n\x88/);
    }
    const hello = heard(good, 'hello');
    good.send('{"type":"hello"}');
    await hello;
    good.terminate();
});
