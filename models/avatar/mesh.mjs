// Meshes as plain arrays, and the few curves and surfaces that Pal is made of. Units: whatever the
// caller uses; y is up, +z is where the face looks, +x is the character's left.

export const lerp = (a, b, t) => a + (b - a) * t;
export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
export const smooth = (from, to, x) => {
    const t = clamp((x - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
};
export const add = (a, b, k = 1) => [a[0] + b[0] * k, a[1] + b[1] * k, a[2] + b[2] * k];
export const mul = (a, k) => [a[0] * k, a[1] * k, a[2] * k];
export const cross = (a, b) => [
    a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
];
export const norm = (a) => {
    const length = Math.hypot(a[0], a[1], a[2]);
    return length > 1e-9 ? mul(a, 1 / length) : [0, 0, 1];
};

export class Mesh {
    constructor() {
        this.position = []; // [x, y, z] each
        this.normal = []; // missing ones are computed by smoothNormals()
        this.uv = [];
        this.joint = []; // [[joint name, weight], ...] each; empty for a rigid mesh
        this.index = [];
    }

    get size() {
        return this.position.length;
    }

    vertex(position, uv, normal = null, joint = null) {
        this.position.push(position);
        this.uv.push(uv);
        this.normal.push(normal);
        this.joint.push(joint);
        return this.size - 1;
    }

    triangle(a, b, c) {
        this.index.push(a, b, c);
    }

    quad(a, b, c, d) {
        this.index.push(a, b, c, a, c, d);
    }

    append(other) {
        const base = this.size;
        for (const key of ['position', 'normal', 'uv', 'joint']) {
            this[key].push(...other[key]);
        }
        this.index.push(...other.index.map((i) => i + base));
        return this;
    }

    map(move) {
        this.position = this.position.map(move);
        return this;
    }

    // Area-weighted normals where none were given; vertices at the same place share one.
    smoothNormals() {
        const sums = new Map();
        const key = (p) => p.map((x) => Math.round(x * 1e5)).join();
        for (let i = 0; i < this.index.length; i += 3) {
            const [a, b, c] = [0, 1, 2].map((k) => this.position[this.index[i + k]]);
            const n = cross(add(b, a, -1), add(c, a, -1));
            for (const p of [a, b, c]) {
                const k = key(p);
                sums.set(k, add(sums.get(k) ?? [0, 0, 0], n));
            }
        }
        this.normal = this.normal.map((n, i) => n ?? norm(sums.get(key(this.position[i])) ?? [0, 0, 1]));
        return this;
    }
}

// A grid of rows by columns: `at(i, j)` gives {position, uv, normal?, joint?}. Faces look to where
// rows x columns turn right-handed; `flip` turns them around.
export function grid(rows, columns, at, { closed = false, flip = false } = {}) {
    const mesh = new Mesh();
    for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
            const v = at(i, j);
            mesh.vertex(v.position, v.uv, v.normal ?? null, v.joint ?? null);
        }
    }
    for (let i = 0; i + 1 < rows; i++) {
        for (let j = 0; j < (closed ? columns : columns - 1); j++) {
            const next = (j + 1) % columns;
            const corners = [i * columns + j, i * columns + next, (i + 1) * columns + next, (i + 1) * columns + j];
            mesh.quad(...(flip ? corners.reverse() : corners));
        }
    }
    return mesh;
}

// Catmull-Rom through the points, at t from 0 to 1.
export function spline(points, t) {
    const n = points.length - 1;
    const i = Math.min(n - 1, Math.floor(t * n));
    const f = t * n - i;
    const p = [-1, 0, 1, 2].map((k) => points[clamp(i + k, 0, n)]);
    return p[1].map((_, axis) => {
        const [a, b, c, d] = p.map((q) => q[axis]);
        return 0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f * f
            + (3 * b - a - 3 * c + d) * f * f * f);
    });
}

