// palabre bench beside: what it says and refuses. How fast anything is stands in no test.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyHome, program } from './daemon.mjs';

function beside(home, env, ...args) {
    return new Promise((resolve) => {
        execFile(program, ['bench', 'beside', ...args], { cwd: home, env, encoding: 'utf8' }, (error, stdout, stderr) => {
            resolve({ status: error ? error.code : 0, stdout, stderr });
        });
    });
}

test('a loop that starts and stops gives a timeline, and the exit status tells of failures', async () => {
    const { home, env } = emptyHome();
    const got = await beside(home, env, '--part', 'loop', '--rounds', '1', '--window', '0.5', '--json', 'run.json');
    const run = JSON.parse(readFileSync(join(home, 'run.json'), 'utf8'));
    assert.equal(got.status, run.failures === 0 ? 0 : 1, got.stderr);
    const timeline = run.rows.filter((row) => /threads at work$/.test(row.note ?? ''));
    assert.equal(timeline.length, 15); // three phases of 2.5 s, half a second a row
    assert.ok(timeline.some((row) => row.value > 0));
    const settled = run.rows.filter((row) => /settled after$/.test(row.name));
    assert.equal(settled.length + run.failures, 4);
});

test('flags that make no sense are refused with what they may be', async () => {
    const { home, env } = emptyHome();
    for (const args of [['--part', 'nothing'], ['--rounds', '0'], ['--rounds', '21'], ['--window', 'x'], ['--window', '0.1']]) {
        const got = await beside(home, env, ...args);
        assert.equal(got.status, 2, args.join(' '));
        assert.match(got.stderr, /--part is quiet, loop, busy, spin or game/);
    }
});
