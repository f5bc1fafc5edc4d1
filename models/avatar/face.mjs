// Pal's face: skin with holes for the eyes and the mouth, and what is seen through them. The same
// drawing with other parameters is an expression; the difference is its morph target.
import { Mesh, clamp, delaunay, lerp, smooth } from './mesh.mjs';
import { fromSphere, normalAt, place, toSphere } from './head.mjs';
import { inRegion, swatch } from './paint.mjs';

const EYE = { x: 0.395, y: -0.13, half: 0.195, up: 0.235, low: 0.185, outer: 1.38 };
const MOUTH = { y: -0.575, outer: [0.34, 0.235] };
const N_EYE = 16; // points of the lid's line, each of upper and lower
const N_MOUTH = 14;
const RINGS = 2;
const STEP = 0.2; // of the skin's other points, and how far around they go, in radians
const RIM = 1.85;

const eyeAtRest = {
    close: 0, // 1 = shut
    arc: -0.55, // the shut eye's line: 1 = a smile's arch, -1 = a bow
    droop: 0, frown: 0, // the upper lid comes down at its outer, inner end
    raise: 0, // the lower lid goes up
    wide: 0, // both lids open further
};
export const REST = {
    left: eyeAtRest, right: eyeAtRest,
    iris: { scale: 1, x: 0, y: 0 },
    brow: { y: 0, angle: 0, bend: 0, x: 0 }, // angle > 0: the inner end goes up
    mouth: { half: 0.118, smile: 0.042, up: 0, low: 0, cat: 0, y: 0, power: 2, teeth: 0 },
    blush: 0,
};

// The lid's line at t from -1 (by the nose) to 1: [upper y, lower y], from the eye's centre.
function lids(t, e) {
    const a = Math.abs(t);
    const corner = -0.02 * t - 0.035;
    const up = corner + (EYE.up + 0.03 * e.wide) * Math.pow(Math.max(0, 1 - Math.pow(a, 2.6)), 0.62)
        * (1 + 0.05 * t);
    const low = corner - (EYE.low + 0.02 * e.wide) * Math.pow(Math.max(0, 1 - Math.pow(a, 2.2)), 0.72);
    const shut = -0.085 + e.arc * 0.098 * (1 - t * t) ** 1.5 - 0.01 * t;
    const lifted = low + e.raise * 0.19 * (1 - 0.55 * t * t);
    const dropped = up - e.droop * 0.15 * smooth(-0.6, 1, t) * (1 - a ** 6)
        - e.frown * 0.19 * smooth(0.75, -1, t) * (1 - a ** 6);
    const upper = lerp(dropped, shut, e.close);
    return [upper, Math.min(upper, lerp(lifted, shut, e.close))];
}

// Around the eye, counter-clockwise for the left: the lower lid outwards, the upper one back.
function eyeLine(side, e) {
    const line = [];
    for (let i = 0; i < 2 * N_EYE; i++) {
        const lower = i < N_EYE;
        const f = (lower ? i : i - N_EYE) / N_EYE;
        const t = lower ? along(f) : -along(f);
        line.push([side * (EYE.x + EYE.half * t), EYE.y + lids(t, e)[lower ? 1 : 0]]);
    }
    return line;
}

// Even, but closer at the corners.
const along = (f) => 0.5 * (2 * f - 1) - 0.5 * Math.cos(f * Math.PI);

// A lip's height at t from -1 to 1.
function lipAt(t, m, upper) {
    const arch = Math.pow(Math.max(0, 1 - Math.pow(Math.abs(t), m.power)), 0.6);
    const rest = m.smile * (1.35 * t * t - 0.5) - m.cat * 0.030 * Math.sin(t * Math.PI) ** 2;
    return MOUTH.y + m.y + rest + (upper ? m.up : -m.low) * arch;
}

// t around the mouth: the lower lip from the right corner to the left one, the upper lip back.
const around = Array.from({ length: 2 * N_MOUTH }, (_, i) => {
    const upper = i >= N_MOUTH;
    const f = (upper ? i - N_MOUTH : i) / N_MOUTH;
    return { t: upper ? -along(f) : along(f), upper };
});
const mouthLine = (m) => around.map(({ t, upper }) => [m.half * t, lipAt(t, m, upper)]);

const flat = (x, y) => { // where the skin is triangulated: the sphere from the front, unrolled
    const [X, Y, Z] = toSphere(x, y);
    const r = Math.hypot(X, Y);
    const k = r > 1e-6 ? Math.acos(clamp(Z, -1, 1)) / r : 1;
    return [X * k, Y * k];
};

