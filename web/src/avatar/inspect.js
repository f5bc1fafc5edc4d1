// Looks into a .vrm file before anything is built from it: is it one, and is it of a size that a
// page can draw? Pure.
import { AvatarError } from './words.js';

export const LIMITS = {
    bytes: 64 * 1024 * 1024,
    vertices: 500_000,
    morphed: 24_000_000, // vertices times targets
    textures: 64,
    texturePixels: 4096, // a side
};
const JSON_BYTES_MAX = 16 * 1024 * 1024;
const MEGA = 1_000_000;

function readJson(bytes, lang) {
    const view = new DataView(bytes);
    const broken = (what) => new AvatarError(lang, 'broken', what);
    if (bytes.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67) {
        throw new AvatarError(lang, 'not_vrm');
    }
    if (view.getUint32(4, true) !== 2 || view.getUint32(8, true) > bytes.byteLength) {
        throw broken('glTF');
    }
    const length = view.getUint32(12, true);
    if (view.getUint32(16, true) !== 0x4e4f534a || length > JSON_BYTES_MAX || 20 + length > bytes.byteLength) {
        throw broken('JSON');
    }
    try {
        const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(bytes, 20, length)));
        if (typeof json === 'object' && json !== null) {
            return { json, binaryAt: 20 + length + 8 };
        }
    } catch {
        // said below
    }
    throw broken('JSON');
}

// [width, height] of a PNG, JPEG or WebP; null: it will be refused by the decoder, or is small.
export function imageSize(view) {
    if (view.byteLength > 24 && view.getUint32(0) === 0x89504e47) {
        return [view.getUint32(16), view.getUint32(20)];
    }
    if (view.byteLength > 30 && view.getUint32(0) === 0x52494646 && view.getUint32(12) === 0x56503858) {
        const u24 = (at) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536 + 1;
        return [u24(24), u24(27)];
    }
    if (view.byteLength > 4 && view.getUint16(0) === 0xffd8) {
        for (let at = 2; at + 9 < view.byteLength;) {
            const marker = view.getUint16(at);
            if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) {
                return [view.getUint16(at + 7), view.getUint16(at + 5)];
            }
            at += 2 + view.getUint16(at + 2);
        }
    }
    return null;
}

const array = (value) => (Array.isArray(value) ? value : []);

function checkMeshes(json, lang) {
    let vertices = 0;
    let morphed = 0;
    const seen = new Set();
    for (const mesh of array(json.meshes)) {
        for (const primitive of array(mesh?.primitives)) {
            const position = primitive?.attributes?.POSITION;
            const count = Number(json.accessors?.[position]?.count) || 0;
            if (!seen.has(position)) {
                seen.add(position);
                vertices += count;
                morphed += count * array(primitive.targets).length;
            }
        }
    }
    if (vertices > LIMITS.vertices) {
        throw new AvatarError(lang, 'too_many_vertices', vertices, LIMITS.vertices);
    }
    if (morphed > LIMITS.morphed) {
        throw new AvatarError(lang, 'too_many_morphs');
    }
    return vertices;
}

function checkImages(bytes, json, binaryAt, lang) {
    const images = array(json.images);
    if (images.length > LIMITS.textures) {
        throw new AvatarError(lang, 'too_many_textures', images.length, LIMITS.textures);
    }
    for (const image of images) {
        const part = json.bufferViews?.[image?.bufferView];
        const from = binaryAt + (Number(part?.byteOffset) || 0);
        const length = Number(part?.byteLength) || 0;
        if (from + length > bytes.byteLength) {
            throw new AvatarError(lang, 'broken', 'image');
        }
        const size = imageSize(new DataView(bytes, from, length));
        if (size !== null && Math.max(...size) > LIMITS.texturePixels) {
            throw new AvatarError(lang, 'texture_too_big', Math.max(...size), LIMITS.texturePixels);
        }
    }
}

// Throws an AvatarError; else {version: '0' or '1', vertices}.
export function inspect(bytes, lang) {
    if (bytes.byteLength > LIMITS.bytes) {
        throw new AvatarError(lang, 'too_big', Math.ceil(bytes.byteLength / MEGA), Math.floor(LIMITS.bytes / MEGA));
    }
    const { json, binaryAt } = readJson(bytes, lang);
    const isNew = json.extensions?.VRMC_vrm !== undefined;
    if (!isNew && json.extensions?.VRM === undefined) {
        throw new AvatarError(lang, 'not_vrm');
    }
    // Nothing is ever fetched on a file's word.
    if ([...array(json.buffers), ...array(json.images)].some((one) => one?.uri !== undefined)) {
        throw new AvatarError(lang, 'outside');
    }
    const vertices = checkMeshes(json, lang);
    checkImages(bytes, json, binaryAt, lang);
    return { version: isNew ? '1' : '0', vertices };
}
