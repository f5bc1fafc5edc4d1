// The avatar in a real Chromium, drawn in software: what people see, by its pixels.
// PALABRE_SCREENSHOTS=FOLDER keeps a sheet of its faces there, and prints frames a second.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { freshChat, post, startDaemon, until } from './daemon.mjs';
import { differing, readPng } from './png.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const GUARD_MS = 120_000;
const MOODS = ['happy', 'angry', 'sad', 'relaxed', 'surprised'];
const SIZE = { width: 320, height: 300 };
// Parts of that picture, with Pal in it: [left, top, right, bottom].
const EYES = [0.3, 0.28, 0.7, 0.5];
const MOUTH = [0.4, 0.46, 0.6, 0.58];
const still = { head: [0, 0, 0], blink: false, idle: false, speed: 10, expressions: {} };

const script = `
on "pense" say "<b>Voilà</b> une <img src=x onerror=alert(1)> longue histoire, avec beaucoup de mots pour parler." after 4000ms rate 4/s
on "salut" say "Bonjour." after 10ms
`;
let daemon;
let browser;
let folder;

before(async () => {
    daemon = await startDaemon({ script });
    const executablePath = [process.env.PALABRE_CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find((one) => one && existsSync(one));
    browser = await chromium.launch({
        executablePath, timeout: GUARD_MS, chromiumSandbox: process.getuid() !== 0,
        args: ['--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader', '--mute-audio'],
    });
    folder = mkdtempSync(join(tmpdir(), 'palabre-avatar-'));
    for (const [name, ...option] of [['pal0.vrm', '--vrm0'], ['pal1.vrm']]) {
        execFileSync(process.execPath, [join(root, 'models', 'avatar', 'make.mjs'), ...option, join(folder, name)]);
    }
    writeFileSync(join(folder, 'broken.vrm'), readFileSync(join(folder, 'pal1.vrm')).subarray(0, 120_000));
});

after(async () => {
    await browser?.close();
    await daemon?.stop();
    rmSync(folder, { recursive: true, force: true });
});

// An overlay of a profile of its own, drawn once; it must not complain and must ask nobody else.
async function openOverlay(query = '', options = {}) {
    const page = await browser.newPage({ viewport: SIZE, reducedMotion: 'reduce', locale: 'en-GB', ...options });
    page.setDefaultTimeout(GUARD_MS);
    page.wrong = [];
    page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) { page.wrong.push(message.text()); } });
    page.on('pageerror', (error) => page.wrong.push(error.stack));
    page.on('request', (request) => {
        if (!request.url().startsWith(`${daemon.base}/`) && !request.url().startsWith('blob:')) {
            page.wrong.push(request.url());
        }
    });
    // The same points in each picture: a busy machine would draw fewer from some moment on.
    await page.goto(`${daemon.base}/overlay${query}${query.includes('detail=') ? '' : `${query ? '&' : '?'}detail=1`}`);
    await drawn(page, 2);
    return page;
}

const stats = (page) => page.evaluate(() => globalThis.palabreAvatar.stats());

async function drawn(page, more) {
    const from = await page.evaluate(() => globalThis.palabreAvatar?.stats().frames ?? 0);
    await page.waitForFunction((n) => (globalThis.palabreAvatar?.stats().frames ?? 0) >= n, from + more);
}

const look = async (page) => readPng(await page.screenshot({ omitBackground: true }));

// Shows a face and waits until it has settled: frames count 100 ms at most.
async function show(page, face) {
    await page.evaluate((one) => globalThis.palabreAvatar.setFace(one), { ...still, ...face });
    await page.waitForTimeout(500);
    await drawn(page, 14);
    return look(page);
}

async function close(page) {
    assert.deepEqual(page.wrong, []);
    await page.close();
}

