// Pal's body, in metres: a neck, a hooded jumper, arms in the T-pose that VRM asks for.
import { Mesh, add, grid, lerp, smooth, tube } from './mesh.mjs';
import { swatch } from './paint.mjs';

// Every bone that VRM requires, and where it is: [name, parent, [x, y, z]].
const side = (s, name) => {
    const Name = name('UpperArm');
    return [
        [name('Shoulder'), 'chest', [s * 0.025, 0.925, 0]],
        [Name, name('Shoulder'), [s * 0.078, 0.918, 0]],
        [name('LowerArm'), Name, [s * 0.20, 0.918, 0]],
        [name('Hand'), name('LowerArm'), [s * 0.315, 0.918, 0]],
        [name('UpperLeg'), 'hips', [s * 0.045, 0.54, 0]],
        [name('LowerLeg'), name('UpperLeg'), [s * 0.045, 0.29, 0]],
        [name('Foot'), name('LowerLeg'), [s * 0.045, 0.05, 0]],
    ];
};
export const BONES = [
    ['hips', null, [0, 0.57, 0]],
    ['spine', 'hips', [0, 0.64, 0]],
    ['chest', 'spine', [0, 0.76, 0]],
    ['neck', 'chest', [0, 0.945, -0.005]],
    ['head', 'neck', [0, 0.995, 0]],
    ...side(1, (part) => `left${part}`),
    ...side(-1, (part) => `right${part}`),
];

const only = (name) => () => [[name, 1]];
const flat = (name) => () => swatch(name);

// Rings of an oval from the hem up to the neck.
function torso() {
    const rows = [ // y, half-width, half-depth, z
        [0.52, 0.000, 0.000, 0], [0.52, 0.098, 0.080, 0], [0.54, 0.104, 0.086, 0], [0.60, 0.100, 0.082, 0],
        [0.70, 0.094, 0.076, 0], [0.80, 0.098, 0.078, 0.002], [0.87, 0.104, 0.076, 0.002],
        [0.915, 0.103, 0.068, 0], [0.940, 0.090, 0.058, -0.002], [0.958, 0.064, 0.048, -0.004],
        [0.970, 0.042, 0.040, -0.004],
    ];
    return grid(rows.length, 24, (i, j) => {
        const a = -(j / 24) * 2 * Math.PI;
        const [y, w, d, z] = rows[i];
        const k = (v) => Math.sign(v) * Math.abs(v) ** 0.85;
        const p = [w * k(Math.cos(a)), y, z + d * k(Math.sin(a))];
        const low = 1 - smooth(0.60, 0.76, y);
        const joint = low > 0 ? [['chest', 1 - low], ['hips', low]] : [['chest', 1]];
        return { position: p, uv: y < 0.565 ? swatch('trim') : swatch('cloth'), joint };
    }, { closed: true });
}

function arm(s) {
    const name = s > 0 ? 'left' : 'right';
    const joint = (t) => {
        const x = lerp(0.062, 0.315, t);
        const upper = smooth(0.055, 0.105, x);
        const lower = smooth(0.175, 0.225, x);
        return [['chest', 1 - upper], [`${name}UpperArm`, upper * (1 - lower)], [`${name}LowerArm`, upper * lower]]
            .filter(([, weight]) => weight > 0);
    };
    const sleeve = tube({
        points: [[s * 0.062, 0.915, 0], [s * 0.12, 0.918, 0], [s * 0.20, 0.918, 0], [s * 0.30, 0.918, 0]],
        radius: (t) => 0.046 + 0.006 * Math.sin(t * Math.PI) - 0.004 * t, uv: flat('cloth'), rows: 5, around: 11, joint,
    });
    const cuff = tube({
        points: [[s * 0.285, 0.918, 0], [s * 0.305, 0.918, 0]],
        radius: () => 0.0455, uv: flat('trim'), rows: 1, around: 12, joint: only(`${name}LowerArm`),
    });
    const hand = tube({
        points: [[s * 0.325, 0.918, 0], [s * 0.365, 0.914, 0.002]],
        radius: () => 0.028, uv: flat('skin'), rows: 2, around: 8, joint: only(`${name}Hand`),
    });
    const thumb = tube({
        points: [[s * 0.330, 0.918, 0.018], [s * 0.350, 0.922, 0.036]],
        radius: () => 0.011, uv: flat('skin'), rows: 2, around: 6, joint: only(`${name}Hand`),
    });
    return [sleeve, cuff, hand, thumb];
}

// A soft ring that lies behind the neck and meets under the chin.
function hood() {
    return [0, 1].map((inside) => grid(22, inside ? 6 : 9, (i, j) => {
        const a = lerp(-0.06, 1.06, i / 21) * 2 * Math.PI + Math.PI / 2; // 0 at the front
        const back = (1 - Math.sin(a)) / 2;
        const b = (j / (inside ? 6 : 9)) * 2 * Math.PI;
        const whole = lerp(0.021, 0.040, back);
        const fat = (inside ? 0.8 : 1) * whole;
        const r = lerp(0.058, 0.080, back) - (inside ? 0.3 * whole + 0.0015 : 0);
        const centre = [r * 1.12 * Math.cos(a), lerp(0.940, 0.972, back) - 0.012 * Math.cos(2 * a) * (1 - back),
            -0.012 + r * Math.sin(a) * 1.0];
        const outwards = [Math.cos(a), 0, Math.sin(a)];
        const p = add(add(centre, outwards, -fat * Math.cos(b)), [0, 1, 0], fat * (back > 0.5 ? 1.05 : 0.95) * Math.sin(b));
        return { position: p, uv: inside ? swatch('trim') : swatch('cloth'), joint: [['chest', 1]] };
    }, { closed: true, flip: true }));
}

function strings() {
    return [1, -1].flatMap((s) => [
        tube({
            points: [[s * 0.022, 0.945, 0.068], [s * 0.028, 0.918, 0.083], [s * 0.030, 0.885, 0.086], [s * 0.031, 0.862, 0.087]],
            radius: () => 0.0046, uv: flat('trim'), rows: 5, around: 5, joint: only('chest'),
        }),
        tube({
            points: [[s * 0.031, 0.862, 0.087], [s * 0.0315, 0.850, 0.087]],
            radius: () => 0.0068, uv: flat('under'), rows: 1, around: 5, joint: only('chest'),
        }),
    ]);
}

function neck() {
    return tube({
        points: [[0, 0.93, -0.006], [0, 0.97, -0.006], [0, 1.02, -0.002]],
        radius: () => 0.036, uv: flat('neck'), rows: 3, around: 12,
        joint: (t) => [['neck', 1 - smooth(0.4, 0.9, t)], ['head', smooth(0.4, 0.9, t)]],
    });
}

export function buildBody() {
    const mesh = new Mesh();
    for (const part of [torso(), ...arm(1), ...arm(-1), ...hood(), ...strings(), neck()]) {
        mesh.append(part.smoothNormals());
    }
    return mesh;
}
