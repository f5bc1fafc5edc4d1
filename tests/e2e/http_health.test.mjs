// Health, metrics and the page, through loading, failure and stop.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { chat, post, startDaemon, until } from './daemon.mjs';

test('while loading: 503 with progress everywhere, then 200', async () => {
    const daemon = await startDaemon({ script: 'load 6000ms\n', ready: false });
    try {
        const early = await fetch(`${daemon.base}/health`);
        assert.equal(early.status, 503);
        const body = await early.json();
        assert.match(body.status, /^(starting|loading)$/);
        assert.equal(typeof body.progress, 'number');
        assert.equal(body.error.code, 503);
        const refused = await chat(daemon);
        assert.equal(refused.status, 503);
        assert.ok(Number(refused.headers.get('retry-after')) >= 1);
        const { error } = await refused.json();
        assert.equal(error.code, 'model_loading');
        assert.match(error.message, /loading \(\d+ %\)/);
        assert.equal((await post(daemon, '/api/chat', { messages: [{ role: 'user', content: 'x' }] }))
            .status, 503);
        assert.equal((await fetch(`${daemon.base}/v1/models`)).status, 200);
        const well = await until('it is ready', async () => {
            const answer = await fetch(`${daemon.base}/healthz`);
            return answer.ok && answer.json();
        });
        assert.equal(well.status, 'ok');
        assert.equal((await chat(daemon)).status, 200);
    } finally {
        assert.equal(await daemon.stop(), 0);
    }
});

test('metrics are in the text format, by the reference parser where it is installed', async () => {
    const daemon = await startDaemon({ script: '' });
    try {
        await (await chat(daemon)).json();
        const answer = await fetch(`${daemon.base}/metrics`);
        assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
        const page = await answer.text();
        assert.match(page, /^palabre_turns_ended_total\{source="api",outcome="done"\} 1$/m);
        assert.match(page, /^palabre_http_requests_total\{code="200"\} \d+$/m);
        const checked = spawnSync('promtool', ['check', 'metrics'], { input: page });
        if (!checked.error) {
            assert.equal(checked.status, 0, String(checked.stderr) + checked.stdout);
        }
    } finally {
        await daemon.stop();
    }
});

test('a browser gets a page that can run nothing', async () => {
    const daemon = await startDaemon({ script: '', ready: false });
    try {
        const answer = await fetch(daemon.base, { headers: { accept: 'text/html,*/*' } });
        assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
        assert.match(answer.headers.get('content-security-policy'), /^default-src 'none';/);
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
        assert.match(await answer.text(), /Palabre/);
        const head = await fetch(daemon.base, { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(await head.text(), '');
        assert.equal(head.headers.get('content-length'), String('Ollama is running'.length));
    } finally {
        await daemon.stop();
    }
});

test('stopping in the middle of streams ends them and exits 0', async () => {
    const daemon = await startDaemon({ script: 'on "wall" say "begun" then stall\n' });
    const readers = [];
    for (let i = 0; i < 4; i++) {
        const answer = await chat(daemon, {
            stream: true, user: `u${i}`, messages: [{ role: 'user', content: 'wall' }],
        });
        readers.push(answer.text().catch(() => 'cut'));
    }
    assert.equal(await daemon.stop(), 0);
    for (const text of await Promise.all(readers)) {
        assert.ok(!text.includes('[DONE]'));
    }
});

test('a port in use and an open address without a key are refused with what to do', async () => {
    const daemon = await startDaemon({ script: '', ready: false });
    try {
        const second = await startDaemon({
            script: '', args: ['--port', String(daemon.port)], exits: true,
        });
        assert.equal(second.child.exitCode, 78);
        assert.match(second.log(), new RegExp(`port ${daemon.port}: the port is in use`));
        assert.match(second.log(), /--port/);
        const open = await startDaemon({ script: '', args: ['--host', '0.0.0.0'], exits: true });
        assert.equal(open.child.exitCode, 78);
        assert.match(open.log(), /--api-key/);
        await (await fetch(`${daemon.base}/healthz`)).json();
    } finally {
        await daemon.stop();
    }
});
