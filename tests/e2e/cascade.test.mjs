// Engines in turn: a local one (scripted), then servers: another palabre, and one that does all the
// wrong things that a server can do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { chat, metric, startDaemon, until } from './daemon.mjs';

const KEY = 'sk-very-secret-key';
const say = (content) => [{ role: 'user', content }];
const chunk = (text) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`;
const finish = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`;

// What it does is the newest message's first word.
const TRICKS = {
    well: (res, text) => res.end(`${chunk(text.slice(0, 5))}${chunk(text.slice(5))}${finish}data: [DONE]\n\n`),
    nodone: (res) => res.end(`${chunk('whole')}${finish}`),
    noend: (res) => res.write(`${chunk('whole')}${finish}data: [DONE]\n\n`),
    halves(res) {
        const bytes = Buffer.from(`: ping\r\n\r\n${chunk('ça va')}${finish}data: [DONE]\n\n`);
        let at = 0;
        const next = () => (at < bytes.length ? (res.write(bytes.subarray(at, ++at)), setImmediate(next)) : res.end());
        next();
    },
    json: (res) => res.end('data: {"choices": [\n\n'),
    wrong: (res) => res.end('data: {"choices":[{"delta":{"content":7}}]}\n\n'),
    html: (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    empty: (res) => res.end(`${finish}data: [DONE]\n\n`),
    thinks: (res) => res.end(`data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n${finish}`),
    cut(res) {
        res.write(chunk('begun'));
        setTimeout(() => res.destroy(), 50);
    },
    early: (res) => res.end(chunk('begun')),
    breaks: (res) => res.end(`${chunk('begun')}data: {"error":{"message":"out of memory"}}\n\n`),
    hang: () => {},
    silent: (res) => res.write(chunk('begun')),
    s400: (res) => res.writeHead(400, { 'content-type': 'application/json' })
        .end('{"error":{"message":"a word is wrong"}}'),
    s401: (res) => res.writeHead(401).end(`{"error":{"message":"wrong key ${KEY}"}}`),
    s307: (res) => res.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
    s429: (res) => res.writeHead(429).end(),
    s500: (res) => res.writeHead(500).end('oh\nno'),
};

async function startHostile({ models = 200 } = {}) {
    const seen = { keys: new Set(), bodies: [], closed: 0, sockets: 0, models: 0, status: models };
    const server = createServer(async (req, res) => {
        seen.keys.add(req.headers.authorization);
        if (req.url === '/v1/models') {
            seen.models++;
            res.writeHead(seen.status, { 'content-type': 'application/json' });
            res.end(JSON.stringify({ data: [{ id: 'hostile', max_model_len: 2048 }] }));
            return;
        }
        let text = '';
        for await (const bytes of req) {
            text += bytes;
        }
        const body = JSON.parse(text);
        seen.bodies.push(body);
        res.on('close', () => { seen.closed += !res.writableFinished; });
        const words = body.messages.at(-1).content;
        const trick = TRICKS[words.split(' ')[0]] ?? TRICKS.well;
        if (!/^(html|s\d)/.test(words)) {
            res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        }
        trick(res, words);
    });
    server.keepAliveTimeout = 600_000; // connections are ours to count, however slow this machine is
    server.on('connection', () => { seen.sockets++; });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${server.address().port}`;
    return { seen, url, host: url.slice(7), stop: () => { server.closeAllConnections(); server.close(); } };
}

async function ask(daemon, text, fields = {}) {
    const answer = await chat(daemon, { messages: say(text), ...fields });
    const body = await answer.json();
    return { status: answer.status, text: body.choices?.[0].message.content, error: body.error?.message, body };
}

const health = async (daemon) => (await fetch(`${daemon.base}/health`)).json();

async function with2(upstream, options, body) {
    const daemon = await startDaemon(options);
    try {
        await until('all are ready', async () => (await health(daemon)).engines.every((one) => one.state === 'ready'));
        await body(daemon);
    } finally {
        upstream.stop();
        assert.equal(await daemon.stop(), 0);
    }
}

test('a server alone: replies, and each wrong answer is one clear error', async () => {
    const upstream = await startHostile();
    await with2(upstream, {
        args: ['--engine=upstream', `--upstreams=${upstream.url}`, '--upstream-first-timeout=3', '--upstream-idle-timeout=3'],
    }, async (daemon) => {
        assert.match(daemon.out(), /ready: hostile, computed by 127\.0\.0\.1:/);
        for (const [trick, text] of [['well done', 'well done'], ['nodone', 'whole'], ['noend', 'whole'], ['halves', 'ça va']]) {
            const got = await ask(daemon, trick);
            assert.equal(got.text, text, trick);
            assert.equal(got.body.choices[0].finish_reason, 'stop');
        }
        // A reply that is cut by our own stop text, whatever the server does with it.
        assert.equal((await ask(daemon, 'well well', { stop: ['l w'] })).text, 'wel');
        const wrongs = {
            json: /not JSON/, wrong: /not text/, html: /event stream/, empty: /no text/, thinks: /only thought/,
            early: /in the middle/, cut: /broke off/, breaks: /out of memory/, s400: /HTTP 400: a word is wrong/,
            s307: /points elsewhere/, s500: /HTTP 500/, hang: /too long to begin/, silent: /fell silent/,
        };
        for (const [trick, what] of Object.entries(wrongs)) {
            const got = await ask(daemon, trick);
            assert.match(got.error ?? `no error: ${JSON.stringify(got.body)}`, what);
            await until('it is asked again', async () => (await ask(daemon, 'well')).text === 'well');
        }
        const first = upstream.seen.bodies[0];
        assert.equal(first.model, 'hostile');
        assert.equal(first.stream, true);
        assert.deepEqual([...upstream.seen.keys], [undefined]);
    });
});

test('connections are kept, and a turn is cancelled by closing its own', async () => {
    const upstream = await startHostile();
    await with2(upstream, { args: ['--engine=upstream', `--upstreams=${upstream.url}#named`] }, async (daemon) => {
        for (let i = 0; i < 5; i++) {
            assert.equal((await ask(daemon, 'well again')).text, 'well again');
        }
        assert.equal(upstream.seen.sockets, 1);
        assert.equal(upstream.seen.bodies[0].model, 'named');
        const abort = new AbortController();
        const answer = await fetch(`${daemon.base}/v1/chat/completions`, {
            method: 'POST', signal: abort.signal, headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ stream: true, messages: say('silent') }),
        });
        await answer.body.getReader().read();
        const before = upstream.seen.closed;
        abort.abort();
        await until('the server sees it leave', () => upstream.seen.closed > before);
        await until('no turn is left', async () => await metric(daemon, 'palabre_turns_running') === 0);
        assert.equal((await ask(daemon, 'well still')).text, 'well still');
    });
});

