// ./dev page-figures: the page's figures on this machine, as JSON. No test: nothing here is asserted,
// but what fails is counted and ends it with 1.
import { openBrowser, sayOnPage } from './browser.mjs';
import { startDaemon } from './daemon.mjs';

const LOADS = 9;
const SCRIPT = 'on "piece" say "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf vingt" rate 20/s\non * echo\n';
const LINES = Number(process.env.PALABRE_FIGURES_LINES ?? 2000);
const SECONDS = 8 * 3600;

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];
const round = (value) => Math.round(value * 10) / 10;

// When a piece's text has been painted: after the frame that follows its message.
function watch() {
    window.paints = [];
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...args) {
            super(...args);
            window.sockets.push(this);
            this.addEventListener('message', ({ data }) => {
                const message = JSON.parse(data);
                if (message.type === 'metrics') {
                    window.metricsText = data;
                }
                if (message.type === 'piece') {
                    requestAnimationFrame(() => {
                        const { port1, port2 } = new MessageChannel();
                        port1.onmessage = () => window.paints.push(performance.timeOrigin + performance.now() - message.at_ms);
                        port2.postMessage(0);
                    });
                }
            });
        }
    };
}

const daemon = await startDaemon({ script: SCRIPT });
const browser = await openBrowser();
const failures = [];
async function open(avatar) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    page.on('pageerror', (error) => failures.push(error.message));
    await page.addInitScript(watch);
    if (!avatar) {
        await page.addInitScript(() => { window.palabreWithoutAvatar = true; });
    }
    return page;
}

// Ready: the link says so, and a line can be sent. Each time from an empty cache, with the avatar.
const ready = [];
const assets = new Map();
for (let i = 0; i < LOADS; i++) {
    const page = await open(true);
    page.on('response', (answer) => {
        if (answer.url().startsWith(`${daemon.base}/`)) { // not the blob: addresses of textures
            assets.set(new URL(answer.url()).pathname, Number(answer.headers()['content-length'] ?? 0));
        }
    });
    const begun = performance.now();
    await page.goto(daemon.base);
    await page.waitForSelector('#link.good');
    ready.push(performance.now() - begun);
    if (i === LOADS - 1) {
        await page.waitForTimeout(3000);
        await page.click('#tab-board');
        await page.waitForSelector('.uplot');
    }
    await page.context().close();
}

const paints = {};
for (const avatar of [false, true]) {
    const page = await open(avatar);
    await page.goto(daemon.base);
    await page.waitForSelector('#link.good');
    await page.waitForTimeout(2000);
    for (let n = 0; n < 4; n++) {
        await sayOnPage(page, 'piece');
        await page.waitForFunction((count) => window.paints.length >= count, (n + 1) * 20);
    }
    const list = await page.evaluate(() => window.paints);
    paints[avatar ? 'with_avatar' : 'without_avatar'] = { n: list.length, p50_ms: round(at(list, 0.5)), p95_ms: round(at(list, 0.95)), max_ms: round(Math.max(...list)) };
    await page.context().close();
}

// Eight hours, compressed: thousands of exchanges, and a metrics message for each second.
const page = await open(false);
await page.goto(`${daemon.base}/#board`);
await page.waitForFunction(() => window.metricsText !== undefined);
const cdp = await page.context().newCDPSession(page);
const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (await cdp.send('Runtime.getHeapUsage')).usedSize;
};
const before = await heap();
for (let n = 0; n < LINES; n += 8) {
    await page.evaluate((from) => {
        for (let i = from; i < from + 8; i++) {
            window.sockets.at(-1).send(JSON.stringify({ type: 'say', text: `line ${i} of a long evening, long enough to look like one`, ref: `r${i}` }));
        }
    }, n);
    await page.waitForTimeout(170);
}
for (let done = 0; done < SECONDS; done += 600) {
    await page.evaluate(() => {
        for (let i = 0; i < 600; i++) {
            window.sockets.at(-1).onmessage(new MessageEvent('message', { data: window.metricsText }));
        }
    });
}
await page.waitForTimeout(1000);
const after = await heap();
const exchanges = await page.evaluate(() => document.querySelectorAll('.theirs').length);

console.log(JSON.stringify({
    ready_ms: { n: ready.length, p50: round(at(ready, 0.5)), max: round(Math.max(...ready)) },
    piece_sent_to_painted: paints,
    assets_bytes: Object.fromEntries(assets), assets_total_bytes: [...assets.values()].reduce((a, b) => a + b, 0),
    eight_hours: { lines: LINES, metrics: SECONDS, exchanges_shown: exchanges, heap_before_bytes: before, heap_after_bytes: after, growth_mb: round((after - before) / 1e6) },
    failures,
}, null, 2));
await browser.close();
await daemon.stop();
process.exitCode = failures.length > 0 ? 1 : 0;
