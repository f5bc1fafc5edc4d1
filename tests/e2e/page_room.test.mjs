// A stream's chat on the page, in a real browser. The engine is a script, Twitch a stand-in.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertClean, openBrowser, openPage, text } from './browser.mjs';
import { startDaemon, until } from './daemon.mjs';
import { FakeTwitch, TOKEN } from './twitch.mjs';

const SCRIPT = 'on "mur" say "un début" then stall\non * echo\n';

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser.close());

async function with_(act) {
    const server = await new FakeTwitch().listen();
    const daemon = await startDaemon({
        script: SCRIPT,
        env: { PALABRE_TWITCH_LOGIN: 'pal', PALABRE_TWITCH_TOKEN: TOKEN },
        args: ['--twitch-channels', 'home', '--twitch-host', '127.0.0.1',
            '--twitch-port', String(server.port), '--no-twitch-tls'],
    });
    try {
        await until('it has joined', () => server.bot());
        await act(daemon, server);
    } finally {
        await daemon.stop();
        await server.close();
    }
}

const lineOf = (page, words) => page.locator('#room-log li', { hasText: words });

test('the chat of a stream is seen live: who speaks, who waits, who has an answer', async () => {
    await with_(async (daemon, server) => {
        server.chat('home', 'ann', 'avant la page');
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        await lineOf(page, 'avant la page').waitFor();
        assert.equal(await lineOf(page, 'avant la page').locator('b').textContent(), 'ann');
        server.chat('home', 'zoe', '@pal dis girafe43 <img src=x onerror=window.hacked=1>', { name: 'Zoé' });
        await page.locator('#room-log li.for-us .chip.done').waitFor();
        await page.locator('#room-log li.ours', { hasText: 'girafe43' }).waitFor();
        assert.match(await text(page, '#room-log li.ours'), /to Zoé/);
        assert.equal(await page.locator('#room-log img').count(), 0);
        assert.equal(await page.evaluate(() => window.hacked), undefined);
        await page.click('#lang');
        assert.match(await text(page, '#room-log li.ours'), /à Zoé/);
        await page.reload();
        await page.locator('#room-log li.ours', { hasText: 'girafe43' }).waitFor();
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('what a moderator removes is gone from the page, and its answer is cancelled', async () => {
    await with_(async (daemon, server) => {
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        server.chat('home', 'bob', '@pal que penses-tu du mur ?');
        await lineOf(page, 'mur').locator('.chip.running').waitFor();
        server.chat('home', 'ann', 'je reste');
        await lineOf(page, 'je reste').waitFor();
        server.ban('home', 'bob');
        await page.locator('#room-log li.removed .chip.cancelled').waitFor();
        assert.match(await text(page, '#room-log li.removed'), /removed by a moderator.*cancelled by moderation/);
        assert.equal(await lineOf(page, 'mur').count(), 0);
        assert.equal(await lineOf(page, 'je reste').count(), 1);
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('a chat faster than anybody reads ends with its newest lines, in their order', async () => {
    await with_(async (daemon, server) => {
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        for (let i = 0; i < 600; i++) {
            server.chat('home', `viewer${i % 50}`, `ligne numéro ${i}.`);
        }
        await lineOf(page, 'numéro 599.').waitFor();
        await page.waitForFunction(() => {
            const all = [...document.querySelectorAll('#room-log .said')].map((one) => Number(one.textContent.match(/\d+/)?.[0]));
            return all.length === 64 && all.every((n, i) => n === 536 + i);
        });
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('where no stream is followed nothing of it is shown', async () => {
    const daemon = await startDaemon({ script: SCRIPT });
    const page = await openPage(browser, daemon.base, { path: '/#board' });
    await page.waitForFunction(() => document.querySelector('#card-turns .big')?.textContent === '0');
    assert.equal(await page.locator('#room').isVisible(), false);
    await assertClean(page, daemon.base);
    await page.context().close();
    await daemon.stop();
});
