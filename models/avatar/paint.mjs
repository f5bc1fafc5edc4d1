// The two textures, painted by arithmetic: the colours in the light and in the shade, in one layout.
// A PNG writer, because node has none.
import { deflateSync } from 'node:zlib';

import { clamp, lerp, smooth } from './mesh.mjs';

export const WIDTH = 512;
export const HEIGHT = 256;

// Where things lie, in pixels: [x, y, width, height].
export const REGION = {
    skin: [0, 0, 256, 256],
    iris: [256, 0, 128, 128],
    hair: [384, 0, 64, 256],
    inner: [448, 0, 64, 256],
};

const hex = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
const mix = (a, b, t) => a.map((x, i) => lerp(x, b[i], t));

// One colour each: [in the light, in the shade].
export const SWATCH = {
    skin: ['#ffe4d6', '#f6bfae'],
    neck: ['#f6c3b0', '#eeb09f'],
    white: ['#fffdfb', '#fffdfb'],
    whiteShade: ['#d9d3e6', '#d9d3e6'],
    lash: ['#43304a', '#43304a'],
    crease: ['#e0a596', '#e0a596'],
    brow: ['#2c6f78', '#2c6f78'],
    lip: ['#a8434f', '#a8434f'],
    mouth: ['#8e2f45', '#8e2f45'],
    tongue: ['#f0808a', '#f0808a'],
    teeth: ['#fffaf5', '#fffaf5'],
    blush: ['#ff9d98', '#f58b88'],
    tear: ['#8fd8ff', '#8fd8ff'],
    cloth: ['#fbf3e6', '#d9c7cf'],
    trim: ['#ff8368', '#d85a5e'],
    under: ['#3f4b74', '#2c3459'],
    clip: ['#ff7a62', '#e0605a'],
    dot: ['#fffaf2', '#fff0e6'],
};
const names = Object.keys(SWATCH);
const SWATCH_AT = [256, 128, 16]; // x, y, edge; eight in a row

const HAIR = {
    light: { root: hex('#3aa9a6'), body: hex('#56cdbf'), tip: hex('#9be9cf'), ring: hex('#c8fbe6') },
    shade: { root: hex('#2a7d8c'), body: hex('#3799a1'), tip: hex('#66c2b8'), ring: hex('#6cc7bd') },
};

// A texture coordinate inside a region, 0 to 1 each way, kept off its border.
export function inRegion(name, u, v) {
    const [x, y, w, h] = REGION[name];
    return [(x + 2 + clamp(u, 0, 1) * (w - 4)) / WIDTH, (y + 2 + clamp(v, 0, 1) * (h - 4)) / HEIGHT];
}

export function swatch(name) {
    const i = names.indexOf(name);
    const [x, y, edge] = SWATCH_AT;
    return [(x + (i % 8) * edge + edge / 2) / WIDTH, (y + Math.floor(i / 8) * edge + edge / 2) / HEIGHT];
}

// The face seen from the front: u and v are x and -y of -1.2 to 1.2 head radii.
function skin(u, v, side) {
    const x = (u * 2 - 1) * 1.2;
    const y = -(v * 2 - 1) * 1.2;
    let colour = hex(SWATCH.skin[side]);
    const blush = Math.exp(-(((Math.abs(x) - 0.56) / 0.17) ** 2) - (((y + 0.40) / 0.10) ** 2));
    colour = mix(colour, hex(side ? '#ee9d94' : '#ffb3a6'), 0.62 * blush);
    // What the fringe throws on the forehead, the tip of the nose, a little warmth under the lip.
    colour = mix(colour, hex('#f3b7a6'), 0.55 * smooth(0.10, 0.62, y - 0.10 * x * x));
    const nose = Math.exp(-((x / 0.034) ** 2) - (((y + 0.365) / 0.022) ** 2));
    colour = mix(colour, hex('#e79684'), 0.75 * nose);
    const bridge = Math.exp(-(((x) / 0.02) ** 2) - (((y + 0.325) / 0.03) ** 2));
    colour = mix(colour, hex('#fff6ee'), side ? 0 : 0.6 * bridge);
    const lip = Math.exp(-((x / 0.06) ** 2) - (((y + 0.665) / 0.018) ** 2));
    return mix(colour, hex('#f0aa9c'), 0.5 * lip);
}

