// Pal's hair: a cap, a bob behind, locks in front, a curl on top, and a clip that is a word balloon.
import { Mesh, add, grid, lerp, lock, norm, smooth } from './mesh.mjs';
import { inRegion, swatch } from './paint.mjs';

const rad = Math.PI / 180;
const CENTRE = [0, 0, -0.04];

// A point above the head: degrees from the front towards the left, degrees up, head radii.
function at(turn, up, r) {
    const c = Math.cos(up * rad);
    return add(CENTRE, [r * c * Math.sin(turn * rad) * 1.0, r * Math.sin(up * rad), r * c * Math.cos(turn * rad)]);
}
const out = (p) => norm(add(p, CENTRE, -1));
const hairUv = (u, v) => inRegion('hair', u, v);

// The bob: from the crown down all around but the face; an outer side and an inner one.
function bob() {
    const columns = 43;
    const surface = (inside, rows) => grid(rows, columns, (i, j) => {
        const s = inside ? lerp(0.35, 1, i / (rows - 1)) : i / (rows - 1);
        const turn = lerp(-62, -298, j / (columns - 1)); // by the right, behind, to the left
        const back = smooth(62, 150, Math.abs(turn + 180) < 118 ? 180 - Math.abs(turn + 180) : 62);
        const points = Math.abs(Math.sin((j / (columns - 1)) * Math.PI * 6.5));
        const end = lerp(-0.86, -0.97, back) - 0.13 * points;
        // Down the side of the skull, then straight with a belly, then in at the end.
        const angle = lerp(89, -8, Math.min(1, s / 0.62)) * rad;
        const below = smooth(0.62, 1, s) * (s > 0.62 ? 1 : 0);
        const y = s <= 0.62 ? Math.sin(angle) * 1.11 : lerp(Math.sin(-8 * rad) * 1.11, end, (s - 0.62) / 0.38);
        const belly = s <= 0.62 ? Math.cos(angle) * 1.11
            : 1.10 + 0.07 * Math.sin(((s - 0.62) / 0.38) * Math.PI * 0.75) - 0.16 * below * below;
        const edge = Math.min(1, Math.min(j, columns - 1 - j) / 2, rows - 1 - i); // both sides meet there
        const r = belly * (inside ? 1 - 0.07 * edge : 1) * (1 + 0.018 * points * s);
        const p = add(CENTRE, [Math.sin(turn * rad) * r, inside ? y - 0.05 * edge * (1 - s) : y, Math.cos(turn * rad) * r]);
        const sway = smooth(0.6, 1, s);
        const joint = sway > 0 ? [['head', 1 - sway], ['hairBack', sway]] : [['head', 1]];
        const u = 0.5 + 0.5 * Math.sin(j * 1.1);
        return { position: p, uv: inside ? inRegion('inner', u, s) : hairUv(u, lerp(0.05, 0.98, s)), joint };
    });
    const outer = surface(false, 11);
    const inner = surface(true, 5);
    for (let i = 0; i < inner.index.length; i += 3) {
        [inner.index[i + 1], inner.index[i + 2]] = [inner.index[i + 2], inner.index[i + 1]];
    }
    return [outer, inner];
}

// The cap over the forehead, under the fringe.
function cap() {
    return grid(6, 13, (i, j) => {
        const turn = lerp(75, -75, j / 12);
        const up = lerp(90, lerp(36, 5, smooth(30, 75, Math.abs(turn))), i / 5);
        return {
            position: at(turn, up, lerp(1.11, 1.045, i / 5)), uv: hairUv(0.5, 0.05 + 0.3 * (i / 5)), joint: [['head', 1]],
        };
    });
}

const rootTurn = (turn) => turn * 0.55;

// A lock of the fringe, from near the crown to [turn, up] at its tip.
function fringe({ turn, tip, width, thick = 0.07, lean = 0, r = 1.12, joint = 'head' }) {
    return lock({
        points: [
            at(rootTurn(turn), 78, 1.05), at(lerp(rootTurn(turn), turn, 0.6), 58, r + 0.035),
            at(turn + 0.2 * lean, lerp(58, tip, 0.4), r + 0.04), at(turn + 0.55 * lean, lerp(58, tip, 0.72), r + 0.01),
            at(turn + lean, tip, r - 0.04),
        ],
        width: (t) => width * (0.62 + 0.38 * smooth(0, 0.4, t)) * Math.max(0, 1 - t ** 2.2) + 0.001,
        thick: (t) => thick * (1 - t) + 0.001,
        out, uv: (u, v) => hairUv(u, v), rows: 8, across: 3,
        joint: (t) => (joint === 'head' ? [['head', 1]] : [['head', 1 - smooth(0.45, 1, t)], [joint, smooth(0.45, 1, t)]]),
    });
}

// A long lock beside the face.
function sideLock(side) {
    const name = side > 0 ? 'hairLeft' : 'hairRight';
    const point = (x, y, z) => [side * x, y, z];
    return lock({
        points: [
            point(0.30, 1.00, 0.22), point(0.66, 0.82, 0.50), point(0.93, 0.38, 0.50), point(1.03, -0.10, 0.42),
            point(1.02, -0.55, 0.42), point(0.95, -0.90, 0.47), point(0.80, -1.17, 0.55),
        ],
        width: (t) => 0.19 * (0.5 + 0.5 * smooth(0, 0.25, t)) * Math.max(0, 1 - t ** 2.6) + 0.001,
        thick: (t) => 0.085 * (1 - t ** 2) + 0.001,
        out, uv: (u, v) => hairUv(u, v), rows: 12, across: 3,
        joint: (t) => [['head', 1 - smooth(0.45, 1, t)], [name, smooth(0.45, 1, t)]],
    });
}

