// The conversation on the page, in a real browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { assertClean, keepPicture, lastAnswer, openBrowser, openPage, openTab, sayOnPage, text } from './browser.mjs';
import { metric, startDaemon, until } from './daemon.mjs';

const SCRIPT = [
    'on "salut" say "Bonjour toi, quelle belle journée"',
    'on "longue" say "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf ' + 'encore '.repeat(40) + 'vingt" rate 4/s',
    'on "mur" say "un début" then stall',
    'on "crash" say "je vais tomber" rate 8/s then die kill',
    'on * echo',
].join('\n');

let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser.close());

async function with_(options, act) {
    const daemon = await startDaemon({ script: SCRIPT, ...options });
    try {
        await act(daemon);
    } finally {
        await daemon.stop();
    }
}

test('a person talks with the starter model, in French', async () => {
    await with_({ script: undefined }, async (daemon) => {
        const page = await openPage(browser, daemon.base, { locale: 'fr-FR', noAvatar: !process.env.PALABRE_SCREENSHOTS });
        assert.equal(await page.getAttribute('html', 'lang'), 'fr');
        assert.equal(await text(page, '#tab-chat'), 'Discussion');
        await page.waitForSelector('#starter:not([hidden])');
        await sayOnPage(page, 'Bonjour, comment vas-tu ?');
        assert.match(await lastAnswer(page, 1), /\p{L}{2,}/u);
        await sayOnPage(page, 'Tu connais une blague ?');
        assert.match(await lastAnswer(page, 2), /\p{L}{2,}/u);
        await page.click('#starter-close');
        await page.waitForTimeout(process.env.PALABRE_SCREENSHOTS ? 3000 : 0);
        await keepPicture(page, 'page-fr');
        await page.click('#lang');
        assert.equal(await text(page, '#tab-chat'), 'Chat');
        await page.waitForTimeout(process.env.PALABRE_SCREENSHOTS ? 1000 : 0);
        await keepPicture(page, 'page');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('an answer is stopped, tried again, copied; a reload and a second tab show the same', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        await sayOnPage(page, 'salut');
        assert.equal(await lastAnswer(page, 1), 'Bonjour toi, quelle belle journée');
        await sayOnPage(page, 'une histoire longue');
        await page.waitForFunction(() => /deux/.test(document.querySelector('.live .bubble')?.textContent));
        assert.ok(await page.isHidden('#send'));
        await page.click('#stop');
        const cut = await lastAnswer(page, 2);
        assert.match(cut, /^un deux/);
        assert.doesNotMatch(cut, /vingt/);
        assert.equal(await text(page, '.theirs.last .state'), 'stopped');
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="page",outcome="cancelled"}'), 1);
        await until('the engine is free', async () => await metric(daemon, 'palabre_turns_running') === 0);

        const other = await openTab(page.context(), daemon.base);
        assert.equal(await lastAnswer(other, 2), cut);
        await sayOnPage(other, 'salut encore');
        assert.equal(await lastAnswer(page, 3), 'Bonjour toi, quelle belle journée');
        await lastAnswer(other, 3);
        await page.hover('.theirs.last');
        await page.click('.theirs.last [data-label=copy]');
        assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'Bonjour toi, quelle belle journée');
        await page.click('.theirs.last [data-label=retry]');
        await until('it was answered again', async () => await metric(daemon, 'palabre_turns_ended_total{source="page",outcome="done"}') === 3);
        assert.equal(await lastAnswer(page, 3), 'Bonjour toi, quelle belle journée');
        await lastAnswer(other, 3);

        await page.reload();
        assert.equal(await lastAnswer(page, 3), 'Bonjour toi, quelle belle journée');
        assert.deepEqual(await page.locator('.mine .bubble').allTextContents(), ['salut', 'une histoire longue', 'salut encore']);
        await page.click('#open-settings');
        await page.click('#forget');
        await page.waitForSelector('#empty:not([hidden])');
        await other.waitForSelector('#empty:not([hidden])');
        await assertClean(page, daemon.base);
        await assertClean(other, daemon.base);
        await page.context().close();
    });
});

