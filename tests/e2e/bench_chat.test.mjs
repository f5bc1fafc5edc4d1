// `palabre bench chat` against the scripted engine: what it counts, and that it does not call a
// server good that is down, refuses, breaks off or is late.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyHome, program, startDaemon } from './daemon.mjs';

async function bench(...flags) {
    const { home, env } = emptyHome();
    const child = spawn(program, ['bench', 'chat', ...flags], {
        env: { ...env, PALABRE_LANG: 'en' }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let log = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { log += bytes; });
    const [status] = await once(child, 'close');
    let json = null;
    try {
        json = JSON.parse(readFileSync(join(home, 'out.json'), 'utf8'));
    } catch {
        // not every run exports
    }
    rmSync(home, { recursive: true, force: true });
    return { status, out, log, json };
}

// With a daemon that the bench starts by itself.
async function scripted(script, ...flags) {
    const { home } = emptyHome();
    const file = join(home, 'script');
    writeFileSync(file, script);
    const result = await bench('--script', file, '--export', 'out.json', ...flags);
    rmSync(home, { recursive: true, force: true });
    return result;
}

const keys = (object) => Object.keys(object);

test('every reply is counted, histories stay within the window, every key is there', async () => {
    const { status, out, log, json } = await scripted('on * say "Oui, bien sûr."\n',
        '--messages', '10', '--runs', '2');
    assert.equal(status, 0, log);
    const has = (part, names) => names.forEach((name) => assert.ok(keys(json[part]).includes(name),
        `${part}.${name}`));
    has('config', ['max_users', 'max_messages', 'messages_per_user', 'ttl', 'mode']);
    has('performance', ['total_time', 'total_messages', 'throughput', 'avg_latency', 'min_latency',
        'max_latency', 'p50_latency', 'p95_latency', 'p50_first_token', 'p95_first_token',
        'tokens_per_second', 'prompt_tokens_evaluated', 'prompt_tokens_ideal', 'errors', 'timeouts']);
    has('memory', ['total_messages_stored', 'avg_history_size', 'max_history_size']);
    has('easter_eggs', ['total_count', 'occurrence_rate', 'details']);
    assert.deepEqual([json.config.max_users, json.config.max_messages, json.config.ttl,
        json.config.mode], [4, 12, 3600, 'parallel']);
    const { performance, memory } = json;
    assert.deepEqual([performance.sent, performance.total_messages, performance.errors,
        performance.timeouts], [80, 80, 0, 0]);
    assert.deepEqual([memory.total_messages_stored, memory.avg_history_size,
        memory.max_history_size], [48, 12, 12]);
    assert.equal(memory.rss_mib_after_runs.length, 2);
    assert.ok(memory.rss_mib_after_runs[0] > 0);
    assert.equal(json.per_user.length, 8);
    assert.equal(json.per_user[0].messages.length, 10);
    assert.notEqual(json.verdict, '💀 Non viable');
    ['BENCHMARK: ConversationManager', 'Configuration:', 'Performance:', 'Throughput: ',
        'P95 latency: ', 'History limited to 12 ≤ 12 ✓', 'Growth over 2 runs',
        '| Production |', 'Verdict: ', 'Results exported: out.json',
    ].forEach((line) => assert.ok(out.includes(line), line));
});

test('sequential and quiet: one user after the other, the verdict alone', async () => {
    const { status, out, json } = await scripted('on * echo\n', '--users=2', '--messages=3',
        '--sequential', '--quiet');
    assert.equal(status, 0);
    assert.deepEqual([json.config.mode, json.performance.total_messages], ['sequential', 6]);
    assert.match(out, /Verdict/);
    assert.doesNotMatch(out, /Throughput/);
});

test('messages that the engine fails are errors, and end it with 1', async () => {
    const { status, out, log, json } = await scripted('on "décorateur" fail "no such luck"\n',
        '--users', '2', '--messages', '10');
    assert.equal(status, 1);
    assert.ok(json.performance.errors > 0);
    assert.equal(json.performance.errors + json.performance.total_messages, 20);
    assert.match(log, new RegExp(`${json.performance.errors} of 20 messages failed`));
    assert.match(out, /Verdict: 💀 Non viable/);
    assert.ok(json.memory.max_history_size <= 12);
});

test('replies after the limit are timeouts whose latency counts; none at all is one too', async () => {
    const late = await scripted('on * say "enfin" after 600ms\n', '--users', '1', '--messages', '2',
        '--timeout', '0.5');
    assert.equal(late.status, 1);
    assert.deepEqual([late.json.performance.timeouts, late.json.performance.total_messages], [2, 2]);
    assert.ok(late.json.performance.min_latency >= 600);
    const never = await scripted('on * stall\n', '--users', '1', '--messages', '1',
        '--timeout', '0.1');
    assert.equal(never.status, 1);
    assert.deepEqual([never.json.performance.timeouts, never.json.performance.total_messages],
        [1, 0]);
    assert.match(never.out, /No reply: nothing to validate/);
});

test('an empty reply is an error', async () => {
    const { status, json } = await scripted('on * say ""\n', '--users', '1', '--messages', '2');
    assert.equal(status, 1);
    assert.deepEqual([json.performance.errors, json.performance.total_messages], [2, 0]);
});

test('a server that is down is said so and ends it with 1, without a figure', async () => {
    const { status, out, log } = await bench('--url', 'http://127.0.0.1:9');
    assert.equal(status, 1);
    assert.match(log, /cannot reach 'http:\/\/127\.0\.0\.1:9'/);
    assert.doesNotMatch(out, /msg\/s|✓/);
});

test('a daemon that does not start is said so', async () => {
    const { status, log } = await bench('--model', '/nowhere/x.gguf');
    assert.equal(status, 1);
    assert.match(log, /nowhere/);
    assert.match(log, /'palabre run' ended/);
});

test('--url measures a server that runs already, with or without /v1', async () => {
    const daemon = await startDaemon({ script: 'on * say "un deux trois"\n' });
    for (const url of [daemon.base, `${daemon.base}/v1/`]) {
        const { status, log, json } = await bench('--url', url, '--users', '2', '--messages', '2',
            '--export', 'out.json');
        assert.equal(status, 0, log);
        assert.equal(json.performance.total_messages, 4);
        assert.equal(json.memory.rss_mib_after_runs[0], null);
    }
    assert.equal(await daemon.stop(), 0);
});

test('a foreign server: its model is asked for, no usage is needed, a cut reply is an error', async () => {
    const asked = [];
    const server = createServer((req, res) => {
        if (req.method === 'GET') {
            const found = req.url === '/v1/models';
            res.writeHead(found ? 200 : 404).end(found ? '{"data":[{"id":"foreign-7b"}]}' : '');
            return;
        }
        let body = '';
        req.on('data', (bytes) => { body += bytes; });
        req.on('end', () => {
            const request = JSON.parse(body);
            asked.push(request);
            const piece = (delta, end = null) => `data: ${JSON.stringify({
                choices: [{ index: 0, delta, finish_reason: end }] })}\r\n\r\n`;
            res.writeHead(200, { 'content-type': 'text/event-stream' });
            res.write(': hello\n\n' + piece({ role: 'assistant', content: '' }));
            res.write(piece({ content: '你好' }));
            res.end(request.messages.at(-1).content.includes('tuple') ? ''
                : piece({}, 'stop') + 'data: [DONE]\n\n');
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { status, out, json } = await bench('--url', `http://127.0.0.1:${server.address().port}`,
        '--users', '1', '--messages', '5', '--export', 'out.json', '--kv-reuse', 'off');
    server.close();
    assert.equal(status, 1);
    assert.equal(json.config.model, 'foreign-7b');
    assert.ok(asked.every((request) => request.model === 'foreign-7b' && request.stream
        && request.max_tokens === 40));
    assert.deepEqual([json.performance.errors, json.performance.total_messages], [2, 3]);
    assert.match(out, /the reply was broken off/);
    assert.equal(json.performance.prompt_tokens, null);
    assert.equal(json.easter_eggs.total_count, 3);
    const personas = asked.map((request) => request.messages[0].content);
    assert.equal(new Set(personas.slice(2)).size, 5, 'no two prompts begin alike');
});

test('a wrong flag ends it with 2 before anything starts', async () => {
    for (const flags of [['--users', '0'], ['--runs', 'x'], ['--kv-reuse', 'perhaps'],
        ['--messages'], ['--timeout', '-1'], ['--nonsense']]) {
        const { status, log } = await bench(...flags);
        assert.equal(status, 2, `${flags}: ${log}`);
        assert.notEqual(log, '');
    }
});
