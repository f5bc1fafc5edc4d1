// The avatar is killed and started again 100 times during a chat: no reply is lost, and each time
// the face comes back. How soon is printed and stands in docs/performance.md; here is only a guard.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { greeted, program, startAvatar } from './avatar.mjs';

const GUARD_MS = 60_000;

// Meanwhile the system may have given the port to another test: until that one has let it go.
async function startOn(port) {
    const end = performance.now() + GUARD_MS;
    for (;;) {
        const child = spawn(program, ['avatar', '--port', String(port)],
            { env: { ...process.env, PALABRE_LANG: 'en' }, stdio: ['ignore', 'pipe', 'ignore'] });
        const isUp = await Promise.race([
            once(child.stdout, 'data').then(() => true), once(child, 'exit').then(() => false)]);
        if (isUp) {
            return child;
        }
        assert.ok(performance.now() < end, `an avatar starts on port ${port}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

async function joyIsBack(port, withinMs) {
    const begin = performance.now();
    const client = await greeted(port);
    for (;;) {
        const { state } = await client.ask({ command: 'get_state', data: {} });
        if (state.expressions.Joy?.target === 0.75) {
            client.close();
            return performance.now() - begin;
        }
        assert.ok(performance.now() - begin < withinMs, 'the face came back in time');
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
}

test('100 deaths of the avatar cost no reply, and the face is back after each', async () => {
    const first = await startAvatar();
    const { port } = first;
    const chat = spawn(process.env.AVATAR_CHAT, ['tcp', String(port)],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    chat.stdout.on('data', (bytes) => { out += bytes; });
    await joyIsBack(port, GUARD_MS);
    let { child } = first;
    const waits = [];
    for (let i = 0; i < 100; i++) {
        child.kill('SIGKILL');
        await once(child, 'exit');
        child = await startOn(port);
        waits.push(await joyIsBack(port, GUARD_MS));
    }
    waits.sort((a, b) => a - b);
    console.log(`the face was back after ${waits[50].toFixed(0)} ms (median), `
        + `${waits[99].toFixed(0)} ms at most`);
    chat.stdin.end();
    const [code] = await once(chat, 'close');
    child.kill('SIGKILL');
    assert.equal(code, 0, out);
    assert.match(out, /^[1-9]\d+ replies/);
});
