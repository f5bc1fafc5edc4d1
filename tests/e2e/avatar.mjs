// Starts `palabre avatar` on a free port, and a client of lines.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';

export const program = process.env.PALABRE;

export async function startAvatar(...flags) {
    const child = spawn(program, ['avatar', '--port', '0', ...flags], {
        env: { ...process.env, PALABRE_LANG: 'en', LC_ALL: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    child.stderr.on('data', (bytes) => { log += bytes; });
    let out = '';
    while (!out.includes('\n')) {
        out += (await once(child.stdout, 'data'))[0];
    }
    return {
        child,
        port: Number(out.trim().split(':').at(-1)),
        log: () => log,
        async stop() {
            child.kill('SIGTERM');
            if (child.exitCode === null) {
                await once(child, 'exit');
            }
            return child.exitCode;
        },
    };
}

// A connection whose lines can be waited for, one after the other.
export class Lines {
    constructor(port) {
        this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
        this.waiting = [];
        this.lines = [];
        this.bytes = Buffer.alloc(0);
        this.closed = new Promise((resolve) => this.socket.once('close', resolve));
        this.socket.on('error', () => {});
        this.socket.on('data', (bytes) => this.take(bytes));
        this.closed.then(() => this.waiting.splice(0).forEach((give) => give(null)));
    }

    take(bytes) {
        this.bytes = Buffer.concat([this.bytes, bytes]);
        for (let end; (end = this.bytes.indexOf(10)) >= 0;) {
            const line = this.bytes.subarray(0, end).toString('utf8');
            this.bytes = this.bytes.subarray(end + 1);
            const give = this.waiting.shift();
            give ? give(line) : this.lines.push(line);
        }
    }

    // The next line as an object; null when the connection is closed.
    async next() {
        const line = this.lines.length ? this.lines.shift()
            : await new Promise((resolve) => this.waiting.push(resolve));
        return line === null ? null : JSON.parse(line);
    }

    async ask(request) {
        this.socket.write(typeof request === 'string' || Buffer.isBuffer(request) ? request : `${JSON.stringify(request)}\n`);
        return this.next();
    }

    close() {
        this.socket.destroy();
    }
}

export async function greeted(port) {
    const client = new Lines(port);
    const greeting = await client.next();
    return Object.assign(client, { greeting });
}