// The curl that answers every move of the head.
function curl() {
    const joint = (t) => {
        const far = smooth(0.45, 1, t);
        const near = smooth(0.05, 0.45, t);
        return [['head', 1 - near], ['curl', near * (1 - far)], ['curlEnd', near * far]];
    };
    const one = (points, width) => lock({
        points, width: (t) => width * Math.sin(Math.PI * Math.min(1, 0.28 + 0.72 * t)) ** 0.8 + 0.002,
        thick: (t) => 0.035 * (1 - t) + 0.004, out: () => [0, 0, 1], uv: (u, v) => hairUv(u, 0.3 + 0.7 * v), rows: 9, across: 3, joint,
    });
    return [
        one([[0, 1.04, 0.02], [-0.05, 1.22, 0.05], [-0.01, 1.38, 0.06], [0.14, 1.44, 0.05], [0.27, 1.36, 0.04]], 0.075),
        one([[-0.02, 1.05, 0.0], [-0.12, 1.17, 0.02], [-0.22, 1.21, 0.03], [-0.31, 1.16, 0.03]], 0.05),
    ];
}

// A word balloon with three dots, on the fringe at the character's left.
function clip() {
    const mesh = new Mesh();
    const centre = at(41, 36, 1.235);
    const normal = out(centre);
    const x = norm([normal[2], 0, -normal[0]]);
    const y = norm([
        normal[1] * x[2] - normal[2] * x[1], normal[2] * x[0] - normal[0] * x[2], normal[0] * x[1] - normal[1] * x[0],
    ]);
    const turn = -0.22;
    const [c, s] = [Math.cos(turn), Math.sin(turn)];
    const put = (a, b, lift) => add(add(add(centre, x, a * c - b * s), y, a * s + b * c), normal, lift);
    const border = [];
    for (let i = 0; i < 40; i++) {
        const a = (i / 40) * 2 * Math.PI;
        const k = (v, n) => Math.sign(v) * Math.abs(v) ** n;
        border.push([0.185 * k(Math.cos(a), 0.6), 0.125 * k(Math.sin(a), 0.6)]);
    }
    border[27] = [-0.06, -0.125];
    border[28] = [-0.105, -0.205]; // the tail
    border[29] = [0.005, -0.125];
    [border[27], border[29]] = [[-0.115, -0.118], [-0.02, -0.125]];
    const ring = (k, lift) => border.map(([a, b]) => mesh.vertex(put(a * k, b * k, lift), swatch('clip'), null, [['head', 1]]));
    const rings = [ring(1, -0.05), ring(1, 0.015), ring(0.9, 0.035)];
    const middle = mesh.vertex(put(0, 0, 0.04), swatch('clip'), null, [['head', 1]]);
    border.forEach((_, i) => {
        const j = (i + 1) % border.length;
        mesh.quad(rings[0][i], rings[0][j], rings[1][j], rings[1][i]);
        mesh.quad(rings[1][i], rings[1][j], rings[2][j], rings[2][i]);
        mesh.triangle(middle, rings[2][i], rings[2][j]);
    });
    for (const dx of [-0.088, 0, 0.088]) {
        const dot = mesh.vertex(put(dx, 0, 0.052), swatch('dot'), normal, [['head', 1]]);
        for (let i = 0; i < 12; i++) {
            const a = (i / 6) * Math.PI;
            mesh.vertex(put(dx + 0.03 * Math.cos(a), 0.03 * Math.sin(a), 0.052), swatch('dot'), normal, [['head', 1]]);
        }
        for (let i = 0; i < 12; i++) {
            mesh.triangle(dot, dot + 1 + i, dot + 1 + ((i + 1) % 12));
        }
    }
    return mesh;
}

export function buildHair() {
    const mesh = new Mesh();
    // From the front to the back: what is hidden is not painted first.
    const parts = [
        fringe({ turn: 53, tip: -6, width: 0.27, lean: 5, r: 1.12 }),
        fringe({ turn: -53, tip: -6, width: 0.27, lean: -5, r: 1.12 }),
        fringe({ turn: 1, tip: 15, width: 0.20, lean: -2, r: 1.105 }),
        fringe({ turn: 29, tip: 7, width: 0.28, lean: 12, r: 1.14 }),
        fringe({ turn: -30, tip: 6, width: 0.28, lean: -12, r: 1.14 }),
        fringe({ turn: 11, tip: 12, width: 0.23, lean: 8, r: 1.155 }),
        fringe({ turn: -11, tip: 8, width: 0.25, lean: 9, r: 1.17 }),
        clip(), sideLock(1), sideLock(-1), ...curl(), cap(), ...bob(),
    ];
    for (const part of parts) {
        mesh.append(part.smoothNormals());
    }
    return mesh;
}

// Where the joints of the hair are, in head radii.
export const HAIR_JOINTS = {
    hairLeft: [[0.93, 0.1, 0.38], [0.80, -0.9, 0.5]],
    hairRight: [[-0.93, 0.1, 0.38], [-0.80, -0.9, 0.5]],
    hairBack: [[0, -0.2, -1.0], [0, -0.95, -0.9]],
    curl: [[0, 1.06, 0.02], [-0.02, 1.33, 0.06]],
    curlEnd: [[-0.02, 1.33, 0.06], [0.27, 1.36, 0.04]],
};
