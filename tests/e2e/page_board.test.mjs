// The dashboard, a download, hostile texts, and how it all looks, in a real browser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertClean, keepPicture, lastAnswer, openBrowser, openPage, sayOnPage, text } from './browser.mjs';
import { chat, metric, startDaemon } from './daemon.mjs';
import { startAvatar } from './avatar.mjs';
import { startHub } from './model_hub.mjs';

const SCRIPT = 'on "mur" say "un début" then stall\non * echo\n';

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

const rowOf = (page, line) => page.locator('#turns tr', { hasText: line });

test('the dashboard shows what /metrics says, who waits, and why things are as they are', async () => {
    await with_({ script: undefined }, async (daemon) => {
        for (const content of ['salut', 'bonjour', 'ça va ?']) {
            await (await chat(daemon, { user: 'Ana', max_tokens: 24, messages: [{ role: 'user', content }] })).text();
        }
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        await page.waitForFunction(() => document.querySelector('#card-turns .big')?.textContent === '3');
        assert.equal(await metric(daemon, 'palabre_turns_ended_total{source="api",outcome="done"}'), 3);
        const median = await metric(daemon, 'palabre_recent_first_token_seconds{quantile="0.5"}');
        const shown = (await text(page, '#card-first .big')).replace('\u00a0', ' ');
        assert.equal(shown, median < 1 ? `${Math.round(median * 1000)} ms` : `${median.toFixed(1)} s`);
        assert.match(await text(page, '#card-engine .fine'), /Palabre Starter/);
        const threads = await metric(daemon, 'palabre_engine_threads');
        assert.ok(threads >= 1 && threads <= await metric(daemon, 'palabre_engine_threads_max'));
        await page.waitForFunction(() => Number(document.querySelector('#card-threads .big').textContent) >= 1);
        assert.match(await text(page, '#card-threads .fine'), /\w/);
        await page.waitForFunction(() => document.querySelectorAll('#plan tr').length > 5);
        assert.doesNotMatch(await text(page, '#plan'), /undefined/);
        assert.ok(await page.locator('#memory .owner').count() >= 4);
        await rowOf(page, 'ça va ?').waitFor();
        assert.equal(await rowOf(page, 'bonjour').locator('.chip').textContent(), 'answered');
        await page.waitForTimeout(process.env.PALABRE_SCREENSHOTS ? 8000 : 0);
        await keepPicture(page, 'dashboard');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('avatar links and their round trip stand on the dashboard, in words that promtool reads', async () => {
    const avatar = await startAvatar();
    try {
        await with_({ args: ['--avatar', '--avatar-port', String(avatar.port)] }, async (daemon) => {
            const page = await openPage(browser, daemon.base, { path: '/#board' });
            await page.waitForFunction(() => /there and back/.test(document.querySelector('#card-links .fine')?.textContent));
            assert.equal(await text(page, '#card-links .big'), '2');
            assert.equal(await metric(daemon, 'palabre_avatar_connections{link="tcp"}'), 1);
            assert.equal(await metric(daemon, 'palabre_avatar_connections{link="page"}'), 1);
            const input = await (await fetch(`${daemon.base}/metrics`)).text();
            const judged = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
            assert.equal(judged.error === undefined ? judged.stdout + judged.stderr : '', '');
            await avatar.stop();
            await page.waitForFunction(() => document.querySelector('#card-links .big').textContent === '1');
            await assertClean(page, daemon.base);
            await page.context().close();
        });
    } finally {
        await avatar.stop();
    }
});

test('pause holds new turns back, stop ends one, forget takes a viewer out', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        const running = chat(daemon, { user: 'Zoé', messages: [{ role: 'user', content: 'le mur' }] });
        await rowOf(page, 'le mur').locator('.chip.running').waitFor();
        await page.click('#pause');
        await page.waitForFunction(() => document.getElementById('pause').getAttribute('aria-pressed') === 'true');
        const held = chat(daemon, { user: 'Max', messages: [{ role: 'user', content: 'plus tard' }] });
        await rowOf(page, 'plus tard').locator('.chip.waiting').waitFor();
        assert.equal(await metric(daemon, 'palabre_paused'), 1);
        await rowOf(page, 'le mur').locator('[data-label=stop]').click();
        await rowOf(page, 'le mur').locator('.chip.cancelled').waitFor();
        await (await running).text();
        await page.click('#pause');
        assert.match(await (await held).text(), /plus tard/);
        await rowOf(page, 'plus tard').locator('.chip.done').waitFor();
        await page.click('#tab-chat');
        await sayOnPage(page, 'souviens-toi');
        await lastAnswer(page, 1);
        await page.click('#tab-board');
        await rowOf(page, 'souviens-toi').locator('[data-label=forget]').click();
        await page.click('#tab-chat');
        await page.waitForSelector('#empty:not([hidden])');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('the model is loaded again from the page, which tells how it goes, and the companion goes on', async () => {
    await with_({}, async (daemon) => {
        const page = await openPage(browser, daemon.base, { path: '/#board' });
        await page.waitForSelector('#switch:not([hidden])');
        assert.ok(await page.locator('#switch-go').isDisabled()); // a script has no profile
        writeFileSync(join(daemon.home, 'script'), 'load fail "pas de chance"\n');
        await page.click('#reload');
        await page.waitForFunction(() => /pas de chance/.test(document.getElementById('switch-text').textContent));
        writeFileSync(join(daemon.home, 'script'), 'load 4000ms\non * say "le nouveau"\n');
        await page.click('#reload');
        await page.waitForFunction(() => /goes on answering/.test(document.getElementById('switch-text').textContent));
        assert.ok(await page.locator('#reload').isDisabled());
        await page.waitForFunction(() => document.getElementById('switch-text').textContent === '');
        const answer = await (await chat(daemon)).json();
        assert.equal(answer.choices[0].message.content, 'le nouveau');
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

test('a model is downloaded from the page, with its progress, and can be cancelled', async () => {
    const hub = await startHub({ 'm-Q4_K_M.gguf': Buffer.alloc(300_000, 7) }, { slowBytesPerSecond: 30_000 });
    const cache = mkdtempSync(join(tmpdir(), 'palabre-page-cache-'));
    try {
        await with_({ script: undefined, env: { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache } }, async (daemon) => {
            const page = await openPage(browser, daemon.base);
            await page.waitForSelector('#starter:not([hidden])');
            await page.fill('#pull-name', 'hf:user/none:Q4_K_M');
            await page.click('#pull-go');
            await page.waitForFunction(() => /user\/none/.test(document.getElementById('pull-text').textContent) && !document.getElementById('pull-go').hidden);
            await page.fill('#pull-name', 'hf:user/repo:Q4_K_M');
            await page.click('#pull-go');
            await page.waitForFunction(() => document.getElementById('pull-bar').value > 0.05);
            assert.match(await text(page, '#pull-text'), /of 300\skB/);
            await page.click('#pull-stop');
            await page.waitForFunction(() => /cancelled/.test(document.getElementById('pull-text').textContent));
            hub.options.slowBytesPerSecond = 0;
            await page.click('#pull-go');
            await page.waitForFunction(() => /is here/.test(document.getElementById('pull-text').textContent));
            // Meanwhile and afterwards the companion talks.
            await sayOnPage(page, 'salut');
            await lastAnswer(page, 1);
            await assertClean(page, daemon.base);
            await page.context().close();
        });
    } finally {
        hub.stop();
        rmSync(cache, { recursive: true, force: true });
    }
});

// 500 texts that would run a script, or load something, were they ever read as HTML.
function payloads() {
    const runs = 'window.hacked=1';
    const out = 'http://evil.test/x';
    const shapes = [
        (i) => `<script>${runs}</script>${i}`,
        (i) => `<img src=x${i} onerror="${runs}">`,
        (i) => `<svg/onload=${runs}>${i}`,
        (i) => `"><img src=${out}${i}>`,
        (i) => `<iframe srcdoc="<script>parent.hacked=1</script>">${i}`,
        (i) => `[x](javascript:${runs})${i}`,
        (i) => `<a href="javascript:${runs}" autofocus onfocus=${runs}>${i}`,
        (i) => `<style>@import '${out}${i}';</style>`,
        (i) => `<link rel=stylesheet href=${out}${i}>`,
        (i) => `<details open ontoggle=${runs}>${i}`,
        (i) => `<body onload=${runs}>${i}`,
        (i) => `<math><mtext><table><mglyph><style><img src=x onerror=${runs}>${i}`,
        (i) => `&lt;script&gt;${runs}&lt;/script&gt;${i}`,
        (i) => `\${${runs}}{{constructor.constructor('${runs}')()}}${i}`,
        (i) => `<video><source onerror=${runs}></video>${i}`,
        (i) => `![x](${out}${i})`,
        (i) => `</li></ol><form action=${out}${i}><button autofocus>`,
        (i) => `<base href=${out}${i}>`,
        (i) => `<meta http-equiv=refresh content="0;url=${out}${i}">`,
        (i) => `'-${runs}-'\u202e<b>${i}`,
    ];
    return Array.from({ length: 500 }, (_, i) => shapes[i % shapes.length](i));
}

test('2,000 hostile texts in lines, answers, names and the feed are shown, and do nothing', async () => {
    await with_({ args: ['--max-waiting', '600'] }, async (daemon) => {
        const all = payloads();
        const page = await openPage(browser, daemon.base);
        await page.waitForSelector('#link.good');
        // Sinks one and two: what is said on the page, and the answer that repeats it. Four to a line.
        let n = 0;
        for (let i = 0; i < all.length; i += 10) {
            await sayOnPage(page, all.slice(i, i + 10).join('\n'));
            await lastAnswer(page, ++n);
        }
        const [lines, answers] = await Promise.all(['.mine .bubble', '.theirs .bubble'].map((one) => page.locator(one).allTextContents()));
        assert.equal(all.filter((one) => lines.some((line) => line.includes(one))).length, 500);
        assert.equal(all.filter((one) => answers.some((line) => line.includes(one))).length, 500);
        // Three and four: a viewer's name and line in the feed, which holds the newest 64.
        await page.click('#tab-board');
        for (let i = 0; i < all.length; i += 50) {
            const batch = all.slice(i, i + 50);
            await Promise.all(batch.map(async (one) => (await chat(daemon, { user: one, messages: [{ role: 'user', content: one }] })).text()));
            await page.waitForFunction((batchTexts) => {
                const shown = [...document.querySelectorAll('#turns tr')].map((row) => [row.querySelector('b').textContent, row.querySelector('.line').textContent]);
                return batchTexts.every((one) => shown.some(([name, line]) => line === one && name !== '' && one.startsWith(name)));
            }, batch);
        }
        await page.click('#open-settings');
        await page.fill('#persona', all.slice(0, 40).join('\n'));
        await page.keyboard.press('Escape');
        await page.reload();
        await page.waitForFunction(() => document.querySelectorAll('.theirs').length > 40);
        assert.equal(await page.evaluate(() => window.hacked), undefined);
        assert.equal(await page.locator('#log script, #log img, #log iframe, #log a, #log form, #log style, #turns img, #turns script').count(), 0);
        await assertClean(page, daemon.base);
        await page.context().close();
    });
});

// Every text's contrast with what is painted behind it (WCAG 2.1, 1.4.3), in the page as it is now.
function lowContrast() {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const shine = ([r, g, b]) => {
        const [x, y, z] = [r, g, b].map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ground = (element) => {
        for (let one = element; one !== null; one = one.parentElement) {
            const [r, g, b, a = 1] = numbers(getComputedStyle(one).backgroundColor);
            if (a === 1) {
                return [r, g, b];
            }
        }
        return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const bad = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (walker.currentNode.data.trim() === '' || !element.checkVisibility({ visibilityProperty: true }) || element.closest('option, noscript, .skip, .visually-hidden')) {
            continue;
        }
        const [front, back] = [shine(numbers(getComputedStyle(element).color)), shine(ground(element))];
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        if (ratio < 4.5) {
            bad.push(`${walker.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
        }
    }
    return bad;
}

test('from 360 px to 4K, dark and light, in both languages: readable, nothing beside the screen, everything named', async () => {
    await with_({ script: undefined }, async (daemon) => {
        let n = 0;
        for (const [width, height, colorScheme, locale] of [[360, 740, 'dark', 'fr-FR'], [360, 740, 'light', 'en-GB'], [820, 1180, 'dark', 'en-GB'], [3840, 2160, 'light', 'fr-FR']]) {
            const page = await openPage(browser, daemon.base, { viewport: { width, height }, colorScheme, locale });
            await sayOnPage(page, 'salut');
            await lastAnswer(page, ++n); // one conversation for all of them
            const look = async (view) => {
                const name = `${view} ${width} ${colorScheme} ${locale}`;
                assert.deepEqual(await page.evaluate(lowContrast), [], name);
                assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the screen`);
                const nameless = await page.evaluate(() => [...document.querySelectorAll('button, input, textarea, canvas, meter, progress, [role=region], [role=tabpanel]')]
                    .filter((one) => one.checkVisibility() && !(one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.textContent.trim() || one.labels?.length))
                    .map((one) => one.id || one.className));
                assert.deepEqual(nameless, [], `${name}: without a name`);
            };
            await look('chat');
            await page.click('#open-settings');
            await look('settings');
            await page.keyboard.press('Escape');
            await page.click('#tab-board');
            await page.waitForFunction(() => document.querySelectorAll('#plan tr').length > 5 && document.querySelectorAll('#turns tr').length > 0);
            await look('board');
            await assertClean(page, daemon.base);
            await page.context().close();
        }
    });
});
