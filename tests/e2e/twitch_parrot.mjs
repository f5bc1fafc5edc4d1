// Starts twitch_parrot, the chat connection without a companion, and ends it with the test.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TOKEN } from './twitch.mjs';
import { until } from './daemon.mjs';

export function startParrot(port, {
    host = '127.0.0.1', trusts = 'plain', login = 'pal', token = TOKEN, channels = ['home'], env = {},
} = {}) {
    const child = spawn(process.env.TWITCH_PARROT,
        [host, String(port), trusts, login, token, ...channels],
        { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let out = '';
    let log = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { log += bytes; });
    return {
        out: () => out,
        log: () => log,
        lines: (start) => out.split('\n').filter((line) => line.startsWith(start)),
        heard: (what) => until(`the parrot heard ${what}\n${log}`, () => out.includes(what)),
        async stop() {
            child.stdin.end();
            if (child.exitCode === null) {
                await once(child, 'exit');
            }
            return child.exitCode;
        },
    };
}
