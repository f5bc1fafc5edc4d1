// Another engine takes over while people are being answered: POST /api/reload, POST /api/profile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { chat, metric, post, startDaemon, until } from './daemon.mjs';

const LONG = Array.from({ length: 40 }, (_, i) => `mot${i}`).join(' ');
const SCRIPT = `on "long" say "${LONG}" rate 10/s\non "mur" say "un début" then stall\non * say "l'ancien"\n`;

const health = async (daemon) => (await fetch(`${daemon.base}/health`)).json();
const stage = async (daemon) => (await health(daemon)).switch.stage;
const becomes = (daemon, wanted) => until(`the switch is ${wanted}`, async () => await stage(daemon) === wanted);
const ask = (daemon, content, fields = {}) => chat(daemon, { messages: [{ role: 'user', content }], ...fields });
const textOf = async (answer) => (await (await answer).json()).choices[0].message.content;

// What the next engine is to read.
const rewrite = (daemon, script) => writeFileSync(join(daemon.home, 'script'), script);

// Lets the next engine wait for what it is to read, as long as this test likes.
function rewriteLater(daemon) {
    const file = join(daemon.home, 'script');
    rmSync(file);
    execFileSync('mkfifo', [file]);
    return (script) => writeFile(file, script);
}

// Reads a stream; resolves `begun` with its first text, and `whole` with everything.
function stream(daemon, content, fields = {}) {
    let begin;
    const begun = new Promise((resolve) => { begin = resolve; });
    const read = async () => {
        const answer = await ask(daemon, content, { stream: true, ...fields });
        assert.equal(answer.status, 200);
        const found = { text: '', n: 0, finish: null, ends: 0 };
        let rest = '';
        for await (const bytes of answer.body.pipeThrough(new TextDecoderStream())) {
            const lines = (rest + bytes).split('\n');
            rest = lines.pop();
            for (const line of lines.filter((one) => one.startsWith('data: '))) {
                if (line === 'data: [DONE]') {
                    found.ends++;
                    continue;
                }
                const { delta, finish_reason: finish } = JSON.parse(line.slice(6)).choices[0];
                found.text += delta.content ?? '';
                found.n += delta.content ? 1 : 0;
                found.finish = finish ?? found.finish;
                if (found.text !== '') {
                    begin();
                }
            }
        }
        begin();
        return found;
    };
    return { begun, whole: read() };
}

async function with_(options, act) {
    const daemon = await startDaemon(options);
    try {
        await act(daemon);
        assert.equal(await metric(daemon, 'palabre_turns_running'), 0);
    } finally {
        assert.equal(await daemon.stop(), 0);
    }
}

test('replies that run end in the old engine, whole and once; new ones come from the new engine', async () => {
    await with_({ script: SCRIPT }, async (daemon) => {
        const running = ['ana', 'bob', 'cyd'].map((user) => stream(daemon, 'long', { user }));
        await Promise.all(running.map((one) => one.begun));
        const release = rewriteLater(daemon);
        const first = await post(daemon, '/api/reload', {});
        assert.equal(first.status, 202);
        assert.equal((await first.json()).switch.stage, 'loading');
        const second = await post(daemon, '/api/reload', {});
        assert.equal(second.status, 409);
        assert.match((await second.json()).error, /under way/);
        assert.equal(await textOf(ask(daemon, 'qui ?', { user: 'dee' })), "l'ancien");
        await release('on * say "le nouveau"\n');
        await until('the new one answers', async () => (await stage(daemon)) !== 'loading');
        assert.equal(await textOf(ask(daemon, 'qui ?', { user: 'dee' })), 'le nouveau');
        for (const one of await Promise.all(running.map(({ whole }) => whole))) {
            assert.equal(one.text, LONG);
            assert.equal(one.finish, 'stop');
            assert.equal(one.ends, 1);
        }
        await becomes(daemon, 'idle');
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="api",outcome="done"}'), 5);
        assert.equal(await metric(daemon, 'palabre_turns_accepted_total{source="api"}'), 5);
        // Again, and with nobody there.
        rmSync(join(daemon.home, 'script'));
        rewrite(daemon, 'on * say "le troisième"\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'idle');
        assert.equal(await textOf(ask(daemon, 'qui ?')), 'le troisième');
    });
});

test('an engine that fails to load leaves the old one where it is, and says why', async () => {
    await with_({ script: SCRIPT }, async (daemon) => {
        rewrite(daemon, 'load fail "pas de chance"\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'failed');
        const told = await health(daemon);
        assert.equal(told.status, 'ok');
        assert.match(told.switch.message, /pas de chance/);
        assert.equal(await textOf(ask(daemon, 'qui ?')), "l'ancien");
        rewrite(daemon, 'on * say "le nouveau"\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'idle');
        assert.equal(await textOf(ask(daemon, 'qui ?')), 'le nouveau');
    });
});

test('the program stops in the middle of a switch, loading or ending', async () => {
    for (const script of ['load 60s\n', SCRIPT]) {
        const daemon = await startDaemon({ script: SCRIPT });
        const running = stream(daemon, 'mur');
        running.whole.catch(() => {});
        await running.begun;
        rewrite(daemon, script);
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, script === SCRIPT ? 'ending' : 'loading');
        assert.equal(await daemon.stop(), 0);
    }
});

test('the starter model goes on with the plan of the cpu while two are answered', async () => {
    await with_({ args: ['--backend', 'cpu'] }, async (daemon) => {
        const more = { max_tokens: 300, ignore_eos: true };
        const running = ['ana', 'bob'].map((user) => stream(daemon, 'raconte', { user, ...more }));
        await Promise.all(running.map((one) => one.begun));
        const both = [1, 2].map(() => post(daemon, '/api/profile', { profile: 'cpu' }));
        assert.deepEqual((await Promise.all(both)).map((one) => one.status).sort(), [202, 409]);
        for (const one of await Promise.all(running.map(({ whole }) => whole))) {
            assert.equal(one.finish, 'length');
            assert.equal(one.ends, 1);
        }
        await becomes(daemon, 'idle');
        const told = await health(daemon);
        assert.equal(told.profile, 'cpu');
        assert.equal(told.switch.profile, 'cpu');
        assert.match(await textOf(ask(daemon, 'salut', { max_tokens: 24 })), /\p{L}{2,}/u);
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="api",outcome="failed"}'), 0);
    });
});

