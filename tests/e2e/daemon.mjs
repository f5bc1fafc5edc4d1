// Starts `palabre run` for a test, in an empty home, on a free port, and ends it with the test.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const program = process.env.PALABRE;
if (!program) {
    throw new Error('PALABRE must name the program to test');
}

// Generous: a hang guard, also for a build with sanitizers on a busy machine.
const GUARD_MS = 180_000;

export function emptyHome() {
    const home = mkdtempSync(join(tmpdir(), 'palabre-e2e-'));
    const env = { ...process.env, HOME: home, LC_ALL: 'C.UTF-8' };
    for (const name of Object.keys(env)) {
        if (name.startsWith('XDG_') || name.startsWith('PALABRE_') || name === 'LANGUAGE') {
            delete env[name];
        }
    }
    env.PALABRE_AI_QUICK_MEASURE = 'false'; // every start is a first one here
    return { home, env };
}

export async function until(what, condition) {
    const end = Date.now() + GUARD_MS;
    for (;;) {
        const value = await condition();
        if (value) {
            return value;
        }
        if (Date.now() > end) {
            throw new Error(`gave up waiting until ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

// `script`: the text of an engine script (src/engine/script.h). Resolves once it listens, and, unless
// `ready: false`, once the model can answer. `wrap`: a command to run it under.
export async function startDaemon({
    script, args = [], env = {}, ready = true, exits = false, wrap = [],
} = {}) {
    const { home, env: clean } = emptyHome();
    const all = ['run', '--port', '0', ...args];
    if (script !== undefined) {
        const file = join(home, 'script');
        writeFileSync(file, script);
        all.push('--script', file);
    }
    const [command, ...rest] = [...wrap, program, ...all];
    const child = spawn(command, rest, {
        env: { ...clean, ...env }, cwd: home, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let log = '';
    let status = null;
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { log += bytes; });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => {
        status = signal ?? code;
        rmSync(home, { recursive: true, force: true });
        resolve(status);
    }));
    const daemon = {
        child,
        home,
        ended,
        out: () => out,
        log: () => log,
        async stop() {
            if (status === null) {
                child.kill('SIGTERM');
                const guard = setTimeout(() => child.kill('SIGKILL'), GUARD_MS);
                await ended;
                clearTimeout(guard);
            }
            return status;
        },
    };
    if (exits) {
        await ended;
        return daemon;
    }
    const address = await until('the address is printed', () => {
        if (status !== null) {
            throw new Error(`palabre ended with ${status}:\n${log}`);
        }
        return out.match(/(?:listening on|à l'écoute sur) (http:\/\/\S+)/);
    });
    daemon.base = address[1];
    daemon.port = Number(new URL(daemon.base).port);
    if (ready) {
        await until('the model is ready', async () => (await fetch(`${daemon.base}/health`)).ok);
    }
    return daemon;
}

// Sends bytes as they are; resolves with all that came when the other side closes (or resets).
export function raw(port, bytes, { half = false } = {}) {
    return new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        let got = '';
        const guard = setTimeout(() => {
            socket.destroy();
            reject(new Error(`no end of the connection; so far: ${got}`));
        }, GUARD_MS);
        const done = () => {
            clearTimeout(guard);
            resolve(got);
        };
        socket.setEncoding('latin1');
        socket.on('data', (text) => { got += text; });
        socket.on('error', done);
        socket.on('close', done);
        socket.on('connect', () => (half ? socket.end(bytes) : socket.write(bytes)));
    });
}

export function post(daemon, path, body, headers = {}) {
    return fetch(daemon.base + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
}

export const chat = (daemon, fields = {}, headers = {}) => post(daemon, '/v1/chat/completions', {
    model: 'any', messages: [{ role: 'user', content: 'salut' }], ...fields,
}, headers);

// Over a connection of its own: a kept one may be the very one that the server gives up for room.
export function fresh(daemon, path, fields) {
    return new Promise((resolve, reject) => {
        const req = request(daemon.base + path, {
            agent: false,
            method: fields === undefined ? 'GET' : 'POST',
            headers: fields === undefined ? {} : { 'content-type': 'application/json' },
        }, (answer) => {
            let text = '';
            answer.on('data', (bytes) => { text += bytes; });
            answer.on('end', () => resolve({ status: answer.statusCode, text }));
        });
        req.on('error', reject);
        req.end(fields === undefined ? undefined : JSON.stringify(fields));
    });
}

export const freshChat = (daemon) => fresh(daemon, '/v1/chat/completions', {
    messages: [{ role: 'user', content: 'salut' }],
});

// The value of one line of /metrics; a line that is not there is 0.
export async function metric(daemon, line) {
    const { text: page } = await fresh(daemon, '/metrics');
    const found = page.split('\n').find((one) => one.startsWith(`${line} `));
    return found ? Number(found.slice(line.length + 1)) : 0;
}
