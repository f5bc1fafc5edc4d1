// `palabre avatar` as the seeds and the original client speak to it, and by a real MessagePack.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { encode, decodeMulti } from '@msgpack/msgpack';
import { greeted, program, startAvatar } from './avatar.mjs';

let avatar;
before(async () => { avatar = await startAvatar(); });
after(async () => { assert.equal(await avatar.stop(), 0); });

test('the greeting is the original one with our offers beside it', async () => {
    const client = await greeted(avatar.port);
    assert.equal(client.greeting.type, 'response');
    assert.equal(client.greeting.status, 'connected');
    assert.equal(client.greeting.message, 'Unity server ready');
    assert.deepEqual(client.greeting.encodings, ['json', 'msgpack']);
    client.close();
});

test('the seed dialect gets the seed reply', async () => {
    const client = await greeted(avatar.port);
    assert.deepEqual(await client.ask('{"command": "expression", "name": "happy", "weight": 1.0}\n'),
        { status: 'ok', message: 'Expression applied' });
    client.close();
});

test('ten tests in a batch are ten processed', async () => {
    const client = await greeted(avatar.port);
    const batch = Array.from({ length: 10 }, (_, id) => ({ command: 'test', id }));
    assert.equal((await client.ask({ batch })).processed, 10);
    const answer = await client.ask({ command: 'batch', data: { commands: batch, count: 10 } });
    assert.deepEqual([answer.status, answer.count, answer.processed], ['success', 10, 10]);
    client.close();
});

test('the original client works: spaces, escapes, CRLF, blank lines, one write of many', async () => {
    const client = await greeted(avatar.port);
    client.socket.write('{"command": "set_transition_speed", "data": {"speed": 3.0}}\r\n\n\n'
        + '{"command": "set_auto_blink", "data": {"enabled": true}}\n'
        + '{"command": "load_model", "data": {"path": "C:\\\\mod\\u00e8les\\\\a.vrm"}}\n');
    assert.equal((await client.next()).message, 'Vitesse de transition définie à 3.00');
    assert.equal((await client.next()).message, 'Clignement automatique activé');
    assert.equal((await client.next()).message, 'Modèle en cours de chargement : C:\\modèles\\a.vrm');
    client.close();
});

test('several clients move one face, and --state shows it', async () => {
    const [one, two] = [await greeted(avatar.port), await greeted(avatar.port)];
    await one.ask({ command: 'set_expression', data: { name: 'sorrow', value: 0.5 } });
    const { state } = await two.ask({ command: 'get_state', data: {} });
    assert.equal(state.expressions.Sorrow.target, 0.5);
    const out = execFileSync(program, ['avatar', '--port', String(avatar.port), '--state', 'json']);
    assert.equal(JSON.parse(out).state.expressions.Sorrow.target, 0.5);
    assert.match(execFileSync(program, ['avatar', '--port', String(avatar.port), '--state', 'draw'])
        .toString(), /Sorrow/);
    one.close();
    two.close();
});

test('MessagePack of another library is understood and answered in MessagePack', async () => {
    const socket = connect(avatar.port, '127.0.0.1');
    let bytes = Buffer.alloc(0);
    socket.on('data', (more) => { bytes = Buffer.concat([bytes, more]); });
    await once(socket, 'data');
    const greetingEnd = bytes.indexOf(10) + 1;
    const requests = [
        { command: 'test', id: 1 },
        { command: 'set_expression', data: { name: 'fun', value: 0.25 }, id: 2 },
        { batch: [{ command: 'expression', name: 'happy' }, { command: 'nothing' }], id: 3 },
        { command: 'set_expression', data: { name: 'joy', value: NaN }, id: 4 },
        { command: 'set_expression', data: { name: 'joy', value: 2n ** 40n }, id: 5 },
        { command: 'test', id: 'é', extra: [new Uint8Array(300), null, -70000, 'x'.repeat(70)] },
    ];
    const all = Buffer.concat(requests.map((request) => encode(request, { useBigInt64: true })));
    for (const byte of all) { // one at a time
        socket.write(Buffer.from([byte]));
    }
    let answers = [];
    while (answers.length < requests.length) {
        await once(socket, 'data');
        try {
            answers = [...decodeMulti(bytes.subarray(greetingEnd))];
        } catch { /* the last one is not whole yet */ }
    }
    assert.deepEqual(answers.map((answer) => answer.id), [1, 2, 3, 4, 5, 'é']);
    assert.deepEqual(answers.map((answer) => answer.status),
        ['ok', 'success', 'ok', 'error', 'success', 'ok']);
    assert.equal(answers[2].processed, 1);
    assert.equal(answers[2].ignored, 1);
    socket.destroy();
});

test('with a frame clock answers come once a frame', async () => {
    const framed = await startAvatar('--frame-clock', '60');
    const client = await greeted(framed.port);
    const begin = performance.now();
    for (let i = 0; i < 20; i++) {
        await client.ask({ command: 'test', id: i });
    }
    assert.ok(performance.now() - begin > 20 * 12, 'twenty answers take about twenty frames');
    client.close();
    await framed.stop();
});