test('a key goes to its host and nowhere else', async () => {
    const upstream = await startHostile();
    const other = await startHostile();
    const options = {
        script: 'on "oups" fail "no"\n',
        args: [`--upstreams=${upstream.url},${other.url}`, '--log-level=trace'],
        env: { PALABRE_ENGINE_UPSTREAM_KEYS: `${upstream.host}=${KEY}` },
    };
    await with2(upstream, options, async (daemon) => {
        const got = await ask(daemon, 'oups');
        assert.equal(got.text, 'oups'); // the local one failed, the first server answered
        assert.deepEqual([...upstream.seen.keys], [`Bearer ${KEY}`]);
        assert.deepEqual([...other.seen.keys], [undefined]);
        await ask(daemon, 's401 oups'); // the server repeats the key in its refusal
        const pid = daemon.child.pid;
        const engine = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0];
        for (const file of ['cmdline', 'environ']) {
            assert.ok(!readFileSync(`/proc/${engine}/${file}`, 'latin1').includes(KEY), file);
        }
        assert.ok(!daemon.log().includes(KEY));
        assert.ok(!daemon.log().includes('oups'));
    });
    other.stop();
});

test('a turn that has said nothing goes on to the next, one that has spoken does not', async () => {
    const upstream = await startHostile();
    const script = 'on "begun" say "Je com" then fail "no"\non "hard" fail "no"\non "die" die segv\non "slow" stall\non * say "local"\n';
    await with2(upstream, { script, args: [`--upstreams=${upstream.url}`] }, async (daemon) => {
        assert.equal((await ask(daemon, 'well')).text, 'local');
        assert.equal(upstream.seen.bodies.length, 0);
        assert.equal((await ask(daemon, 'well hard')).text, 'well hard');
        assert.equal((await ask(daemon, 'well die')).text, 'well die');
        await until('the local one is back', async () => (await health(daemon)).engines[0].state === 'ready');
        assert.equal((await ask(daemon, 'well')).text, 'local');
        assert.equal((await ask(daemon, 'begun')).status, 500);
        assert.equal(upstream.seen.bodies.length, 2);
        // Both fail: the error of the last one.
        assert.match((await ask(daemon, 's400 hard')).error, /HTTP 400/);
        const part = (name, what) => metric(daemon, `palabre_engine_part_${what}_total{engine="${name}"}`);
        assert.equal(await part(upstream.host, 'turns'), 3);
        assert.equal(await part(upstream.host, 'failures'), 1);
        assert.equal(await part('local', 'failures'), 4);
    });
});