// A lock of hair: a lens-shaped section swept along a spline. `out(p)` is the direction away from
// the head; width and thick are functions of t.
export function lock({ points, width, thick, out, uv, joint, rows = 10, across = 6, roll = 0 }) {
    const around = 2 * across;
    const mesh = grid(rows + 1, around, (i, j) => {
        const t = i / rows;
        const p = spline(points, t);
        const ahead = spline(points, Math.min(1, t + 0.02));
        const behind = spline(points, Math.max(0, t - 0.02));
        const tangent = norm(add(ahead, behind, -1));
        let side = norm(cross(tangent, out(p)));
        let face = norm(cross(side, tangent));
        if (roll) {
            const [c, s] = [Math.cos(roll), Math.sin(roll)];
            [side, face] = [add(mul(side, c), face, s), add(mul(face, c), side, -s)];
        }
        const a = (j / around) * 2 * Math.PI;
        const x = Math.cos(a);
        const lift = Math.sin(a) > 0 ? Math.sin(a) : 0.5 * Math.sin(a);
        return {
            position: add(add(p, side, x * width(t)), face, lift * thick(t)),
            uv: uv((x + 1) / 2, t),
            joint: joint ? joint(t) : null,
        };
    }, { closed: true, flip: true });
    return mesh;
}

// A tube with round ends along a spline.
export function tube({ points, radius, uv, joint, rows = 8, around = 10, up = [0, 0, 1] }) {
    const total = rows + 4;
    return grid(total + 1, around, (i, j) => {
        const cap = i < 2 ? 1 - i / 2 : i > total - 2 ? 1 - (total - i) / 2 : 0;
        const t = clamp((i - 2) / rows, 0, 1);
        const p = spline(points, t);
        const tangent = norm(add(spline(points, Math.min(1, t + 0.02)), spline(points, Math.max(0, t - 0.02)), -1));
        const side = norm(cross(tangent, up));
        const face = norm(cross(side, tangent));
        const a = (j / around) * 2 * Math.PI;
        const r = radius(t) * Math.cos(cap * Math.PI / 2);
        const end = radius(t) * Math.sin(cap * Math.PI / 2) * (i < 2 ? -1 : 1);
        const around3 = add(mul(side, Math.cos(a) * r), face, Math.sin(a) * r);
        return { position: add(add(p, around3), tangent, end), uv: uv(j / around, t), joint: joint ? joint(t) : null };
    }, { closed: true, flip: true });
}

// Delaunay triangulation in the plane (Bowyer and Watson), counter-clockwise, for a few thousand
// points. Deterministic.
export function delaunay(points) {
    const far = 1e3;
    const all = [...points, [-far, -far], [far, -far], [0, far]];
    const n = points.length;
    const circle = (a, b, c) => {
        const [ax, ay] = all[a];
        const [bx, by] = [all[b][0] - ax, all[b][1] - ay];
        const [cx, cy] = [all[c][0] - ax, all[c][1] - ay];
        const d = 2 * (bx * cy - by * cx);
        const ux = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / d;
        const uy = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / d;
        return { a, b, c, x: ax + ux, y: ay + uy, r: ux * ux + uy * uy };
    };
    let triangles = [circle(n, n + 1, n + 2)];
    for (let i = 0; i < n; i++) {
        const [x, y] = all[i];
        const edges = new Map();
        const kept = [];
        for (const t of triangles) {
            if ((t.x - x) ** 2 + (t.y - y) ** 2 >= t.r * (1 + 1e-12)) {
                kept.push(t);
                continue;
            }
            for (const [p, q] of [[t.a, t.b], [t.b, t.c], [t.c, t.a]]) {
                if (!edges.delete(`${q},${p}`)) {
                    edges.set(`${p},${q}`, [p, q]);
                }
            }
        }
        for (const [p, q] of edges.values()) {
            kept.push(circle(p, q, i));
        }
        triangles = kept;
    }
    return triangles.filter((t) => t.a < n && t.b < n && t.c < n).map((t) => [t.a, t.b, t.c]);
}
