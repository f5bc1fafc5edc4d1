// OpenAI's own client against the real daemon with a scripted engine.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { chat, metric, startDaemon, until } from './daemon.mjs';

const SCRIPT = `
on "salut" say "Bonjour toi, ça va ?" tokens 4
on "slow" say "one two three four five six seven eight" rate 2/s
on "wall" stall
on "oups" fail "the dice fell off the table"
on "half" say "this much" then fail "and no more"
on "crash" say "dying now" rate 5/s then die segv
`;

let daemon;
let client;

before(async () => {
    daemon = await startDaemon({ script: SCRIPT });
    client = new OpenAI({ baseURL: `${daemon.base}/v1`, apiKey: 'unused', maxRetries: 0 });
});
after(() => daemon.stop());

const say = (content, more = {}) => ({
    model: 'any', messages: [{ role: 'user', content }], ...more,
});

test('a whole answer has its text, usage and timings', async () => {
    const reply = await client.chat.completions.create(say('salut'));
    assert.equal(reply.object, 'chat.completion');
    assert.match(reply.id, /^chatcmpl-/);
    assert.equal(reply.choices.length, 1);
    const [choice] = reply.choices;
    assert.deepEqual(choice.message, {
        role: 'assistant', content: 'Bonjour toi, ça va ?', refusal: null,
    });
    assert.equal(choice.finish_reason, 'stop');
    assert.equal(reply.usage.completion_tokens, 4);
    assert.equal(reply.usage.total_tokens, reply.usage.prompt_tokens + 4);
    assert.equal(typeof reply.usage.prompt_tokens_details.cached_tokens, 'number');
    for (const name of ['prompt_n', 'prompt_ms', 'prompt_per_token_ms', 'prompt_per_second',
        'predicted_n', 'predicted_ms', 'predicted_per_token_ms', 'predicted_per_second',
        'cache_n']) {
        assert.equal(typeof reply.timings[name], 'number', name);
    }
    assert.equal(reply.timings.predicted_n, 4);
});

test('a stream has one role, the same text, one finish, and usage when asked for', async () => {
    const stream = await client.chat.completions.create(say('salut', {
        stream: true, stream_options: { include_usage: true },
    }));
    const chunks = [];
    for await (const chunk of stream) {
        chunks.push(chunk);
    }
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.ok(chunks.every((chunk) => chunk.object === 'chat.completion.chunk'));
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.completion_tokens, 4);
    assert.equal(last.timings.predicted_n, 4);
    assert.ok(chunks.every((chunk) => chunk.usage === null));
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    assert.equal(chunks.filter((chunk) => chunk.choices[0].delta.role).length, 1);
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''),
        'Bonjour toi, ça va ?');
    const finishes = chunks.map((chunk) => chunk.choices[0].finish_reason).filter(Boolean);
    assert.deepEqual(finishes, ['stop']);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
});

test('without being asked a stream has no usage, and ends in [DONE]', async () => {
    const text = await (await chat(daemon, { stream: true })).text();
    assert.ok(text.endsWith('data: [DONE]\n\n'));
    assert.ok(!text.includes('"usage"'));
    for (const part of text.split('\n\n').filter(Boolean)) {
        assert.match(part, /^data: /);
    }
});

test('max_tokens and stop end the reply with the right reason', async () => {
    const short = await client.chat.completions.create(say('salut', { max_tokens: 1 }));
    assert.equal(short.choices[0].finish_reason, 'length');
    assert.equal(short.usage.completion_tokens, 1);
    const stopped = await client.chat.completions.create(say('salut', { stop: ['toi'] }));
    assert.equal(stopped.choices[0].message.content, 'Bonjour ');
    assert.equal(stopped.choices[0].finish_reason, 'stop');
});

test('a deadline cuts the reply short and says length', async () => {
    const reply = await client.chat.completions.create(say('slow', { deadline_ms: 2500 }));
    const text = reply.choices[0].message.content;
    assert.ok(text.startsWith('one'));
    assert.ok(!text.includes('eight'));
    assert.equal(reply.choices[0].finish_reason, 'length');
});

const cancelled = () => metric(daemon, 'palabre_turns_ended_total{source="api",outcome="cancelled"}');

test('leaving half-way cancels the turn', async () => {
    const before_ = await cancelled();
    const stream = await client.chat.completions.create(say('slow', { stream: true }));
    for await (const chunk of stream) {
        if (chunk.choices[0].delta.content) {
            stream.controller.abort();
            break;
        }
    }
    await until('the turn is cancelled', async () => await cancelled() === before_ + 1);
    await until('nothing runs', async () => await metric(daemon, 'palabre_turns_running') === 0);
});

