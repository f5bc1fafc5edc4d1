// Clients that close the connection in the middle of a reply, as a browser's tab does: whoever waits gets
// the place, and the books are right. PAL_FAULT_LEAVERS: how many leave (`./dev faults`: 2000).
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { metric, startDaemon, until } from './daemon.mjs';

const LEAVERS = Number(process.env.PAL_FAULT_LEAVERS ?? 40);
const PLACES = 4;
const WAITING = 2;

test(`${LEAVERS} clients leave in the middle of a reply, and each leaves a place`, async () => {
    const daemon = await startDaemon();
    const books = { asked: 0, left: 0, whole: 0, refused: 0 };
    const talking = [];
    const waits = [];
    let leftAt = 0;
    let isOver = false;
    let heard = () => {};

    const ask = () => {
        books.asked++;
        const client = { said: false };
        const body = JSON.stringify({
            model: 'any', stream: true, max_tokens: 400, ignore_eos: true,
            messages: [{ role: 'user', content: 'Raconte-moi une histoire.' }],
        });
        const call = request(`${daemon.base}/v1/chat/completions`, {
            method: 'POST', agent: false, headers: { 'content-type': 'application/json' },
        }, (response) => {
            client.response = response;
            if (response.statusCode !== 200) {
                books.refused++;
            }
            response.setEncoding('utf8');
            response.on('data', (text) => {
                if (!client.said && /"content":"[^"]/.test(text)) {
                    client.said = true;
                    talking.push(client);
                    if (leftAt !== 0) {
                        waits.push(performance.now() - leftAt);
                        leftAt = 0;
                    }
                    heard();
                }
            });
            response.on('end', () => {
                books.whole++;
                talking.splice(talking.indexOf(client), 1);
                if (!isOver) {
                    ask();
                }
            });
            response.on('error', () => {}); // our own leaving
        });
        call.on('error', () => {});
        call.end(body);
        client.call = call;
        return client;
    };

    for (let i = 0; i < PLACES + WAITING; i++) {
        ask();
    }
    const allTalk = async () => {
        while (talking.length < PLACES) {
            await new Promise((resolve) => { heard = resolve; });
        }
    };
    while (books.left < LEAVERS) {
        await allTalk();
        const client = talking.shift();
        client.response.removeAllListeners('end');
        leftAt = performance.now();
        client.call.destroy();
        books.left++;
        ask();
    }
    await allTalk();
    isOver = true;
    const gone = books.asked - books.left - books.whole - books.refused;
    for (const client of talking.splice(0)) {
        client.response.removeAllListeners('end');
        client.call.destroy();
    }
    waits.sort((a, b) => a - b);
    const at = (share) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))].toFixed(1);
    console.log(`clients left: asked ${books.asked} = whole ${books.whole} + left ${books.left} + refused`
        + ` ${books.refused} + still there at the end ${gone}; from a close to the next one's first words:`
        + ` median ${at(0.5)}, 99 of 100 within ${at(0.99)}, longest ${at(1)} ms`);
    assert.equal(books.refused, 0);
    assert.equal(gone, PLACES + WAITING);
    assert.equal(waits.length, LEAVERS);
    // Those that still wait are answered to the end.
    await until('nobody is left', async () => await metric(daemon, 'palabre_turns_running') === 0
        && await metric(daemon, 'palabre_turns_waiting') === 0);
    const outcome = (name) => metric(daemon, `palabre_turns_ended_total{source="api",outcome="${name}"}`);
    assert.equal(await metric(daemon, 'palabre_turns_accepted_total{source="api"}'), books.asked);
    assert.equal(await outcome('done') + await outcome('cancelled'), books.asked);
    assert.equal(await outcome('failed'), 0);
    assert.equal(await daemon.stop(), 0);
});
