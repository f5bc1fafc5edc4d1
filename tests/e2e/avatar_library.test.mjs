// libpalabre-avatar as other programs use it: the example of 30 lines against the shared library, a
// program of its own against the static one, and nothing visible that the header does not name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { greeted, startAvatar } from './avatar.mjs';

let avatar;
before(async () => { avatar = await startAvatar(); });
after(() => avatar.stop());

test('the example smiles, then is surprised', async () => {
    assert.equal(execFileSync(process.env.AVATAR_EXAMPLE, [String(avatar.port)]).toString(),
        'all is well\n');
    const client = await greeted(avatar.port);
    const { state } = await client.ask({ command: 'get_state', data: {} });
    assert.equal(state.expressions.Surprised.target, 0.6);
    assert.equal(state.expressions.Joy?.target ?? 0, 0);
    client.close();
    const source = readFileSync(new URL('../../examples/avatar.c', import.meta.url), 'utf8');
    assert.ok(source.split('\n').length <= 32);
});

test('a program drives and plays an avatar, from several threads', () => {
    assert.equal(execFileSync(process.env.AVATAR_LIBRARY, [String(avatar.port)]).toString(),
        'all is well\n');
});

test('the shared library shows what the header names and nothing else', () => {
    const header = readFileSync(new URL('../../include/palabre/avatar.h', import.meta.url), 'utf8');
    const shown = execFileSync('nm', ['-D', '--defined-only', process.env.AVATAR_SHARED]).toString()
        .trim().split('\n').map((line) => line.split(' ').at(-1)).sort();
    const named = [...header.matchAll(/PALABRE_AVATAR_API[\s\w*]*?\b(palabre_\w+)\(/g)]
        .map((match) => match[1]).sort();
    assert.deepEqual(shown, named);
});