test('the engine dies in the middle of an answer: it is told, and the next one comes', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        await sayOnPage(page, 'crash');
        assert.match(await lastAnswer(page, 1), /^je vais/);
        assert.match(await text(page, '.theirs.last .why'), /broke down/);
        await sayOnPage(page, 'salut');
        assert.equal(await lastAnswer(page, 2), 'Bonjour toi, quelle belle journée');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('the link is lost and comes back by itself; a line that was not sent is not lost', async () => {
    const first = await startDaemon({ script: SCRIPT });
    const page = await openPage(browser, first.base, { expects: [/WebSocket connection|ERR_CONNECTION_REFUSED/] });
    await sayOnPage(page, 'salut');
    await lastAnswer(page, 1);
    await first.stop();
    await page.waitForSelector('#link.bad');
    await sayOnPage(page, 'tu es là ?');
    assert.equal(await page.inputValue('#line'), 'tu es là ?');
    const second = await startDaemon({ script: SCRIPT, args: ['--port', String(first.port)] });
    try {
        await page.waitForSelector('#link.good');
        await page.press('#line', 'Enter');
        await page.waitForFunction(() => [...document.querySelectorAll('.theirs:not(.live) .bubble')].some((one) => one.textContent === 'tu es là ?'));
        await assertClean(page, second.base);
    } finally {
        await page.context().close();
        await second.stop();
    }
});

test('length, temperature and persona hold from the next answer on, on every page', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        const other = await openTab(page.context(), daemon.base);
        await page.click('#open-settings');
        await page.waitForFunction(() => document.getElementById('persona').value !== '');
        await page.fill('#persona', 'Tu es une pirate.');
        await page.locator('#temperature').fill('1.25');
        await page.locator('#length').fill('16');
        await page.waitForFunction(() => document.getElementById('settings-text').textContent === 'In effect.');
        await page.keyboard.press('Escape');
        await other.waitForFunction(() => document.getElementById('persona').value === 'Tu es une pirate.' && document.getElementById('temperature').value === '1.25');
        await other.reload();
        await other.waitForFunction(() => document.getElementById('persona').value === 'Tu es une pirate.' && document.getElementById('length').value === '16');
        // The scripted engine's pieces are words, one token each.
        await sayOnPage(page, Array.from({ length: 40 }, (_, i) => `mot${i}`).join(' '));
        assert.equal((await lastAnswer(page, 1)).split(' ').length, 16);
        assert.equal(await text(page, '.theirs.last .state'), 'cut at its maximum length');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('all of it is done from the keyboard', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'line');
        await page.waitForSelector('#link.good');
        await page.keyboard.type('mur');
        await page.keyboard.press('Shift+Enter');
        await page.keyboard.type('oui');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => /début/.test(document.querySelector('.live .bubble')?.textContent));
        await page.keyboard.press('Escape');
        await lastAnswer(page, 1);
        assert.equal(await page.locator('.mine .bubble').innerText(), 'mur\noui');
        // Every control is reached by Tab, each with a visible focus and a name.
        const seen = new Map();
        for (let i = 0; i < 40; i++) {
            await page.keyboard.press('Tab');
            const now = await page.evaluate(() => {
                const one = document.activeElement;
                return { id: one.id || one.dataset.label || one.className, outline: getComputedStyle(one).outlineStyle, name: one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent };
            });
            seen.set(now.id, now);
        }
        for (const id of ['tab-chat', 'open-settings', 'theme', 'lang', 'scroll', 'copy', 'retry', 'line', 'send', 'skip']) {
            assert.ok(seen.has(id), `${id} is reached by Tab; reached: ${[...seen.keys()].join(', ')}`);
            assert.ok(seen.get(id).name, `${id} has a name`);
        }
        await page.focus('#tab-chat');
        await page.keyboard.press('ArrowRight');
        assert.ok(await page.isVisible('#view-board'));
        assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-board');
        await page.keyboard.press('ArrowRight');
        assert.ok(await page.isVisible('#view-chat'));
        await page.focus('#open-settings');
        await page.keyboard.press('Enter');
        assert.ok(await page.isVisible('#settings'));
        await page.keyboard.press('Escape');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'open-settings');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('nothing moves while an answer streams', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        await page.waitForSelector('#link.good');
        await page.evaluate(() => {
            window.shifts = [];
            new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => one.value))).observe({ type: 'layout-shift', buffered: false });
        });
        for (let n = 1; n <= 3; n++) {
            await sayOnPage(page, 'salut '.repeat(3));
            await lastAnswer(page, n);
        }
        await sayOnPage(page, 'une longue');
        await page.waitForFunction(() => /quatre/.test(document.querySelector('.live .bubble')?.textContent));
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        assert.deepEqual(await page.evaluate(() => window.shifts), []);
        await page.click('#stop');
        await lastAnswer(page, 4);
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('fifty open pages are told the same, and one more works as well', async () => {
    await with_({}, async (daemon) => {
        const sockets = Array.from({ length: 50 }, () => new WebSocket(`${daemon.base.replace('http', 'ws')}/ws`));
        const done = sockets.map((socket) => new Promise((resolve, reject) => {
            socket.on('message', (data) => {
                const message = JSON.parse(data);
                if (message.type === 'done') {
                    resolve(message.turn);
                }
            });
            socket.on('close', () => reject(new Error('closed')));
            socket.on('error', reject);
        }));
        await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.on('open', () => {
            socket.send('{"type":"hello"}');
            socket.send('{"type":"subscribe","topics":["chat","state","feed","metrics","face"]}', resolve);
        }))));
        const page = await openPage(browser, daemon.base);
        await sayOnPage(page, 'salut');
        assert.equal(await lastAnswer(page, 1), 'Bonjour toi, quelle belle journée');
        assert.deepEqual(new Set(await Promise.all(done)).size, 1);
        sockets.forEach((socket) => { socket.removeAllListeners('close'); socket.terminate(); });
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('a key is asked for where one is needed', async () => {
    await with_({ args: ['--api-key', 'sesame'], ready: false }, async (daemon) => {
        const page = await openPage(browser, daemon.base);
        await page.waitForSelector('#key[open]');
        await page.fill('#key-text', 'wrong');
        await page.click('#key-form .button');
        await page.waitForSelector('#key[open]');
        await page.fill('#key-text', 'sesame');
        await page.click('#key-form .button');
        await page.waitForSelector('#link.good');
        await sayOnPage(page, 'salut');
        assert.equal(await lastAnswer(page, 1), 'Bonjour toi, quelle belle journée');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});
