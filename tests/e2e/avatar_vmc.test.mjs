// The VMC link as two other people's OSC receivers see it: npm's osc and liblo's oscdump.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import osc from 'osc';

const VRM0 = ['Joy', 'Angry', 'Sorrow', 'Fun', 'Surprised', 'A', 'I', 'U', 'E', 'O', 'Blink',
    'Blink_L', 'Blink_R', 'LookUp', 'LookDown', 'LookLeft', 'LookRight'];

function messagesOf(packet) {
    return packet.packets ? packet.packets.flatMap(messagesOf) : [packet];
}

// Datagrams that the link sends in 1.2 s while it talks.
async function record(names) {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const datagrams = [];
    socket.on('message', (bytes) => datagrams.push(bytes));
    const chat = spawn(process.env.AVATAR_CHAT, ['vmc', String(socket.address().port), names],
        { stdio: ['pipe', 'ignore', 'inherit'] });
    while (datagrams.length < 40) {
        await once(socket, 'message');
    }
    chat.stdin.end();
    const [code] = await once(chat, 'close');
    assert.equal(code, 0);
    socket.close();
    const packets = datagrams.map((bytes) => osc.readPacket(
        new DataView(bytes.buffer, bytes.byteOffset, bytes.length), { metadata: true }));
    return { datagrams, packets };
}

function checkFrames(messages, n) {
    let frames = 0;
    let staged = [];
    for (const { address, args } of messages) {
        if (address === '/VMC/Ext/Blend/Val') {
            assert.deepEqual(args.map((arg) => arg.type), ['s', 'f']);
            assert.ok(args[1].value >= 0 && args[1].value <= 1);
            staged.push(args[0].value);
        } else if (address === '/VMC/Ext/Blend/Apply') {
            assert.equal(staged.length, n, 'each frame has the whole set');
            staged = [];
            frames++;
        }
    }
    return frames;
}

test('bundles hold whole frames, heartbeat and head, below the datagram limit', async () => {
    const { datagrams, packets } = await record('vrm0');
    const messages = packets.flatMap(messagesOf);
    assert.ok(datagrams.every((bytes) => bytes.length <= 1472));
    assert.ok(checkFrames(messages, VRM0.length) > 20);
    const names = new Set(messages.filter((message) => message.address === '/VMC/Ext/Blend/Val')
        .map((message) => message.args[0].value));
    assert.deepEqual([...names].sort(), [...VRM0].sort());
    assert.ok(messages.some((message) => message.address === '/VMC/Ext/OK'
        && message.args[0].type === 'i' && message.args[0].value === 1));
    assert.ok(messages.some((message) => message.address === '/VMC/Ext/T'));
    for (const bone of ['Head', 'Neck']) {
        const poses = messages.filter((message) => message.address === '/VMC/Ext/Bone/Pos'
            && message.args[0].value === bone);
        assert.ok(poses.length > 20);
        for (const { args } of poses) {
            const [x, y, z, w] = args.slice(4).map((arg) => arg.value);
            assert.ok(Math.abs(Math.hypot(x, y, z, w) - 1) < 1e-4, 'a unit quaternion');
        }
    }
    const joys = messages.filter((message) => message.args[0]?.value === 'Joy');
    const last = joys.at(-1).args[1].value;
    assert.ok(last > joys[0].args[1].value && last <= 0.75 + 1e-6, 'joy is eased in');
});

test('VRM 1.0 names, and both', async () => {
    const one = await record('vrm1');
    const names = new Set(one.packets.flatMap(messagesOf)
        .filter((message) => message.address === '/VMC/Ext/Blend/Val')
        .map((message) => message.args[0].value));
    assert.ok(names.has('happy') && names.has('blinkLeft') && !names.has('Joy'));
    const both = await record('both');
    assert.ok(both.datagrams.every((bytes) => bytes.length <= 1472));
    assert.ok(checkFrames(both.packets.flatMap(messagesOf), 2 * VRM0.length) > 10);
});

test('without bundles each datagram is one message', async () => {
    const { packets } = await record('vrm0-');
    assert.ok(packets.every((packet) => packet.address?.startsWith('/VMC/Ext/')));
});

test('oscdump reads it', async () => {
    const probe = createSocket('udp4');
    probe.bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    const dump = spawn('oscdump', ['-L', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    dump.stdout.on('data', (bytes) => { out += bytes; });
    const chat = spawn(process.env.AVATAR_CHAT, ['vmc', String(port), 'vrm0'],
        { stdio: ['pipe', 'ignore', 'inherit'] });
    const end = Date.now() + 60_000;
    while (!/Blend\/Apply[\s\S]*Blend\/Apply/.test(out)) {
        assert.ok(Date.now() < end, `oscdump said: ${out.slice(0, 500)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    chat.stdin.end();
    await once(chat, 'close');
    dump.kill();
    assert.match(out, /\/VMC\/Ext\/Blend\/Val sf "Joy" 0\.\d+/);
    assert.match(out, /\/VMC\/Ext\/OK i 1/);
    assert.match(out, /\/VMC\/Ext\/Bone\/Pos sfffffff "Head"/);
});