test('leaving before the first word cancels the turn, streamed or whole', async () => {
    for (const stream of [false, true]) {
        const before_ = await cancelled();
        const leave = new AbortController();
        const pending = client.chat.completions.create(say('wall', { stream }),
            { signal: leave.signal });
        await until('it runs', async () => await metric(daemon, 'palabre_turns_running') === 1);
        leave.abort();
        await assert.rejects(pending, OpenAI.APIUserAbortError);
        await until('the turn is cancelled', async () => await cancelled() === before_ + 1);
    }
});

test('each kind of error reaches the client as its own class', async () => {
    await assert.rejects(client.chat.completions.create(say('salut', { temperature: 9 })),
        (error) => error instanceof OpenAI.BadRequestError && error.param === 'temperature' &&
            error.type === 'invalid_request_error' && /from 0 to 2/.test(error.message));
    await assert.rejects(client.models.retrieve('no such model'),
        (error) => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
    await assert.rejects(client.embeddings.create({ model: 'any', input: 'x' }),
        OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create(say('oups')),
        (error) => error instanceof OpenAI.InternalServerError && error.status === 500 &&
            /dice/.test(error.message));
    // Nothing had been sent yet: a stream gets the status as well.
    await assert.rejects(client.chat.completions.create(say('oups', { stream: true })),
        (error) => error.status === 500);
});

test('a failure in the middle of a stream arrives as an error after the text', async () => {
    const stream = await client.chat.completions.create(say('half', { stream: true }));
    let text = '';
    await assert.rejects(async () => {
        for await (const chunk of stream) {
            text += chunk.choices[0].delta.content ?? '';
        }
    }, /no more/);
    assert.equal(text.trim(), 'this much');
});

test('the engine dying breaks one stream and nothing else', async () => {
    const text = await (await chat(daemon, {
        stream: true, messages: [{ role: 'user', content: 'crash' }],
    })).text();
    assert.match(text, /data: \{"error":\{"message":/);
    assert.ok(!text.includes('[DONE]'));
    await until('the engine is back', async () => (await fetch(`${daemon.base}/health`)).ok);
    const reply = await client.chat.completions.create(say('salut'));
    assert.equal(reply.choices[0].message.content, 'Bonjour toi, ça va ?');
});

test('models are listed and found by name', async () => {
    const { data } = await client.models.list();
    assert.equal(data.length, 1);
    assert.equal(data[0].object, 'model');
    const one = await client.models.retrieve(data[0].id);
    assert.deepEqual(one, data[0]);
});

test('twenty conversations at once all get their answer', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        client.chat.completions.create(say(`echo this ${i}`, { user: `user-${i % 5}` }))));
    replies.forEach((reply, i) => {
        assert.equal(reply.choices[0].message.content.trim(), `echo this ${i}`);
    });
});

test('forty at once without a name are all answered', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, (_, i) =>
        client.chat.completions.create(say(`echo this ${i}`))));
    replies.forEach((reply, i) => {
        assert.equal(reply.choices[0].message.content.trim(), `echo this ${i}`);
    });
});

test('a deadline that passes in the queue is a 504', async () => {
    const leave = new AbortController();
    const held = [];
    for (let i = 0; i < 4; i++) {
        held.push(client.chat.completions.create(say('wall', { user: `w${i}` }),
            { signal: leave.signal }).catch(() => null));
    }
    await until('all slots are taken', async () => await metric(daemon, 'palabre_turns_running') === 4);
    for (const stream of [false, true]) {
        await assert.rejects(client.chat.completions.create(say('salut', { stream, deadline_ms: 200 })),
            (error) => error.status === 504 && error.code === 'deadline_passed');
    }
    leave.abort();
    await Promise.all(held);
    await until('nothing runs', async () => await metric(daemon, 'palabre_turns_running') === 0);
});

test('a full queue is answered with 429 and Retry-After', async () => {
    const leave = new AbortController();
    const held = [];
    let refused;
    for (let i = 0; i < 200 && !refused; i++) {
        const answer = fetch(`${daemon.base}/v1/chat/completions`, {
            method: 'POST',
            signal: leave.signal,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(say('wall', { user: 'greedy' })),
        }).catch(() => null);
        held.push(answer.then((response) => { refused ??= response; }));
        if (i % 10 === 9) {
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
    await until('one is refused', () => refused);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.equal((await refused.json()).error.type, 'rate_limit_error');
    leave.abort();
    await Promise.all(held);
    await until('nothing runs', async () => await metric(daemon, 'palabre_turns_running') === 0);
});
