// The page in a real Chromium, watched: a page that logs an error, throws, opens a dialogue or asks
// any other host for anything fails its test.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const PATHS = [process.env.PALABRE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// Generous: hang guards on a busy machine.
export const GUARD_MS = 120_000;

export async function openBrowser() {
    const executablePath = PATHS.find((path) => path !== undefined && existsSync(path));
    if (executablePath === undefined) {
        throw new Error('the page is tested in Chromium, which is not here: ./dev test installs it (Debian: apt-get install chromium), or name one in PALABRE_CHROMIUM');
    }
    const browser = await chromium.launch({
        executablePath,
        timeout: GUARD_MS,
        // In a container the tests are root's, and Chromium's own sandbox can't be built there.
        chromiumSandbox: process.getuid() !== 0,
        args: ['--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader', '--mute-audio'],
    });
    return browser;
}

// A page of its own profile. `expects`: patterns of console errors that the test brings about itself.
export async function openPage(browser, base, { path = '/', expects = [], noAvatar = true, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', colorScheme: 'light', ...options });
    if (base.startsWith('http://127.0.0.1')) {
        await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base });
    }
    return openTab(context, base, { path, expects, noAvatar });
}

export async function openTab(context, base, { path = '/', expects = [], noAvatar = true } = {}) {
    const page = await context.newPage();
    page.setDefaultTimeout(GUARD_MS);
    page.wrong = [];
    page.asked = [];
    const note = (text) => { if (!expects.some((one) => one.test(text))) { page.wrong.push(text); } };
    page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) { note(`${message.type()}: ${message.text()}`); } });
    page.on('pageerror', (error) => note(`thrown: ${error.stack}`));
    page.on('dialog', (dialog) => { note(`dialogue: ${dialog.message()}`); void dialog.dismiss(); });
    page.on('request', (request) => page.asked.push(request.url()));
    page.on('websocket', (socket) => page.asked.push(socket.url()));
    if (noAvatar) {
        // Rendering in software takes the cores that the rest is tested on; the avatar has its own tests.
        await page.addInitScript(() => { window.palabreWithoutAvatar = true; });
    }
    await page.goto(base + path);
    return page;
}

// To be called at the end of whatever was done with it.
export async function assertClean(page, base) {
    assert.deepEqual(page.wrong, [], 'the page complained');
    const own = [base, base.replace('http', 'ws')];
    assert.deepEqual(page.asked.filter((url) => !own.some((one) => url.startsWith(`${one}/`)) && !/^(blob|data):/.test(url)), [],
        'another host was asked');
}

// Waits for it, and gives its text.
export const text = async (page, selector) => (await page.locator(selector).first().textContent()).trim();

export async function sayOnPage(page, line) {
    await page.fill('#line', line);
    await page.press('#line', 'Enter');
}

// Until the last answer has ended; its text.
export async function lastAnswer(page, n) {
    await page.waitForFunction((count) => {
        const all = document.querySelectorAll('.theirs');
        return all.length === count && !all[count - 1].classList.contains('live');
    }, n);
    return page.locator('.theirs').last().locator('.bubble').innerText();
}

// A picture for the README, if PALABRE_SCREENSHOTS names a folder.
export async function keepPicture(page, name) {
    const folder = process.env.PALABRE_SCREENSHOTS;
    if (folder) {
        mkdirSync(folder, { recursive: true });
        const bytes = await page.screenshot({ type: 'jpeg', quality: 88 });
        assert.ok(bytes.length < 200_000, `${name}: ${bytes.length} bytes`);
        writeFileSync(join(folder, `${name}.jpg`), bytes);
    }
}
