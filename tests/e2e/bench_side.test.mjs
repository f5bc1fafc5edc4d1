// palabre bench side and bench memory, against scripted companions: what they count, write and refuse.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyHome, program, startDaemon } from './daemon.mjs';

function bench(home, env, ...args) {
    return new Promise((resolve) => {
        execFile(program, ['bench', ...args], { cwd: home, env, encoding: 'utf8' }, (error, stdout, stderr) => {
            resolve({ status: error ? error.code : 0, stdout, stderr });
        });
    });
}

test('two servers get the same work in turn, and a report says which is ahead', async () => {
    const { home, env } = emptyHome();
    const quick = await startDaemon({ script: 'on * say "un deux trois quatre cinq" rate 1000/s\n' });
    const slow = await startDaemon({ script: 'on * say "un deux trois quatre cinq" rate 20/s\n' });
    try {
        const got = await bench(home, env, 'side', `--url=quick=${quick.base}`, `--url=slow=${slow.base}`, '--pin=slow',
            '--work=chat,viewers', '--rounds=2', '--users=2', '--messages=2', '--viewers=5', '--turns=2',
            '--title=A title', '--json=run.json', '--markdown=run.md');
        assert.equal(got.status, 0, got.stderr);
        const run = JSON.parse(readFileSync(join(home, 'run.json'), 'utf8'));
        assert.deepEqual(run.works.map((work) => work.work), ['chat', 'viewers']);
        const [ours, theirs] = run.works[0].servers;
        assert.equal(ours.samples.length, 2);
        assert.ok(theirs.ratio < 1);
        assert.equal(theirs.target, 0.9); // of a pinned one
        assert.equal(run.failures, 0);
        assert.equal(run.works[1].servers[0].median, run.works[1].servers[1].median);
        const page = await bench(home, env, 'side', '--markdown=both.md', 'run.json', 'run.json');
        assert.equal(page.status, 0, page.stderr);
        const both = readFileSync(join(home, 'both.md'), 'utf8');
        assert.equal(both.match(/## A title/g).length, 2);
        assert.ok(both.includes(readFileSync(join(home, 'run.md'), 'utf8').split('## A title')[1]));
    } finally {
        assert.equal(await quick.stop(), 0);
        assert.equal(await slow.stop(), 0);
    }
});

test('a server that fails makes the comparison fail', async () => {
    const { home, env } = emptyHome();
    const good = await startDaemon({ script: '' });
    const bad = await startDaemon({ script: 'on "Salut" say "oui"\non * fail "no"\n' });
    try {
        const got = await bench(home, env, 'side', `--url=good=${good.base}`, `--url=bad=${bad.base}`, '--work=viewers',
            '--rounds=1', '--viewers=4', '--turns=1');
        assert.equal(got.status, 1);
        assert.match(got.stderr, /FAILED: bad, user/);
        assert.match(got.stdout, /bad +failed/);
    } finally {
        assert.equal(await good.stop(), 0);
        assert.equal(await bad.stop(), 0);
    }
    for (const args of [['side'], ['side', '--url=one=http://127.0.0.1:1'], ['side', '--work=what'], ['memory', '--messages=5']]) {
        assert.equal((await bench(home, env, ...args)).status, 2, args.join(' '));
    }
});

test('memory is watched over many messages', async () => {
    const { home, env } = emptyHome();
    const script = join(home, 'script');
    writeFileSync(script, 'on * echo\n');
    const got = await bench(home, env, 'memory', '--messages', '150', '--json', 'memory.json', `--script=${script}`);
    const run = JSON.parse(readFileSync(join(home, 'memory.json'), 'utf8'));
    assert.equal(run.failures, got.status);
    assert.ok(run.rows.find((row) => row.name === 'anonymous at the end').value > 0);
    assert.match(got.stdout, /150 messages: +[\d.]+ MiB resident/);
});