test('the overlay is transparent around the avatar, and each mood changes eyes and mouth', async () => {
    const page = await openOverlay();
    const rest = await show(page, {});
    for (const [x, y] of [[1, 1], [SIZE.width - 2, 1], [1, 150], [SIZE.width - 2, 150]]) {
        assert.equal(rest.at(x, y)[3], 0, `${x},${y}`);
    }
    assert.equal(rest.at(SIZE.width / 2, SIZE.height / 2)[3], 255);
    for (const mood of MOODS) {
        const face = await show(page, { expressions: { [mood]: 1 } });
        assert.ok(differing(rest, face, MOUTH) > 40, `${mood}: the mouth, ${differing(rest, face, MOUTH)}`);
        assert.ok(differing(rest, face, EYES) > 100, `${mood}: the eyes, ${differing(rest, face, EYES)}`);
    }
    for (const one of ['aa', 'ou']) {
        const face = await show(page, { expressions: { [one]: 1 } });
        assert.ok(differing(rest, face, MOUTH) > 40, `${one}: ${differing(rest, face, MOUTH)}`);
        assert.ok(differing(rest, face, EYES) < 100, one);
    }
    assert.ok(differing(rest, await show(page, {})) < 60, 'it comes back to rest');
    await close(page);
});

test('a sheet of all faces', { skip: !process.env.PALABRE_SCREENSHOTS }, async () => {
    const page = await openOverlay('?scale=1.4', { deviceScaleFactor: 2 });
    const faces = [];
    for (const expressions of [{}, ...MOODS.map((mood) => ({ [mood]: 1 }))]) {
        await show(page, { expressions });
        faces.push((await page.screenshot({ omitBackground: true })).toString('base64'));
    }
    const sheet = await page.evaluate(async (list) => {
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [320 * 3, 300 * 2];
        const context = canvas.getContext('2d');
        for (const [i, data] of list.entries()) {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const picture = await createImageBitmap(new Blob([bytes]), { resizeWidth: 320, resizeHeight: 300, resizeQuality: 'high' });
            context.fillStyle = i % 2 ? '#1d1f2b' : '#f4f1ec';
            context.fillRect(320 * (i % 3), 300 * Math.floor(i / 3), 320, 300);
            context.drawImage(picture, 320 * (i % 3), 300 * Math.floor(i / 3));
        }
        return canvas.toDataURL('image/webp', 0.85).split(',')[1];
    }, faces);
    mkdirSync(process.env.PALABRE_SCREENSHOTS, { recursive: true });
    writeFileSync(join(process.env.PALABRE_SCREENSHOTS, 'faces.webp'), Buffer.from(sheet, 'base64'));
    await close(page);
});

test('a turn from the API moves the face: it thinks, then speaks; the bubble shows plain text', async () => {
    const page = await openOverlay('?bubble=1&bg=transparent');
    const rest = await look(page);
    assert.equal(await page.locator('#bubble').isVisible(), false);
    const answer = post(daemon, '/v1/chat/completions', { messages: [{ role: 'user', content: 'pense' }] });
    await until('it thinks', async () => differing(rest, await look(page), EYES) > 60);
    const shapes = [];
    await until('the mouth moves', async () => {
        shapes.push(await look(page));
        return shapes.some((one) => differing(shapes[0], one, MOUTH) > 25) && await page.locator('#bubble').isVisible();
    });
    assert.equal((await answer).status, 200);
    await until('the whole text is there', async () => (await page.locator('#bubble').textContent()).endsWith('pour parler.'));
    assert.match(await page.locator('#bubble').textContent(), /^<b>Voilà<\/b> une <img/);
    assert.equal(await page.locator('#bubble *').count(), 0);
    await page.locator('#bubble').waitFor({ state: 'hidden' });
    await close(page);
});

