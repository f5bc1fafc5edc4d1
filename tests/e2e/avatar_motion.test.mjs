// What the page's avatar does between two faces: pure parts, without a browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// The page's modules say nowhere that they are modules: they are bundled together for node.
const folder = mkdtempSync(join(tmpdir(), 'palabre-avatar-'));
const bundle = (name) => {
    const out = join(folder, `${name}.mjs`);
    execFileSync(join(root, 'node_modules', '@esbuild', `linux-${process.arch}`, 'bin', 'esbuild'), [
        join(root, 'web', 'src', 'avatar', `${name}.js`), '--bundle', '--format=esm', `--outfile=${out}`, '--log-level=error',
    ]);
    return import(pathToFileURL(out));
};
const { MOODS, Spring, createMotion } = await bundle('motion');
const { SHAPES, createSpeech, shapesOf } = await bundle('speech');
const { LIMITS, imageSize, inspect } = await bundle('inspect');
rmSync(folder, { recursive: true });

const FRAME_S = 1 / 60;
const still = { head: [0, 0, 0], blink: false, idle: false, speed: 3 };

test('an expression takes 150 to 600 ms at any speed, without a jump and without going too far', () => {
    for (const speed of [0.1, 1, 3, 10]) {
        const motion = createMotion({ random: () => 0.5 });
        motion.setFace({ ...still, speed, expressions: { happy: 1 } });
        let before = 0;
        let reachedMs = null;
        for (let frame = 1; frame < 120; frame++) {
            const now = motion.step(FRAME_S).weights.happy;
            assert.ok(now >= before - 1e-9 && now <= 1, `speed ${speed}: ${now}`);
            assert.ok(now - before < 0.35, `speed ${speed}: a jump of ${now - before}`);
            if (reachedMs === null && now >= 0.95) {
                reachedMs = frame * FRAME_S * 1000;
            }
            before = now;
        }
        assert.ok(reachedMs >= 130 && reachedMs <= 640, `speed ${speed}: ${reachedMs} ms`);
    }
});

test('moods never pile up, whatever is asked and while one goes and another comes', () => {
    const motion = createMotion({ random: () => 0.5 });
    motion.setFace({ ...still, expressions: Object.fromEntries(MOODS.map((name) => [name, 1])) });
    for (let frame = 0; frame < 200; frame++) {
        if (frame % 20 === 19) {
            motion.setFace({ ...still, expressions: { [MOODS[(frame / 20) % 5 | 0]]: 1 } });
        }
        const { weights } = motion.step(FRAME_S);
        const sum = MOODS.reduce((total, name) => total + weights[name], 0);
        assert.ok(sum <= 1 + 1e-6, `${sum}`);
    }
});

test('what a face no longer names goes back to rest; nonsense in it is taken for nothing', () => {
    const motion = createMotion({ random: () => 0.5 });
    motion.setFace({ ...still, expressions: { sad: 1, Smug: 0.7 } });
    for (let frame = 0; frame < 90; frame++) {
        motion.step(FRAME_S);
    }
    motion.setFace({ expressions: { sad: NaN, angry: 'x', happy: -4 }, head: 'no', speed: Infinity, blink: false, idle: false });
    let pose;
    for (let frame = 0; frame < 120; frame++) {
        pose = motion.step(FRAME_S);
    }
    for (const [name, weight] of Object.entries(pose.weights)) {
        assert.equal(weight, 0, name);
    }
    assert.deepEqual(pose.head.map((x) => Math.abs(x) < 1e-3), [true, true, true]);
});

test('an avatar of VRM 0.x does not blink with eyes that laugh', () => {
    for (const [old, most] of [[true, 0.05], [false, 1]]) {
        const motion = createMotion({ random: () => 0.5 });
        motion.setFace({ ...still, blink: true, expressions: { relaxed: 1 } });
        let blink = 0;
        for (let frame = 0; frame < 600; frame++) {
            blink = Math.max(blink, frame > 60 ? motion.step(FRAME_S, old).weights.blink : (motion.step(FRAME_S, old), 0));
        }
        assert.ok(old ? blink <= most : blink > 0.9, `${old}: ${blink}`);
    }
});

test('thinking lifts the eyes and tilts the head, and ends', () => {
    const motion = createMotion({ random: () => 0.5, reduced: true });
    motion.setFace({ ...still, thinking: true, head: [6, 5, 0], expressions: { lookUp: 0.4 } });
    let pose;
    for (let frame = 0; frame < 60; frame++) {
        pose = motion.step(FRAME_S);
    }
    assert.ok(pose.eyes[1] > 8 && pose.eyes[0] > 8 && pose.head[2] > 4, JSON.stringify(pose));
    motion.setFace(still);
    for (let frame = 0; frame < 90; frame++) {
        pose = motion.step(FRAME_S);
    }
    assert.ok(Math.abs(pose.eyes[1]) < 0.1 && Math.abs(pose.head[2]) < 0.1);
});

test('French and English letters become the shapes of lips', () => {
    const shapes = (text) => shapesOf(text).filter((one) => one.shape && one.ms > 40).map((one) => one.shape).join(' ');
    for (const [text, expected] of [
        ['bateau', 'aa oh'], ['ou', 'ou'], ['moi', 'ou aa'], ['bonjour', 'oh ou'], ['été', 'ee ee'], ['see', 'ih'], ['moon', 'ou'],
    ]) {
        assert.ok(shapes(text).startsWith(expected), `${text}: ${shapes(text)}`);
    }
    assert.equal(shapesOf('mbp').every((one) => one.shape === null), true);
    assert.equal(shapesOf('').length, 0);
    assert.ok(shapesOf('12').length > 0);
    assert.equal(shapesOf('🎉').length, 0);
});

