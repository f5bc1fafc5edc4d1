// `palabre bench engine`: its parts can be asked for one by one, and what it measured is in the JSON.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyHome, program } from './daemon.mjs';

async function bench(...flags) {
    const { home, env } = emptyHome();
    const child = spawn(program, ['bench', 'engine', ...flags], {
        env: { ...env, PALABRE_LANG: 'en' }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stdout.resume();
    child.stderr.on('data', (bytes) => { log += bytes; });
    const [status] = await once(child, 'close');
    let json = null;
    try {
        json = JSON.parse(readFileSync(join(home, 'out.json'), 'utf8'));
    } catch {
        // a run that is refused writes none
    }
    rmSync(home, { recursive: true, force: true });
    return { status, log, json };
}

test('a part that there is not is refused, with those that there are', async () => {
    const { status, log } = await bench('--part', 'nonsense');
    assert.equal(status, 2);
    assert.match(log, /prefill.*gap or drafts/s);
});

test('the part that is asked for is measured, and no other', async () => {
    const { status, json } = await bench('--part', 'cancel', '--part', 'first', '--generations', '1',
        '--tokens', '4', '--json', 'out.json');
    assert.equal(status, 0);
    assert.equal(json.failures, 0);
    assert.deepEqual([...new Set(json.rows.map((row) => row.section))], ['First token', 'Cancelling']);
    assert.ok(json.rows.every((row) => row.n === 1 && row.median >= 0));
});