const skinUv = (x, y) => inRegion('skin', (x / 1.2 + 1) / 2, (1 - y / 1.2) / 2);

// The rings between a hole's line and a line that never moves, and one more that goes under the
// rest of the skin: [x, y] for each.
function rings(line, outer, [cx, cy]) {
    const all = [];
    for (let k = 0; k <= RINGS; k++) {
        const f = (k / RINGS) ** 1.2;
        all.push(...line.map(([x, y], i) => [lerp(x, outer[i][0], f), lerp(y, outer[i][1], f)]));
    }
    all.push(...outer.map(([x, y]) => [cx + (x - cx) * 1.08, cy + (y - cy) * 1.08]));
    return all;
}

function holes(p) {
    const scaled = (line, cx, cy, k) => line.map(([x, y]) => [cx + (x - cx) * k, cy + (y - cy) * k]);
    const eye = (side, e) => {
        const open = eyeLine(side, eyeAtRest);
        return rings(eyeLine(side, e), scaled(open, side * EYE.x, EYE.y, EYE.outer), [side * EYE.x, EYE.y]);
    };
    const outer = around.map((_, i) => {
        const angle = Math.PI + (i / (2 * N_MOUTH)) * 2 * Math.PI;
        return [MOUTH.outer[0] * Math.cos(angle), MOUTH.y + MOUTH.outer[1] * Math.sin(angle)];
    });
    return [eye(1, p.left), eye(-1, p.right), rings(mouthLine(p.mouth), outer, [0, MOUTH.y])];
}

// The skin that never moves: Delaunay's triangles between the holes' outer rings and the rim.
export function buildSkin() {
    const borders = holes(REST).map((part) => {
        const n = part.length / (RINGS + 2);
        return part.slice(RINGS * n, (RINGS + 1) * n);
    });
    const lines = borders.map((line) => line.map(([x, y]) => flat(x, y)));
    const fixed = lines.flat();
    const inside = ([x, y], line) => {
        let odd = false;
        for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
            const [[ax, ay], [bx, by]] = [line[i], line[j]];
            if ((ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) {
                odd = !odd;
            }
        }
        return odd;
    };
    const points = [];
    for (let row = -11; row <= 11; row++) {
        for (let column = -11; column <= 11; column++) {
            const q = [(column + (row & 1) / 2) * STEP, row * STEP * 0.866];
            const near = fixed.some((p) => Math.hypot(p[0] - q[0], p[1] - q[1]) < 0.08);
            if (Math.hypot(...q) < RIM - 0.1 && !near && !lines.some((line) => inside(q, line))) {
                points.push(q);
            }
        }
    }
    for (let i = 0; i < 48; i++) {
        points.push([RIM * Math.cos((i / 24) * Math.PI), RIM * Math.sin((i / 24) * Math.PI)]);
    }
    // A hair's breadth off the grid: points on one circle have no unique triangulation.
    const all = [...fixed, ...points].map(([x, y], i) => [x + 1e-6 * Math.sin(i * 12.9898), y + 1e-6 * Math.sin(i * 78.233)]);
    const mesh = new Mesh();
    const joint = [['head', 1]];
    for (const [x, y] of borders.flat()) {
        mesh.vertex(place(x, y), skinUv(x, y), normalAt(x, y), joint);
    }
    for (const [u, v] of points) {
        const angle = Math.hypot(u, v);
        const k = angle > 1e-6 ? Math.sin(angle) / angle : 1;
        const s = [u * k, v * k, Math.cos(angle)];
        const q = fromSphere(s);
        mesh.vertex(q, skinUv(q[0], q[1]), s[2] > 0.05 ? normalAt(q[0], q[1]) : s, joint);
    }
    for (const t of delaunay(all)) {
        const middle = [0, 1].map((k) => (all[t[0]][k] + all[t[1]][k] + all[t[2]][k]) / 3);
        if (!lines.some((line) => inside(middle, line))) {
            mesh.triangle(...t);
        }
    }
    return mesh;
}

// The skin around the holes.
function skin(mesh, p) {
    holes(p).forEach((part, which) => {
        const base = mesh.size;
        const n = part.length / (RINGS + 2);
        part.forEach(([x, y], i) => {
            mesh.vertex(place(x, y, i < (RINGS + 1) * n ? 0 : -0.006), skinUv(x, y), normalAt(x, y));
        });
        for (let k = 0; k <= RINGS; k++) {
            for (let i = 0; i < n; i++) {
                const [a, b] = [base + k * n + i, base + k * n + ((i + 1) % n)];
                mesh.quad(...(which === 1 ? [a, b, b + n, a + n] : [a, a + n, b + n, b]));
            }
        }
    });
}