// Both lines of two users; what was computed of each second one, and what was said.
async function twoLines(daemon, between) {
    const users = ['ana', 'bob'].map((user) => ({ user, messages: [{ role: 'user', content: `salut, moi c'est ${user}` }] }));
    const say = async (one) => {
        const answer = await chat(daemon, { messages: one.messages, user: one.user, temperature: 0, max_tokens: 24 });
        assert.equal(answer.status, 200);
        const { choices, usage } = await answer.json();
        one.messages.push(choices[0].message, { role: 'user', content: 'et toi, tu aimes quoi ?' });
        return { text: choices[0].message.content, computed: usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens };
    };
    await Promise.all(users.map(say));
    await between();
    return Promise.all(users.map(say));
}

test('what the old engine had computed moves to the new one, beside it or after it', async () => {
    let alone;
    await with_({ args: ['--backend', 'cpu', '--threads', '1'] }, async (daemon) => {
        alone = await twoLines(daemon, () => {});
    });
    for (const args of [[], ['--no-switch-beside']]) {
        await with_({ args: ['--backend', 'cpu', '--threads', '1', ...args] }, async (daemon) => {
            const moved = await twoLines(daemon, async () => {
                assert.equal((await post(daemon, '/api/profile', { profile: 'cpu' })).status, 202);
                await becomes(daemon, 'idle');
            });
            assert.deepEqual(moved, alone);
        });
    }
});

test('a staged start answers with plain weights, and goes on with rearranged ones', async () => {
    await with_({ args: ['--backend', 'cpu', '--threads', '1', '--staged-start', 'on'] }, async (daemon) => {
        assert.match(await textOf(ask(daemon, 'salut', { max_tokens: 24 })), /\p{L}{2,}/u);
        await until('the second engine answers', async () => (await health(daemon)).switch.progress === 1);
        await becomes(daemon, 'idle');
        await until('it is logged', () => /another engine answers/.test(daemon.log()));
        assert.match(await textOf(ask(daemon, 'salut', { max_tokens: 24 })), /\p{L}{2,}/u);
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="api",outcome="failed"}'), 0);
    });
});

test('where there is no room for two, turns wait, and none is lost', async () => {
    await with_({ script: SCRIPT, args: ['--no-switch-beside'] }, async (daemon) => {
        const running = stream(daemon, 'long', { user: 'ana' });
        await running.begun;
        rewrite(daemon, 'load 300ms\non * say "le nouveau"\n');
        const answer = await post(daemon, '/api/reload', {});
        assert.equal((await answer.json()).switch.stage, 'room');
        assert.equal((await post(daemon, '/api/reload', {})).status, 409);
        const waiting = ['bob', 'cyd'].map((user) => textOf(ask(daemon, 'qui ?', { user })));
        assert.equal((await running.whole).text, LONG);
        assert.deepEqual(await Promise.all(waiting), ['le nouveau', 'le nouveau']);
        await becomes(daemon, 'idle');
        // One that can't be loaded: the former comes back, or what is there of it.
        rewrite(daemon, 'load fail "pas de chance"\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'failed');
        assert.match((await health(daemon)).error?.message ?? '', /pas de chance/);
        rewrite(daemon, 'on * say "le dernier"\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'idle');
        assert.equal(await textOf(ask(daemon, 'qui ?')), 'le dernier');
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="api",outcome="failed"}'), 0);
        // The program stops in the middle of it.
        rewrite(daemon, 'load 60s\n');
        assert.equal((await post(daemon, '/api/reload', {})).status, 202);
        await becomes(daemon, 'room');
    });
});

test('a profile that there is not, or not here, is refused in words', async () => {
    await with_({ args: ['--backend', 'cpu'] }, async (daemon) => {
        for (const [body, words] of [
            [{ profile: 'turbo' }, /performance, balanced, cpu, auto/],
            [{ profile: 7 }, /give a profile/],
            [{}, /give a profile/],
            ['[]', /object/],
            [{ profile: 'performance' }, /graphics card/],
        ]) {
            const answer = await post(daemon, '/api/profile', body);
            assert.equal(answer.status, 400);
            assert.match((await answer.json()).error, words);
        }
        assert.equal(await stage(daemon), 'idle');
    });
    await with_({ script: SCRIPT, args: ['--api-key', 'clé-secrète-longue'] }, async (daemon) => {
        assert.equal((await post(daemon, '/api/reload', {})).status, 401);
    });
    await with_({ script: SCRIPT }, async (daemon) => {
        const answer = await post(daemon, '/api/profile', { profile: 'cpu' });
        assert.equal(answer.status, 400);
        assert.match((await answer.json()).error, /no model is run/);
        assert.equal((await post(daemon, '/api/reload', {}, { origin: 'http://evil.example' })).status, 403);
    });
});