test('failures open the breaker, which a look in the background closes', async () => {
    const upstream = await startHostile();
    await with2(upstream, { script: 'on * fail "no"\n', args: [`--upstreams=${upstream.url}`] }, async (daemon) => {
        const breaker = async (i) => (await health(daemon)).engines[i].breaker;
        for (let i = 0; i < 3; i++) {
            assert.equal((await ask(daemon, 'well')).text, 'well');
        }
        assert.notEqual(await breaker(0), 'closed'); // open, and half-open two seconds later
        const looks = upstream.seen.models;
        upstream.seen.status = 503;
        assert.match((await ask(daemon, 's429')).error, /HTTP 429/);
        await until('it is looked at in vain', () => upstream.seen.models > looks);
        assert.equal((await health(daemon)).engines[1].state, 'starting');
        upstream.seen.status = 200;
        await until('it is looked at again', async () => await breaker(1) === 'half-open');
        await until('it answers', async () => (await ask(daemon, 'well')).text === 'well');
        assert.equal(await breaker(1), 'closed');
    });
});

test('an engine too slow for the deadline is left for the next', async () => {
    const upstream = await startHostile();
    await with2(upstream, { script: 'on * stall\n', args: [`--upstreams=${upstream.url}`] }, async (daemon) => {
        assert.equal((await ask(daemon, 'well timed', { deadline_ms: 8000 })).text, 'well timed');
        assert.equal(await metric(daemon, 'palabre_engine_part_timeouts_total{engine="local"}'), 1);
        // The last choice has all the time that is left.
        assert.equal((await ask(daemon, 'hang', { deadline_ms: 2000 })).status, 504);
    });
});

test('another palabre is a server like any other', async () => {
    const far = await startDaemon({ script: 'on "salut" say "Bonjour d\'ailleurs"\n', args: [`--api-key=${KEY}`] });
    const near = await startDaemon({
        args: ['--engine=upstream', `--upstreams=${far.base}/v1`],
        env: { PALABRE_ENGINE_UPSTREAM_KEYS: `127.0.0.1=${KEY}` },
    });
    try {
        const { body } = await ask(near, 'salut', { max_tokens: 9 });
        assert.equal(body.choices[0].message.content, "Bonjour d'ailleurs");
        assert.equal(body.usage.completion_tokens, 2);
        assert.equal(body.model, 'script');
    } finally {
        assert.equal(await near.stop(), 0);
        assert.equal(await far.stop(), 0);
    }
});

test('settings that do not go together are refused with the way out', async () => {
    for (const [args, what] of [
        [['--engine=upstream'], /engine\.upstreams is empty/],
        [['--upstreams=127.0.0.1:1'], /not an address like/],
        [['--upstreams=http://h/', `--upstream-keys=${KEY}`], /number 1 is not HOST=KEY/],
    ]) {
        const daemon = await startDaemon({ script: '', args, exits: true });
        assert.equal(await daemon.ended, 78);
        assert.match(daemon.log(), what);
        assert.ok(!daemon.log().includes(KEY));
    }
});
