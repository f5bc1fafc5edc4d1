// Reads the PNGs that Chromium writes (8 bits, RGB or RGBA, not interlaced): {width, height, at(x, y)}.
import { inflateSync } from 'node:zlib';

export function readPng(bytes) {
    let data = [];
    let head = null;
    for (let at = 8; at < bytes.length;) {
        const length = bytes.readUInt32BE(at);
        const type = bytes.toString('latin1', at + 4, at + 8);
        const body = bytes.subarray(at + 8, at + 8 + length);
        if (type === 'IHDR') {
            head = { width: body.readUInt32BE(0), height: body.readUInt32BE(4), n: body[9] === 6 ? 4 : 3 };
        } else if (type === 'IDAT') {
            data.push(body);
        }
        at += 12 + length;
    }
    const { width, height, n } = head;
    const stride = width * n;
    const raw = inflateSync(Buffer.concat(data));
    const pixels = Buffer.alloc(height * stride);
    for (let y = 0; y < height; y++) {
        const filter = raw[y * (stride + 1)];
        for (let i = 0; i < stride; i++) {
            const left = i >= n ? pixels[y * stride + i - n] : 0;
            const up = y > 0 ? pixels[(y - 1) * stride + i] : 0;
            const corner = i >= n && y > 0 ? pixels[(y - 1) * stride + i - n] : 0;
            const p = left + up - corner;
            const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
            const paeth = a <= b && a <= c ? left : b <= c ? up : corner;
            const guess = [0, left, up, (left + up) >> 1, paeth][filter];
            pixels[y * stride + i] = raw[y * (stride + 1) + 1 + i] + guess;
        }
    }
    return {
        width,
        height,
        at: (x, y) => [...pixels.subarray((y * width + x) * n, (y * width + x) * n + 3), n === 4 ? pixels[(y * width + x) * 4 + 3] : 255],
    };
}

// How many pixels of a box (parts of the width and height: [left, top, right, bottom]) differ.
export function differing(one, other, [left, top, right, bottom] = [0, 0, 1, 1], by = 40) {
    let n = 0;
    for (let y = Math.floor(top * one.height); y < bottom * one.height; y++) {
        for (let x = Math.floor(left * one.width); x < right * one.width; x++) {
            const [a, b] = [one.at(x, y), other.at(x, y)];
            n += Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]) > by ? 1 : 0;
        }
    }
    return n;
}