// A strip between two lines of [x, y]; `below` is the right-hand line when looking along it.
function strip(mesh, above, below, lift, uv) {
    const base = mesh.size;
    above.forEach(([x, y], i) => {
        for (const [px, py] of [[x, y], below[i]]) {
            mesh.vertex(place(px, py, lift), uv(i), normalAt(px, py));
        }
    });
    for (let i = 0; i + 1 < above.length; i++) {
        const [a, b, c, d] = [0, 1, 3, 2].map((k) => base + 2 * i + k);
        mesh.quad(a, b, c, d);
    }
}

// A filled shape around a centre.
function disc(mesh, [cx, cy], line, lift, uv) {
    const centre = mesh.vertex(place(cx, cy, lift), uv(0, 0), normalAt(cx, cy));
    line.forEach(([x, y], i) => {
        const a = (i / line.length) * 2 * Math.PI;
        mesh.vertex(place(x, y, lift), uv(Math.cos(a), Math.sin(a)), normalAt(x, y));
    });
    line.forEach((_, i) => {
        mesh.triangle(centre, centre + 1 + i, centre + 1 + ((i + 1) % line.length));
    });
}

const ellipse = (cx, cy, rx, ry, n) => Array.from({ length: n }, (_, i) => {
    const a = (i / n) * 2 * Math.PI;
    return [cx + rx * Math.cos(a), cy + ry * Math.sin(a)];
});

const ordered = (side, above, below) => (side > 0 ? [above, below] : [below, above]);

// The white of an eye: a dish whose rim comes up to the skin, so that nothing shows beside it.
function socket(mesh, cx) {
    const at = (k) => ellipse(cx, EYE.y, EYE.half * k, 0.245 * k, 18);
    const white = () => swatch('white');
    disc(mesh, [cx, EYE.y], at(1.15), -0.085, white);
    const [floor, rim] = [at(1.15), at(1.32)];
    const base = mesh.size;
    floor.forEach(([x, y], i) => {
        mesh.vertex(place(x, y, -0.085), white(), normalAt(x, y));
        mesh.vertex(place(...rim[i], -0.03), white(), normalAt(...rim[i]));
    });
    floor.forEach((_, i) => {
        const [a, b] = [base + 2 * i, base + 2 * ((i + 1) % floor.length)];
        mesh.quad(a, a + 1, b + 1, b);
    });
}

function eye(mesh, side, e, iris) {
    const flatUv = (name) => () => swatch(name);
    const cx = side * EYE.x;
    socket(mesh, cx);
    // The lid's shadow on the white.
    const [dark, lit] = [[], []];
    for (let i = 0; i <= 8; i++) {
        const t = lerp(-1.05, 1.05, i / 8);
        const y = EYE.y + lids(clamp(t, -0.98, 0.98), e)[0];
        dark.push([cx + side * EYE.half * t, y + 0.05]);
        lit.push([cx + side * EYE.half * t, y - 0.055]);
    }
    strip(mesh, ...ordered(side, dark, lit), -0.070, flatUv('whiteShade'));
    const [ix, iy] = [cx + iris.x + side * 0.014, EYE.y + 0.008 + iris.y];
    disc(mesh, [ix, iy], ellipse(ix, iy, 0.150 * iris.scale, 0.196 * iris.scale, 24), -0.064,
        (x, y) => inRegion('iris', 0.5 + x * 0.49, 0.5 - y * 0.49));
    lashes(mesh, side, e);
}

