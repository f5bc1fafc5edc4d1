// Which hosts, origins and keys are let in: through the real socket, for every endpoint.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { raw, startDaemon } from './daemon.mjs';

const ENDPOINTS = [
    ['GET', '/'], ['GET', '/health'], ['GET', '/healthz'], ['GET', '/metrics'],
    ['GET', '/v1/models'], ['GET', '/api/tags'], ['GET', '/api/version'], ['GET', '/nothing'],
    ['OPTIONS', '/v1/chat/completions'], ['HEAD', '/'], ['DELETE', '/v1/models'],
    ['POST', '/v1/chat/completions'], ['POST', '/api/chat'], ['POST', '/api/generate'],
];

let daemon;

before(async () => {
    daemon = await startDaemon({ script: '' });
});
after(() => daemon.stop());

// fetch() does not let Host and Origin be chosen.
function ask(port, method, path, headers, body) {
    return new Promise((resolve, reject) => {
        const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false },
            (answer) => {
                let text = '';
                answer.on('data', (bytes) => { text += bytes; });
                answer.on('end', () => resolve({ status: answer.statusCode, answer, text }));
            });
        req.on('error', reject);
        req.end(body);
    });
}

const JSON_BODY = '{"messages":[{"role":"user","content":"salut"}],"prompt":"salut"}';
const send = (port, [method, path], headers) => ask(port, method, path,
    { ...(method === 'POST' ? { 'content-type': 'application/json' } : {}), ...headers },
    method === 'POST' ? JSON_BODY : undefined);

test('on every endpoint only our own hosts and origins pass', async () => {
    const port = daemon.port;
    const hosts = [
        [`127.0.0.1:${port}`, 0], [`localhost:${port}`, 0], [`[::1]:${port}`, 0],
        ['a b', 400], ['127.0.0.1', 421], [`evil.test:${port}`, 421], ['evil.test', 421],
        [`127.0.0.1:${port + 1}`, 421], [`localhost.evil.test:${port}`, 421],
    ];
    const origins = [
        [undefined, 0], [`http://127.0.0.1:${port}`, 0], [`http://localhost:${port}`, 0],
        ['null', 403], ['http://evil.test', 403], [`http://evil.test:${port}`, 403],
        [`http://localhost:${port + 1}`, 403], [`https://localhost:${port}`, 403],
    ];
    for (const endpoint of ENDPOINTS) {
        for (const [host, hostStatus] of hosts) {
            for (const [origin, originStatus] of origins) {
                const headers = { host, ...(origin === undefined ? {} : { origin }) };
                const { status, answer } = await send(port, endpoint, headers);
                const expected = hostStatus || originStatus;
                const where = `${endpoint} host '${host}' origin '${origin}': ${status}`;
                if (expected) {
                    assert.equal(status, expected, where);
                } else {
                    assert.ok(![400, 403, 421].includes(status), where);
                }
                assert.equal(answer.headers['access-control-allow-origin'], undefined);
            }
        }
    }
});

test('a request without a Host, or with an empty one, is refused', async () => {
    for (const host of ['', 'Host:\r\n', 'Host: \r\n']) {
        assert.match(await raw(daemon.port, `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
            /^HTTP\/1\.1 400 /);
    }
});

test('a page of another site is refused by what its browser says', async () => {
    const host = `127.0.0.1:${daemon.port}`;
    for (const [site, status] of [['cross-site', 403], ['same-site', 403], ['same-origin', 200],
        ['none', 200]]) {
        const got = await send(daemon.port, ['GET', '/v1/models'], { host, 'sec-fetch-site': site });
        assert.equal(got.status, status, site);
    }
});

test('with a key: everything but health and the page needs it', async () => {
    const guarded = await startDaemon({
        script: '', args: ['--host', '0.0.0.0', '--api-key', 'sesame'],
    });
    try {
        const host = `127.0.0.1:${guarded.port}`;
        const open = new Set(['/', '/health', '/healthz']);
        for (const endpoint of ENDPOINTS.filter(([method]) => method !== 'OPTIONS')) {
            const none = await send(guarded.port, endpoint, { host });
            const isOpen = open.has(endpoint[1]);
            assert.equal(none.status === 401, !isOpen, `${endpoint} without a key`);
            if (!isOpen) {
                assert.equal(none.answer.headers['www-authenticate'], 'Bearer');
            }
            for (const authorization of ['Bearer wrong', 'Bearer', 'Basic sesame', 'sesame']) {
                const bad = await send(guarded.port, endpoint, { host, authorization });
                assert.equal(bad.status === 401, !isOpen, `${endpoint} ${authorization}`);
            }
            const good = await send(guarded.port, endpoint,
                { host, authorization: 'Bearer sesame' });
            assert.notEqual(good.status, 401, `${endpoint} with the key`);
        }
        const numbered = await send(guarded.port, ['GET', '/health'],
            { host: `10.1.2.3:${guarded.port}` });
        assert.equal(numbered.status, 200);
        assert.equal((await send(guarded.port, ['GET', '/health'], { host: 'evil.test' })).status,
            421);
        assert.ok(!guarded.log().includes('sesame'));
    } finally {
        await guarded.stop();
    }
});