// An iris: dark above, bright below, a pupil, two lights. The same in the shade.
function iris(u, v) {
    const x = u * 2 - 1;
    const y = v * 2 - 1; // down
    const r = Math.hypot(x, y);
    let colour = mix(hex('#8a3d1c'), hex('#ffb648'), smooth(-0.75, 0.75, y));
    const glow = Math.exp(-((x / 0.55) ** 2) - (((y - 0.62) / 0.30) ** 2));
    colour = mix(colour, hex('#fff0a0'), 0.8 * glow);
    const pupil = smooth(0.06, -0.06, Math.hypot(x / 0.36, (y - 0.02) / 0.44) - 1);
    colour = mix(colour, hex('#4a1c1c'), pupil);
    colour = mix(colour, hex('#4d2230'), smooth(0.80, 0.92, r));
    colour = mix(colour, hex('#3c1a2b'), 0.75 * smooth(-0.25, -0.95, y));
    const light = (cx, cy, rx, ry) => smooth(0.10, -0.10, Math.hypot((x - cx) / rx, (y - cy) / ry) - 1);
    colour = mix(colour, [255, 255, 255], light(-0.30, -0.38, 0.29, 0.25));
    return mix(colour, [255, 250, 240], 0.92 * light(0.36, 0.42, 0.15, 0.13));
}

function hair(u, v, side) {
    const tones = side ? HAIR.shade : HAIR.light;
    let colour = mix(tones.root, tones.body, smooth(0.0, 0.35, v));
    colour = mix(colour, tones.tip, 0.85 * smooth(0.55, 1.0, v));
    // The ring of light: a band with soft, wavy edges, broken between the strands.
    const wave = 0.012 * Math.cos(u * 6 * Math.PI) + 0.006 * Math.cos(u * 14 * Math.PI);
    const band = smooth(0.040, 0.018, Math.abs(v - 0.40 - wave));
    return mix(colour, tones.ring, 0.75 * band * smooth(0.02, 0.25, u) * smooth(0.98, 0.75, u));
}

function inner(u, v) {
    return mix(hex('#246778'), hex('#3b9199'), smooth(0.3, 1, v));
}

const painters = { skin, iris, hair, inner };

function colourAt(x, y, side) {
    for (const [name, [rx, ry, w, h]] of Object.entries(REGION)) {
        if (x >= rx && x < rx + w && y >= ry && y < ry + h) {
            return painters[name]((x - rx - 2) / (w - 4), (y - ry - 2) / (h - 4), side);
        }
    }
    const [sx, sy, edge] = SWATCH_AT;
    const i = Math.floor((x - sx) / edge) + 8 * Math.floor((y - sy) / edge);
    const inside = x >= sx && x < sx + 8 * edge && y >= sy && i >= 0 && i < names.length;
    return inside ? hex(SWATCH[names[i]][side]) : [128, 128, 128];
}

const table = new Uint32Array(256).map((_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) {
        c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    }
    return c;
});

function crc32(bytes) {
    let c = 0xffffffff;
    for (const byte of bytes) {
        c = table[(c ^ byte) & 255] ^ (c >>> 8);
    }
    return (c ^ 0xffffffff) >>> 0;
}

function chunk(type, data) {
    const bytes = Buffer.alloc(12 + data.length);
    bytes.writeUInt32BE(data.length, 0);
    bytes.write(type, 4, 'latin1');
    data.copy(bytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
    return bytes;
}

// 8-bit RGB; each row is filtered by what its neighbours suggest best (least sum of differences).
export function png(width, height, pixel) {
    const stride = width * 3;
    const raw = Buffer.alloc(height * stride);
    for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
            const colour = pixel(x, y);
            for (let k = 0; k < 3; k++) {
                raw[y * stride + x * 3 + k] = clamp(Math.round(colour[k]), 0, 255);
            }
        }
    }
    const rows = [];
    for (let y = 0; y < height; y++) {
        const at = (i, row) => (i < 0 || row < 0 ? 0 : raw[row * stride + i]);
        let best = null;
        for (const filter of [0, 1, 2, 3]) {
            const line = Buffer.alloc(stride + 1);
            line[0] = filter;
            let cost = 0;
            for (let i = 0; i < stride; i++) {
                const [left, up] = [at(i - 3, y), at(i, y - 1)];
                const guess = [0, left, up, (left + up) >> 1][filter];
                const value = (raw[y * stride + i] - guess) & 255;
                line[i + 1] = value;
                cost += value < 128 ? value : 256 - value;
            }
            if (!best || cost < best.cost) {
                best = { line, cost };
            }
        }
        rows.push(best.line);
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2, 0, 0, 0], 8);
    return Buffer.concat([
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        chunk('IHDR', head), chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })), chunk('IEND', Buffer.alloc(0)),
    ]);
}

// 0: in the light, 1: in the shade.
export const paintAtlas = (side) => png(WIDTH, HEIGHT, (x, y) => colourAt(x, y, side));
