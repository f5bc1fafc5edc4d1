// The chat connection against a stand-in for Twitch's server: what it says, and when it is cut off.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { until } from './daemon.mjs';
import { FakeTwitch, TOKEN, makeCertificate } from './twitch.mjs';
import { startParrot } from './twitch_parrot.mjs';

const good = makeCertificate('localhost');
const wrongName = makeCertificate('example.org');
after(() => { good.remove(); wrongName.remove(); });

const joined = (server, n = 1) => until('it has joined',
    () => (server.bot()?.channels.size ?? 0) >= n);

test('it logs in, joins, answers as a reply, and keeps to the limits', async () => {
    const server = await new FakeTwitch().listen();
    server.keeps = true;
    const parrot = startParrot(server.port, { channels: ['home', '#Away'] });
    await joined(server, 2);
    const id = server.chat('home', 'ann', 'parrot bonjour', { badges: 'subscriber/3' });
    await until('the first is said', () => server.said.length === 1); // the streamer would go first
    server.chat('away', 'bob', 'parrot salut');
    for (let i = 0; i < 4; i++) {
        server.chat('home', 'ann', `parrot numéro ${i}`);
    }
    server.chat('home', 'bob', 'parrot bonjour', { badges: 'broadcaster/1' });
    await until('all is said', () => server.said.length === 7);
    assert.deepEqual(server.violations, { rate: 0, gap: 0, same: 0, long: 0, foreign: 0, logins: 0, joins: 0 });
    const first = server.said.find((one) => one.text === 'bonjour');
    assert.equal(first.replyTo, id);
    assert.ok(server.said.some((one) => one.text === '@bob bonjour'), 'the same words are addressed');
    await parrot.heard('said 1 yes bonjour');
    assert.match(parrot.out(), /line home ann u-ann 8 parrot bonjour/);
    assert.ok(!parrot.log().includes(TOKEN), 'the token is not in the log');
    assert.ok(!parrot.log().includes('bonjour'), 'nor what is said');
    assert.equal(await parrot.stop(), 0);
    await server.close();
});

test('moderators\' deletions reach the room, and stop what waits', async () => {
    const server = await new FakeTwitch().listen();
    const parrot = startParrot(server.port);
    await joined(server);
    server.chat('home', 'ann', 'parrot one');
    const id = server.chat('home', 'ann', 'parrot two');
    server.remove('home', 'ann', id, 'parrot two');
    server.ban('home', 'ann');
    server.raid('home', 'raider', 120);
    await parrot.heard('clear twitch home user u-ann');
    await parrot.heard(`clear twitch home message ${id}`);
    await parrot.heard('said 2 no -');
    assert.deepEqual(server.said.map((one) => one.text), ['one']);
    assert.equal(await parrot.stop(), 0);
    await server.close();
});

test('a login that is refused is told and never tried again', async () => {
    const server = await new FakeTwitch().listen();
    const parrot = startParrot(server.port, { token: 'x'.repeat(30) });
    await parrot.heard('news failed  Login authentication failed');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(server.loginCount, 1);
    assert.equal(await parrot.stop(), 0);
    await server.close();
});

test('without an account it reads, and says nothing', async () => {
    const server = await new FakeTwitch().listen();
    const parrot = startParrot(server.port, { login: '', token: '' });
    await joined(server);
    server.chat('home', 'ann', 'parrot bonjour');
    await parrot.heard('said 1 no -');
    assert.match(parrot.out(), /voice twitch -/);
    assert.equal(server.said.length, 0);
    assert.equal(server.violationsTotal, 0);
    assert.equal(await parrot.stop(), 0);
    await server.close();
});

test('over TLS it trusts the right server only, and no other sees the token', async () => {
    const server = await new FakeTwitch({ tls: good }).listen();
    const parrot = startParrot(server.port, { host: 'localhost', trusts: good.certificate });
    await joined(server);
    server.chat('home', 'ann', 'parrot bonjour');
    await parrot.heard('said 1 yes bonjour');
    assert.equal(await parrot.stop(), 0);

    for (const [certificate, trusts, why] of [
        [wrongName, wrongName.certificate, /hostname mismatch/],
        [good, 'system', /self.signed certificate/],
        [good, wrongName.certificate, /self.signed certificate|unable to get/]]) {
        const other = await new FakeTwitch({ tls: certificate }).listen();
        other.keeps = true;
        const refused = startParrot(other.port, { host: 'localhost', trusts });
        await until('it says why', () => why.test(refused.log()));
        assert.equal(await refused.stop(), 0);
        assert.deepEqual(other.received, []);
        await other.close();
    }
    await server.close();
});

test('after 6 cuts and a RECONNECT it is back each time, and every message came through once', async () => {
    const server = await new FakeTwitch().listen();
    const parrot = startParrot(server.port);
    for (let i = 0; i < 8; i++) {
        await joined(server);
        const before = server.said.length;
        if (i === 1) {
            server.swallows = 1; // lost on the way: it is said again
        } else if (i === 4) {
            server.forgetsToTell = 1; // it was there: the repetition is refused
        }
        server.chat('home', 'ann', `parrot number ${i}`);
        await until('it was said', () => server.said.length > before);
        if (i === 6) {
            server.reconnect();
            await until('it has left', () => !server.bot());
        } else if (i !== 1 && i !== 4) {
            await parrot.heard(`said ${i + 1} yes`);
            server.cut();
        } else {
            await parrot.heard(`said ${i + 1} yes`);
        }
    }
    assert.equal(server.said.length, 8);
    assert.equal(new Set(server.said.map((one) => one.text)).size, 8);
    assert.equal(server.duplicatesRefused, 1);
    assert.deepEqual(server.details, []);
    assert.equal(await parrot.stop(), 0);
    await server.close();
});

test('10,000 lines in a burst, and bytes that are no IRC, cost nothing but themselves', async () => {
    const server = await new FakeTwitch().listen();
    const parrot = startParrot(server.port);
    await joined(server);
    const bot = server.bot();
    bot.socket.write(Buffer.concat([Buffer.from('@a=\\:\\ \x00\x01\xff :::\r\nPRIVMSG #home\r\n\0\0\r\n'),
        Buffer.alloc(20_000, 'x'), Buffer.from('\r\n@;;==; \r\n')]));
    for (let i = 0; i < 10_000; i++) {
        server.chat('home', `viewer${i % 200}`, `line number ${i} \u202Eabc\u200B`);
    }
    server.chat('home', 'a'.repeat(200), 'long name');
    server.chat('home', 'ann', 'parrot still there');
    await parrot.heard('said 1 yes still there');
    assert.equal(parrot.lines('line ').length, 10_002);
    assert.equal(await parrot.stop(), 0);
    await server.close();
});
