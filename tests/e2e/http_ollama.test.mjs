// Ollama's own client against the real daemon with a scripted engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ollama } from 'ollama';
import { metric, post, startDaemon, until } from './daemon.mjs';

const SCRIPT = `
on "salut" say "Bonjour toi !" tokens 3
on "slow" say "one two three four five six seven eight" rate 2/s
on "half" say "this much" then fail "and no more"
`;

let daemon;
let client;

before(async () => {
    daemon = await startDaemon({ script: SCRIPT });
    client = new Ollama({ host: daemon.base });
});
after(() => daemon.stop());

const say = (content, more = {}) => ({
    model: 'palabre:latest', messages: [{ role: 'user', content }], ...more,
});

test('a whole chat answer has text, counts and durations', async () => {
    const reply = await client.chat(say('salut'));
    assert.equal(reply.model, 'palabre:latest');
    assert.equal(reply.message.role, 'assistant');
    assert.equal(reply.message.content, 'Bonjour toi !');
    assert.equal(reply.done, true);
    assert.equal(reply.done_reason, 'stop');
    assert.equal(reply.eval_count, 3);
    for (const name of ['total_duration', 'load_duration', 'prompt_eval_count',
        'prompt_eval_duration', 'eval_duration']) {
        assert.equal(typeof reply[name], 'number', name);
    }
    assert.ok(!Number.isNaN(Date.parse(reply.created_at)));
});

test('a chat stream is lines of the same text, the last one done', async () => {
    let text = '';
    const done = [];
    for await (const part of await client.chat(say('salut', { stream: true }))) {
        text += part.message.content;
        done.push(part.done);
    }
    assert.equal(text, 'Bonjour toi !');
    assert.equal(done.filter(Boolean).length, 1);
    assert.equal(done.at(-1), true);
});

test('streaming is the default on the wire', async () => {
    const answer = await post(daemon, '/api/chat', say('salut'));
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    const lines = (await answer.text()).trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.ok(lines.length > 1);
});

test('options are honoured and refused by name', async () => {
    const short = await client.chat(say('salut', { options: { num_predict: 1 } }));
    assert.equal(short.done_reason, 'length');
    assert.equal(short.eval_count, 1);
    await assert.rejects(client.chat(say('salut', { options: { top_p: 2 } })),
        (error) => error.status_code === 400 && /top_p/.test(error.message));
});

test('abort half-way cancels the turn', async () => {
    const line = 'palabre_turns_ended_total{source="api",outcome="cancelled"}';
    const before_ = await metric(daemon, line);
    const stream = await client.chat(say('slow', { stream: true }));
    await assert.rejects(async () => {
        for await (const part of stream) {
            if (part.message.content) {
                stream.abort();
            }
        }
    }, { name: 'AbortError' });
    await until('the turn is cancelled', async () => await metric(daemon, line) === before_ + 1);
});

test('a failure in the middle of a stream arrives as an error', async () => {
    let text = '';
    await assert.rejects(async () => {
        for await (const part of await client.chat(say('half', { stream: true }))) {
            text += part.message.content;
        }
    }, /no more/);
    assert.equal(text.trim(), 'this much');
});

test('generate answers a prompt, and an empty one means load', async () => {
    const reply = await client.generate({ model: 'any', prompt: 'salut' });
    assert.equal(reply.response, 'Bonjour toi !');
    const loaded = await client.generate({ model: 'any', prompt: '' });
    assert.equal(loaded.done_reason, 'load');
    const warmed = await client.chat({ model: 'any', messages: [] });
    assert.equal(warmed.done_reason, 'load');
    assert.equal(warmed.message.content, '');
});

test('what is here is listed', async () => {
    const { models } = await client.list();
    assert.equal(models.length, 1);
    assert.equal(models[0].details.format, 'gguf');
    assert.equal((await client.ps()).models[0].name, models[0].name);
    const shown = await client.show({ model: models[0].name });
    assert.deepEqual(shown.capabilities, ['completion']);
    assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
    assert.equal(await (await fetch(daemon.base)).text(), 'Ollama is running');
});

test('what is not here is an error with a text', async () => {
    await assert.rejects(client.embed({ model: 'any', input: 'x' }),
        (error) => error.status_code === 404 && typeof error.error === 'string');
});
