// What is said survives a restart, and its owner can look at it, take it away and have it forgotten.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { emptyHome, program, startDaemon, until } from './daemon.mjs';

const { home, env } = emptyHome();
after(() => rmSync(home, { recursive: true, force: true }));
const script = join(home, 'script');
writeFileSync(script, 'on "salut" say "Bonjour toi !"\non "encore" say "Toujours là."\non * say "Oui."\n');

function palabre(args, input) {
    const ran = spawnSync(program, args, { env, cwd: home, input, encoding: 'utf8' });
    return { out: ran.stdout, err: ran.stderr, status: ran.status };
}
const chat = (input) => palabre(['chat', '--script', script], input);

test('the terminal\'s talk is on disk once it is answered, in order, after a restart', () => {
    assert.equal(chat('salut\n').out, 'Bonjour toi !\n');
    assert.equal(chat('encore\n').out, 'Toujours là.\n');
    const rows = palabre(['memory', 'export']).out.trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(rows.map((row) => [row.key, row.line, row.reply, row.is_sent]), [
        ['terminal', 'salut', 'Bonjour toi !', true],
        ['terminal', 'encore', 'Toujours là.', true],
    ]);
    assert.match(palabre(['memory', 'list']).out, /2 exchanges {2}terminal/);
    assert.match(palabre(['memory', 'show', 'terminal']).out, /salut[^]*> Bonjour toi ![^]*encore/);
});

test('a kill right behind an answer loses nothing of it', async () => {
    for (let round = 0; round < 4; round++) {
        const child = spawn(program, ['chat', '--script', script], { env, cwd: home });
        child.stdin.write(`ligne ${round}\nsalut\n`);
        let out = '';
        await new Promise((resolve) => {
            child.stdout.on('data', (bytes) => {
                out += bytes;
                // The second answer has begun, so the first one is over.
                if (out.includes('Bonjour')) {
                    child.kill('SIGKILL');
                }
            });
            child.on('close', resolve);
        });
        assert.match(palabre(['memory', 'export', 'terminal']).out, new RegExp(`"ligne ${round}"`));
    }
});

test('what is forgotten is gone, and bad words are explained', () => {
    assert.equal(palabre(['memory', 'forget', 'nobody']).status, 1);
    assert.equal(palabre(['memory', 'forget', 'terminal']).status, 0);
    assert.match(palabre(['memory', 'list']).err, /nothing is remembered/);
    assert.equal(palabre(['memory', 'dance']).status, 2);
    assert.equal(palabre(['memory', 'show']).status, 2);
    const file = join(home, '.local/share/palabre/memory.db');
    assert.ok(!readFileSync(file).includes('Bonjour toi'));
});

test('a damaged memory is kept aside, said so, and the daemon goes on', async () => {
    const folder = join(home, '.local/share/palabre');
    writeFileSync(join(folder, 'memory.db'), 'scribble '.repeat(2000));
    const daemon = await startDaemon({
        script: 'on * say "ok"', args: ['--memory-file', join(folder, 'memory.db')],
    });
    await until('it is said', () => /the memory was damaged/.test(daemon.log()));
    await daemon.stop();
    assert.ok(readdirSync(folder).some((name) => name.startsWith('memory.db.bad-')));
});

test('a memory that cannot be written is told, and people are answered', () => {
    const ran = palabre(['chat', '--script', script, '--memory-file', '/dev/null/x/memory.db'],
        'salut\n');
    assert.equal(ran.out, 'Bonjour toi !\n');
    assert.match(ran.err, /will not survive a restart/);
});

test('a cry for help is answered by people who wrote it, in the terminal and for the API', async () => {
    const ran = chat('i want to die\n');
    assert.match(ran.out, /988/);
    const daemon = await startDaemon({ script: 'on * say "model"', args: ['--bot-care-api', 'on'] });
    for (const stream of [false, true]) {
        const answer = await fetch(`${daemon.base}/v1/chat/completions`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
                stream, messages: [{ role: 'user', content: 'je veux mourir' }],
            }),
        });
        assert.equal(answer.status, 200);
        assert.match(await answer.text(), /3114/);
    }
    await daemon.stop();
});