test('a .vrm of one\'s own is taken, 0.x and 1.0, kept, and a broken one changes nothing', async () => {
    const page = await openOverlay('?lang=fr');
    const load = (name) => page.evaluate(async ([data, called]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        try {
            await globalThis.palabreAvatar.loadFile(new File([bytes], called));
            return null;
        } catch (error) {
            return error.message;
        }
    }, [readFileSync(join(folder, name)).toString('base64'), name]);
    const rest = await show(page, {});
    assert.equal(await load('pal0.vrm'), null);
    assert.deepEqual([(await stats(page)).name, (await stats(page)).version], ['pal0.vrm', '0']);
    const old = await show(page, {});
    assert.ok(old.at(SIZE.width / 2, SIZE.height / 2)[3] === 255, 'it looks at us');
    const happy = await show(page, { expressions: { happy: 1 } });
    assert.ok(differing(old, happy, MOUTH) > 40, 'and smiles');
    assert.match(await load('broken.vrm'), /abîmé/);
    assert.equal((await stats(page)).name, 'pal0.vrm');
    assert.equal(await load('pal1.vrm'), null);
    assert.equal((await stats(page)).version, '1');
    assert.ok(differing(rest, await show(page, {})) < 200, 'the new one stands as the first did');
    await page.reload();
    await drawn(page, 2);
    assert.equal((await stats(page)).name, 'pal1.vrm', 'it is kept');
    await page.evaluate(() => globalThis.palabreAvatar.reset());
    assert.equal((await stats(page)).name, '/assets/avatar.vrm');
    await close(page);
});

test('avatars that come and go leave nothing behind on the card', async () => {
    const page = await openOverlay();
    const { geometries, textures } = await stats(page);
    for (let i = 0; i < 5; i++) {
        await page.evaluate(() => globalThis.palabreAvatar.loadUrl('/assets/avatar.vrm'));
        await drawn(page, 2);
    }
    const now = await stats(page);
    assert.ok(now.geometries <= geometries, `${now.geometries} of ${geometries}`);
    assert.ok(now.textures <= textures + 1, `${now.textures} of ${textures}`);
    await close(page);
});

test('without WebGL there is a picture', async () => {
    const page = await browser.newPage({ viewport: SIZE });
    await page.addInitScript(() => { HTMLCanvasElement.prototype.getContext = () => null; });
    await page.goto(`${daemon.base}/overlay?lang=fr`);
    const picture = page.locator('.avatar-picture');
    await picture.waitFor({ timeout: GUARD_MS });
    await until('it is loaded', () => picture.evaluate((img) => img.complete && img.naturalWidth > 0));
    assert.match(await picture.getAttribute('title'), /WebGL/);
    assert.equal((await freshChat(daemon)).status, 200);
    await page.close();
});

test('the card\'s context may be lost and come back', async () => {
    const page = await openOverlay();
    await page.evaluate(() => {
        globalThis.lose = document.getElementById('avatar').getContext('webgl2').getExtension('WEBGL_lose_context');
        globalThis.lose.loseContext();
    });
    await page.locator('.avatar-picture').waitFor({ timeout: GUARD_MS });
    await page.evaluate(() => globalThis.lose.restoreContext());
    await page.locator('.avatar-picture').waitFor({ state: 'hidden' });
    await drawn(page, 3);
    assert.equal((await look(page)).at(SIZE.width / 2, SIZE.height / 2)[3], 255);
    await page.close();
});

test('frames a second', { skip: !process.env.PALABRE_SCREENSHOTS }, async (context) => {
    const page = await openOverlay('?detail=auto', { viewport: { width: 640, height: 480 }, reducedMotion: 'no-preference' });
    await page.waitForTimeout(3000);
    const begin = await page.evaluate(() => [performance.now(), globalThis.palabreAvatar.stats().frames]);
    await page.waitForTimeout(5000);
    const end = await page.evaluate(() => [performance.now(), globalThis.palabreAvatar.stats().frames, globalThis.palabreAvatar.stats().ratio]);
    const rate = (end[1] - begin[1]) / (end[0] - begin[0]) * 1000;
    context.diagnostic(`640x480 in software: ${rate.toFixed(1)} frames a second (the cap is 30), at ${end[2]} of the points a side`);
    await page.close();
});
