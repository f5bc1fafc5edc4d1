// The whole way: a reply's text through `palabre run` or `palabre chat` to the face of `palabre avatar`.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'node:test';

import { startAvatar } from './avatar.mjs';
import { chat, emptyHome, program, startDaemon, until } from './daemon.mjs';

const run = promisify(execFile);
const script = 'on "content" say "[joy] Super, je suis trop content ! Et toi ?" rate 20/s\n';
const messages = [{ role: 'user', content: 'je suis content' }];

async function smiles(avatar) {
    const { stdout } = await run(program, ['avatar', '--port', `${avatar.port}`, '--state', 'json']);
    return JSON.parse(stdout).state.expressions.Joy?.target > 0.3;
}

// A smile lasts some seconds: on a machine that was too slow to see it, it is brought about again.
const comesToSmile = (avatar, again) => until('the avatar smiles', async () => await smiles(avatar) || (await again(), false));

test('an API reply moves the face and reaches the client as the model wrote it', async () => {
    const avatar = await startAvatar();
    const daemon = await startDaemon({
        script, args: ['--avatar'], env: { PALABRE_AVATAR_PORT: `${avatar.port}` },
    });
    const ask = async () => {
        const body = await (await chat(daemon, { messages })).json();
        assert.equal(body.choices[0].message.content, '[joy] Super, je suis trop content ! Et toi ?');
    };
    await ask();
    await comesToSmile(avatar, ask);
    assert.equal(await daemon.stop(), 0);
    assert.equal(await avatar.stop(), 0);
});

test('a reply in the terminal moves the face, and its marks are not shown', async () => {
    const { home, env } = emptyHome();
    const avatar = await startAvatar();
    const file = join(home, 'script');
    writeFileSync(file, script);
    const child = spawn(program, ['chat', '--script', file, '--avatar'], {
        env: { ...env, PALABRE_AVATAR_PORT: `${avatar.port}` }, stdio: ['pipe', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    let n = 0;
    const ask = async () => {
        child.stdin.write('je suis content\n');
        n++;
        await until('the reply is there', () => out.split('Et toi ?').length > n);
    };
    await ask();
    await comesToSmile(avatar, ask);
    child.stdin.end();
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0);
    assert.equal(out, 'Super, je suis trop content ! Et toi ?\n'.repeat(n));
    assert.equal(await avatar.stop(), 0);
});

test('an avatar that is not there costs nothing', async () => {
    const daemon = await startDaemon({
        script, args: ['--avatar'], env: { PALABRE_AVATAR_PORT: '1' },
    });
    assert.equal((await chat(daemon, { messages })).status, 200);
    assert.equal(await daemon.stop(), 0);
});