test('the mouth keeps the pace of speech, follows pieces cut anywhere, and ends soon after the text', () => {
    const text = 'Bonjour, je suis là. How are you today? ';
    const whole = shapesOf(text).reduce((sum, one) => sum + one.ms, 0);
    for (let cut = 1; cut < text.length; cut++) {
        const speech = createSpeech();
        speech.feed(text.slice(0, cut));
        speech.feed(text.slice(cut));
        speech.over();
        let ms = 0;
        while (speech.isSpeaking && ms < 60_000) {
            speech.step(16);
            ms += 16;
        }
        assert.ok(ms > 300 && ms <= 1600 && ms < whole, `cut at ${cut}: ${ms} ms`);
    }
    const long = createSpeech();
    long.feed('la '.repeat(100_000));
    let ms = 0;
    while (long.isSpeaking && ms < 60_000) {
        long.step(16);
        ms += 16;
    }
    assert.ok(ms > 1000 && ms < 5000, `a flood of text: ${ms} ms`);
    const words = SHAPES.length;
    assert.equal(words, 5);
});

test('a spring that is told to stay does not move', () => {
    const spring = new Spring(0.3);
    spring.target = 0.3;
    assert.equal(spring.step(10, 200), 0.3);
});

const pal = readFileSync(join(root, 'models', 'avatar', 'palabre.vrm'));
const arrayOf = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.length);

function glb(json, binary = Buffer.alloc(0)) {
    const text = Buffer.from(JSON.stringify(json));
    const head = Buffer.alloc(20);
    head.write('glTF', 0);
    head.writeUInt32LE(2, 4);
    head.writeUInt32LE(28 + text.length + binary.length, 8);
    head.writeUInt32LE(text.length, 12);
    head.write('JSON', 16);
    const next = Buffer.alloc(8);
    next.writeUInt32LE(binary.length, 0);
    next.write('BIN\0', 4);
    return arrayOf(Buffer.concat([head, text, next, binary]));
}

test('the project\'s own avatar is a VRM 1.0 under 300 kB, and the script makes it again', () => {
    assert.ok(pal.length < 300_000, `${pal.length}`);
    assert.equal(inspect(arrayOf(pal), 'en').version, '1');
    const place = mkdtempSync(join(tmpdir(), 'palabre-pal-'));
    for (const [option, version] of [[[], '1'], [['--vrm0'], '0']]) {
        const out = join(place, 'pal.vrm');
        execFileSync(process.execPath, [join(root, 'models', 'avatar', 'make.mjs'), ...option, out]);
        const again = readFileSync(out);
        assert.equal(inspect(arrayOf(again), 'en').version, version);
        if (version === '1') {
            assert.equal(again.length, pal.length);
        }
    }
    rmSync(place, { recursive: true });
});

test('a file that is cut, wrong or too much for a page is refused with a reason in both languages', () => {
    const vrm = { extensions: { VRMC_vrm: {} } };
    const png = Buffer.alloc(32);
    png.writeUInt32BE(0x89504e47, 0);
    png.writeUInt32BE(9000, 16);
    png.writeUInt32BE(20, 20);
    const cases = {
        not_vrm: [new ArrayBuffer(0), arrayOf(Buffer.from('<html>hello</html>, not an avatar')), glb({}), glb({ extensions: { KHR_x: {} } }), glb([1])],
        broken: [arrayOf(pal.subarray(0, 4000)), arrayOf(Buffer.from(pal.subarray(0, 24))),
            glb({ ...vrm, images: [{ bufferView: 0 }], bufferViews: [{ byteOffset: 0, byteLength: 5000 }] })],
        outside: [glb({ ...vrm, buffers: [{ uri: 'http://example.org/x' }] }), glb({ ...vrm, images: [{ uri: 'data:image/png;base64,' }] })],
        too_many_vertices: [glb({ ...vrm, accessors: [{ count: 2e6 }], meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }] })],
        too_many_textures: [glb({ ...vrm, images: Array.from({ length: 65 }, () => ({ bufferView: 0 })) })],
        texture_too_big: [glb({ ...vrm, images: [{ bufferView: 0 }], bufferViews: [{ byteLength: 32 }] }, png)],
        too_big: [new ArrayBuffer(LIMITS.bytes + 1)],
    };
    for (const [code, files] of Object.entries(cases)) {
        for (const file of files) {
            const told = ['en', 'fr'].map((lang) => {
                try {
                    inspect(file, lang);
                } catch (error) {
                    assert.equal(error.code, code, error.message);
                    return error.message;
                }
                throw new Error(`${code}: taken`);
            });
            assert.notEqual(told[0], told[1]);
        }
    }
    const broken = new Uint8Array(arrayOf(pal.subarray(0, 21000)));
    for (let n = 0; n < 400; n++) { // its head cut anywhere
        assert.throws(() => inspect(broken.slice(0, n * 52).buffer, 'en'), (error) => typeof error.code === 'string');
    }
    assert.equal(imageSize(new DataView(new ArrayBuffer(3))), null);
});
