// The head's surface: a sphere with cheeks, a small chin and a nose. Everything on the face is drawn
// on it in two dimensions (x, y, in head radii, from the front) and lifted by place().
import { add, cross, norm, smooth } from './mesh.mjs';

const narrowing = (y) => 1 - 0.19 * smooth(-0.35, -1.0, y) - 0.03 * smooth(0.2, 1, y);
const nose = (x, y) => 0.055 * Math.exp(-((x / 0.075) ** 2) - (((y + 0.33) / 0.085) ** 2));

// From a point of the unit sphere.
export function fromSphere([x, y, z]) {
    const down = y < 0 ? y * 1.02 : y;
    const jaw = 0.13 * smooth(-0.25, -0.95, y) * smooth(-0.2, 0.5, z);
    const front = z > 0 ? z * 0.93 + jaw + nose(x, y) : z;
    return [x * narrowing(y), down, front];
}

export function toSphere(x, y) {
    const up = y < 0 ? y / 1.02 : y;
    const across = x / narrowing(up);
    return [across, up, Math.sqrt(Math.max(0, 1 - across * across - up * up))];
}

// The place of (x, y) on the face, `lift` above the surface (negative: behind it).
export function place(x, y, lift = 0) {
    const p = fromSphere(toSphere(x, y));
    return lift ? add(p, normalAt(x, y), lift) : p;
}

// Of the surface without its nose: toon shading wants no spot there.
export function normalAt(x, y) {
    const flat = (a, b) => {
        const p = fromSphere(toSphere(a, b));
        return [p[0], p[1], p[2] - nose(toSphere(a, b)[0], toSphere(a, b)[1])];
    };
    const e = 1e-3;
    const dx = add(flat(x + e, y), flat(x - e, y), -1);
    const dy = add(flat(x, y + e), flat(x, y - e), -1);
    return norm(cross(dx, dy));
}