function lashes(mesh, side, e) {
    const cx = side * EYE.x;
    const at = (t, y) => [cx + side * EYE.half * t, EYE.y + y];
    const [top, under] = [[], []];
    for (let i = 0; i <= 18; i++) {
        const t = lerp(-1.02, 1.0, i / 18);
        const y = lids(clamp(t, -0.995, 0.995), e)[0];
        const thick = (0.020 + 0.045 * smooth(-1.02, 0.35, t)) * (1 - 0.8 * smooth(0.7, 1, t));
        top.push(at(t, y + thick));
        under.push(at(t, y - 0.012));
    }
    strip(mesh, ...ordered(side, top, under), 0.016, () => swatch('lash'));
    // The wing at the outer corner: from the lash's back to a point beside the eye.
    const tip = [1.30, lids(1, e)[0] + 0.125 * (1 - 0.75 * e.close)];
    const [from, to] = [[0.66, lids(0.66, e)[0] + 0.045], [0.965, lids(0.965, e)[0] - 0.004]];
    const bow = (p, bulge, t) => [
        lerp(p[0], tip[0], t) + bulge[0] * t * (1 - t), lerp(p[1], tip[1], t) + bulge[1] * t * (1 - t),
    ];
    const [wing, wing2] = [[], []];
    for (let i = 0; i <= 5; i++) {
        wing.push(at(...bow(from, [0, -0.06 * (1 - e.close)], i / 5)));
        wing2.push(at(...bow(to, [-0.10, 0.02 * (1 - e.close)], i / 5)));
    }
    strip(mesh, ...ordered(side, wing, wing2), 0.015, () => swatch('lash'));
    // The lower lid's outer half.
    const [low, low2] = [[], []];
    for (let i = 0; i <= 7; i++) {
        const t = lerp(0.02, 0.93, i / 7);
        const y = lids(t, e)[1];
        const thick = 0.016 * Math.sin((i / 7) * Math.PI * 0.8 + 0.3) * (1 - e.close);
        low.push(at(t, y + 0.003));
        low2.push(at(t, y - thick));
    }
    strip(mesh, ...ordered(side, low, low2), 0.012, () => swatch('lash'));
    // The crease above the lid.
    const [fold, fold2] = [[], []];
    for (let i = 0; i <= 8; i++) {
        const t = lerp(-0.72, 0.86, i / 8);
        const y = lids(t, e)[0] + 0.105 + 0.02 * t - 0.05 * e.close;
        const thick = 0.011 * Math.sin((i / 8) * Math.PI);
        fold.push(at(t, y + thick));
        fold2.push(at(t, y));
    }
    strip(mesh, ...ordered(side, fold, fold2), 0.010, () => swatch('crease'));
}

function brow(mesh, side, b) {
    const [top, under] = [[], []];
    for (let i = 0; i <= 10; i++) {
        const t = lerp(-1, 1, i / 10);
        const x = side * (EYE.x + 0.02 + b.x + 0.165 * t);
        const y = 0.235 + b.y + (0.045 + b.bend) * (1 - t * t) - 0.03 * t - b.angle * 0.12 * t;
        const thick = 0.021 * Math.sqrt(Math.max(0.0004, 1 - t ** 4)) * (1 - 0.3 * t);
        top.push([x, y + thick]);
        under.push([x, y - thick]);
    }
    strip(mesh, ...ordered(side, top, under), 0.020, () => swatch('brow'));
}

function mouth(mesh, m) {
    const line = mouthLine(m);
    const bottom = MOUTH.y + m.y - m.low;
    disc(mesh, [0, MOUTH.y - 0.03], ellipse(0, MOUTH.y - 0.03, 0.24, 0.25, 20), -0.080, () => swatch('mouth'));
    const ty = bottom + 0.035 - 0.2 * Math.max(0, 0.1 - m.low);
    disc(mesh, [0, ty], ellipse(0, ty, m.half * 0.66 + 0.01, 0.035 + m.low * 0.36, 16), -0.070, () => swatch('tongue'));
    // Teeth hang from the upper lip.
    const [top, under] = [[], []];
    for (let i = 0; i <= 6; i++) {
        const t = lerp(-0.8, 0.8, i / 6);
        const y = lipAt(t, m, true);
        top.push([m.half * t, y + 0.02]);
        under.push([m.half * t, y - 0.012 - 0.042 * m.teeth * (1 - 0.4 * t * t)]);
    }
    strip(mesh, top, under, -0.066, () => swatch('teeth'));
    lipLine(mesh, line);
}

// The drawn line: two strips, thick in the middle and thin at the corners, one for each lip.
function lipLine(mesh, line) {
    const lips = [line.slice(0, N_MOUTH + 1), [...line.slice(N_MOUTH), line[0]].reverse()];
    lips.forEach((lip, k) => {
        const up = k === 1;
        const [top, under] = [[], []];
        lip.forEach(([x, y], i) => {
            const t = (i / N_MOUTH) * 2 - 1;
            const thick = 0.0115 * (0.35 + 0.65 * (1 - t ** 4));
            top.push([x * (1 + 0.03 * t * t), y + (up ? thick : 0.25 * thick)]);
            under.push([x * (1 + 0.03 * t * t), y - (up ? 0.25 * thick : thick)]);
        });
        strip(mesh, top, under, 0.012, () => swatch('lip'));
    });
}

