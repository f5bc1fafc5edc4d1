// Broken and hostile clients of `palabre avatar`: each gets an error or is closed, and a client that
// behaves does not notice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { Lines, greeted, startAvatar } from './avatar.mjs';

const GUARD_MS = 60_000; // generous, for a busy machine
let avatar;
let good;
before(async () => {
    avatar = await startAvatar();
    good = await greeted(avatar.port);
});
after(async () => {
    good.close();
    assert.equal(await avatar.stop(), 0);
});

let n = 0;
async function goodStillWorks() {
    const id = ++n;
    const answer = await good.ask({ command: 'test', id });
    assert.equal(answer.id, id);
}

const rssKb = () => Number(/VmRSS:\s+(\d+)/.exec(
    readFileSync(`/proc/${avatar.child.pid}/status`, 'utf8'))[1]);

// What is sent is answered with an error that matches, and the connection goes on.
const ANSWERED = [
    ['{"command":"test"', null],
    ['{"command":"fly"}\n', /unknown command/],
    ['{"command":"set_expression","name":"joy","value":NaN}\n', /bad JSON/],
    ['{"command":"set_expression","name":"joy","value":1e999}\n', /finite/],
    ['{"command":"set_expression","name":5,"value":1}\n', /name/],
    ['{"command":"te\u0001st"}\n', /control/],
    [Buffer.from('7b22636f6d6d616e64223a22ff227d0a', 'hex'), /UTF-8/],
    [`{"a":${'['.repeat(5000)}\n`, /nested/],
    [`${'{"a":'.repeat(5000)}\n`, /nested/],
    ['{"batch":[1,2,3]}\n', /commands only/],
    ['{}\n', /no 'command'/],
];

test('a bad line is answered with its reason and the next line works', async () => {
    for (const [bytes, reason] of ANSWERED) {
        const client = await greeted(avatar.port);
        if (reason) {
            const answer = await client.ask(bytes);
            assert.equal(answer.status, 'error');
            assert.match(answer.message, reason);
            assert.equal((await client.ask({ command: 'test', id: 1 })).id, 1);
        } else {
            client.socket.write(bytes); // half a line, then gone
        }
        client.close();
        await goodStillWorks();
    }
});

// What is sent ends the connection, with an error line first.
const CLOSED = [
    ['POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n{"command":"unload_model"}\n', /neither/],
    ['[1]\n', /neither/],
    [Buffer.from([0x81, 0xa1, 0x61, 0xdb, 0xff, 0xff, 0xff, 0xff]), /too long/],
    [Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]), /too long/],
    [Buffer.concat([Buffer.from([0x81, 0xa1, 0x61]), Buffer.alloc(100, 0x91)]), /nested/],
    [Buffer.from([0x81, 0xa1, 0x61, 0xc1]), /neither/],
];

test('what is no message ends the connection with a reason', async () => {
    for (const [bytes, reason] of CLOSED) {
        const client = await greeted(avatar.port);
        const answer = await client.ask(bytes);
        assert.match(answer.message, reason);
        assert.equal(await client.next(), null);
        await goodStillWorks();
    }
    const { state } = await good.ask({ command: 'get_state', data: {} });
    assert.equal(state.model, true, 'a browser can not unload the model');
});

test('a line of 10 MB is refused and costs no memory', async () => {
    const before = rssKb();
    const client = await greeted(avatar.port);
    client.socket.write(Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(10e6, 0x78)]));
    assert.match((await client.next()).message, /too long/);
    await goodStillWorks();
    await client.closed;
    assert.ok(rssKb() - before < 4096, `grew by ${rssKb() - before} KiB`);
});

test('500 connections: the first are served, the others are told, and all end', async () => {
    const clients = Array.from({ length: 500 }, () => new Lines(avatar.port));
    const first = await Promise.all(clients.map((client) => client.next()));
    const served = first.filter((line) => line?.status === 'connected').length;
    const told = first.filter((line) => line?.status === 'error').length;
    assert.equal(served, 15); // 16, and one of them is the good one
    assert.equal(told, 485);
    await goodStillWorks();
    for (const client of clients) {
        client.close();
    }
    for (let i = 0; ; i++) {
        const again = await greeted(avatar.port);
        again.close();
        if (again.greeting.status === 'connected') {
            break;
        }
        assert.ok(i < 1000, 'places become free again');
    }
});

test('a client that never reads is closed, and the others do not wait for it', async () => {
    const socket = connect(avatar.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.on('error', () => {});
    const line = '{"command":"get_state","data":{}}\n'.repeat(2000);
    let closed = false;
    socket.on('close', () => { closed = true; });
    const flood = () => { while (!closed && socket.write(line)); };
    socket.on('drain', flood);
    flood();
    let worst = 0;
    const begin = performance.now();
    while (!closed && performance.now() - begin < GUARD_MS) {
        const asked = performance.now();
        await goodStillWorks();
        worst = Math.max(worst, performance.now() - asked);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(closed, 'closed by the avatar');
    while (!/Queue overflow[^]*it does not read/.test(avatar.log()) && performance.now() - begin < GUARD_MS) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.match(avatar.log(), /Queue overflow/);
    assert.match(avatar.log(), /it does not read/);
    assert.ok(worst < GUARD_MS / 4, `the other client waited ${worst} ms at most`);
});

test('clients that send one byte at a time and clients that vanish disturb nobody', async () => {
    const slow = await greeted(avatar.port);
    for (const byte of '{"command":"test","id":5}\n') {
        slow.socket.write(byte);
        await goodStillWorks();
    }
    assert.equal((await slow.next()).id, 5);
    slow.close();
    for (let i = 0; i < 200; i++) {
        const socket = connect(avatar.port, '127.0.0.1');
        await once(socket, 'connect');
        socket.write('{"command":"get_state"}\n{"com');
        socket.resetAndDestroy();
    }
    await goodStillWorks();
});

test('a silent client is closed where --idle asks for it', async () => {
    const strict = await startAvatar('--idle', '1');
    const client = await greeted(strict.port);
    assert.match((await client.next()).message, /silent/);
    assert.equal(await client.next(), null);
    await strict.stop();
});
