// The built-in starter model behind the real clients: no script, no stub.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { metric, startDaemon, until } from './daemon.mjs';

let daemon;
let client;

before(async () => {
    daemon = await startDaemon();
    client = new OpenAI({ baseURL: `${daemon.base}/v1`, apiKey: 'unused', maxRetries: 0 });
});
after(async () => assert.equal(await daemon.stop(), 0));

const say = (content, more = {}) => ({
    model: 'any', max_tokens: 48, seed: 1, messages: [{ role: 'user', content }], ...more,
});

test('salut is answered with a sentence, and health names the model', async () => {
    const reply = await client.chat.completions.create(say('salut'));
    assert.match(reply.choices[0].message.content, /\p{L}{2,}/u);
    assert.ok(reply.usage.prompt_tokens > 0);
    assert.ok(reply.usage.completion_tokens > 0);
    assert.ok(reply.timings.predicted_per_second > 0);
    const health = await (await fetch(`${daemon.base}/health`)).json();
    assert.equal(health.starter_model, true);
    assert.equal(reply.model, health.model);
});

test('the same seed and no randomness give the same text, whole and streamed', async () => {
    const whole = await client.chat.completions.create(say('salut', { temperature: 0 }));
    let text = '';
    for await (const chunk of await client.chat.completions.create(
        say('salut', { temperature: 0, stream: true }))) {
        text += chunk.choices[0].delta.content ?? '';
    }
    assert.equal(text, whole.choices[0].message.content);
});

test('four users in four-turn conversations at once: no error, and the past is not recomputed', async () => {
    const talk = async (user) => {
        const messages = [];
        let cached = 0;
        for (let turn = 0; turn < 4; turn++) {
            messages.push({ role: 'user', content: `salut ${user}, message ${turn}` });
            const reply = await client.chat.completions.create(say('', { messages, user }));
            messages.push(reply.choices[0].message);
            cached = reply.usage.prompt_tokens_details.cached_tokens;
        }
        return cached;
    };
    const cached = await Promise.all(['ana', 'bob', 'cyd', 'dee'].map(talk));
    cached.forEach((n) => assert.ok(n > 0, `cached tokens in the fourth turn: ${cached}`));
    assert.equal(await metric(daemon,
        'palabre_turns_ended_total{source="api",outcome="failed"}'), 0);
});

test('leaving half-way frees the slot', async () => {
    const stream = await client.chat.completions.create(
        say('raconte', { stream: true, ignore_eos: true, max_tokens: 4000 }));
    for await (const chunk of stream) {
        if (chunk.choices[0].delta.content) {
            break; // the client closes the connection
        }
    }
    await until('nothing runs', async () => await metric(daemon, 'palabre_turns_running') === 0);
    assert.equal(await metric(daemon,
        'palabre_turns_ended_total{source="api",outcome="cancelled"}'), 1);
});

test('a conversation longer than the context is refused as that', async () => {
    const long = 'salut '.repeat(60_000);
    for (const stream of [false, true]) {
        await assert.rejects(client.chat.completions.create(say(long, { stream })),
            (error) => error.status === 400 && error.code === 'context_length_exceeded');
    }
});

test("Ollama's client is answered by the same model", async () => {
    const ollama = new Ollama({ host: daemon.base });
    const reply = await ollama.chat({
        model: 'palabre', messages: [{ role: 'user', content: 'salut' }],
        options: { num_predict: 48, temperature: 0 },
    });
    assert.match(reply.message.content, /\p{L}{2,}/u);
    assert.ok(reply.eval_count > 0 && reply.eval_duration > 0);
});