// Three strokes on each cheek, of no size at rest.
function blush(mesh, side, amount) {
    for (let k = 0; k < 3; k++) {
        const x = side * (0.50 + 0.075 * k);
        const y = -0.415 + 0.012 * k;
        const [top, under] = [[], []];
        for (let i = 0; i <= 4; i++) {
            const t = (i / 4) * 2 - 1;
            const thick = 0.010 * (1 - t * t * 0.8) * amount;
            top.push([x + 0.022 * t * amount - thick, y + 0.040 * t * amount]);
            under.push([x + 0.022 * t * amount + thick, y + 0.040 * t * amount]);
        }
        strip(mesh, top, under, 0.010, () => swatch('blush'));
    }
}

export function buildFace(p) {
    const mesh = new Mesh();
    skin(mesh, p);
    eye(mesh, 1, p.left, p.iris);
    eye(mesh, -1, p.right, p.iris);
    brow(mesh, 1, p.brow);
    brow(mesh, -1, p.brow);
    mouth(mesh, p.mouth);
    blush(mesh, 1, p.blush);
    blush(mesh, -1, p.blush);
    return mesh;
}

const both = (e) => ({ left: { ...eyeAtRest, ...e }, right: { ...eyeAtRest, ...e } });
const pose = ({ eyes = {}, iris = {}, brow: b = {}, mouth: m = {}, blush: c = 0 }) => ({
    ...both(eyes),
    iris: { ...REST.iris, ...iris },
    brow: { ...REST.brow, ...b },
    mouth: { ...REST.mouth, ...m },
    blush: c,
});
const shutEye = { ...eyeAtRest, close: 1 };

// Under the names of VRM 1.0.
export const EXPRESSIONS = {
    happy: pose({
        eyes: { raise: 0.55, wide: 0.1 }, brow: { y: 0.055, bend: 0.03 },
        mouth: { half: 0.175, smile: 0.075, up: 0.0, low: 0.155, power: 2.4, teeth: 0.9 }, blush: 0.8,
    }),
    angry: pose({
        eyes: { frown: 1, raise: 0.15 }, iris: { scale: 0.94 }, brow: { y: -0.065, angle: -1.15, bend: -0.03, x: -0.03 },
        mouth: { half: 0.105, smile: -0.075, up: 0.03, low: 0.03, power: 3, teeth: 0.8 },
    }),
    sad: pose({
        eyes: { droop: 1, raise: 0.12 }, iris: { y: -0.02 }, brow: { y: 0.0, angle: 1.15, bend: -0.03, x: -0.035 },
        mouth: { half: 0.085, smile: -0.065, low: 0.012 },
    }),
    relaxed: pose({
        eyes: { close: 1, arc: 0.95 }, brow: { y: 0.03, bend: 0.03, angle: 0.1 },
        mouth: { half: 0.135, smile: 0.06, cat: 0.9 }, blush: 1,
    }),
    surprised: pose({
        eyes: { wide: 1.5 }, iris: { scale: 0.78 }, brow: { y: 0.105, bend: 0.045 },
        mouth: { half: 0.07, smile: 0, up: 0.055, low: 0.105, power: 2 },
    }),
    aa: pose({ mouth: { half: 0.135, smile: 0.02, up: 0.03, low: 0.185, power: 2.2, teeth: 0.5 } }),
    ih: pose({ mouth: { half: 0.150, smile: 0.04, up: 0.02, low: 0.065, power: 3, teeth: 0.9 } }),
    ou: pose({ mouth: { half: 0.055, smile: 0, up: 0.035, low: 0.055 } }),
    ee: pose({ mouth: { half: 0.145, smile: 0.03, up: 0.02, low: 0.11, power: 2.6, teeth: 0.8 } }),
    oh: pose({ mouth: { half: 0.080, smile: 0, up: 0.05, low: 0.13, power: 2 } }),
    blinkLeft: { ...REST, left: shutEye },
    blinkRight: { ...REST, right: shutEye },
    lookUp: pose({ iris: { y: 0.075 } }),
    lookDown: pose({ iris: { y: -0.07 }, eyes: { droop: 0.15, frown: 0.15 } }),
    lookLeft: pose({ iris: { x: 0.07 } }),
    lookRight: pose({ iris: { x: -0.07 } }),
};
