#!/usr/bin/env node
// Makes Pal, the project's own avatar:
//
//     node models/avatar/make.mjs models/avatar/palabre.vrm      VRM 1.0, what is shipped
//     node models/avatar/make.mjs --vrm0 /tmp/pal0.vrm           VRM 0.x, for tests
//
// The result is in the public domain (CC0 1.0). No dependencies; the same every time.
import { writeFileSync } from 'node:fs';
import { BONES, buildBody } from './body.mjs';
import { EXPRESSIONS, REST, buildFace, buildSkin } from './face.mjs';
import { HAIR_JOINTS, buildHair } from './hair.mjs';
import { add } from './mesh.mjs';
import { paintAtlas } from './paint.mjs';
import { Buffers, glb, mtoon, vrm0, vrm1 } from './vrm.mjs';

const HEAD = [0, 1.118, 0.004]; // the head's centre, metres
const RADIUS = 0.137;
const toWorld = (p) => add(HEAD, p, RADIUS);
// Positions on a grid of 1/16 mm: the file packs better.
const round = (x) => Math.round(x * 16384) / 16384;

// Only vertices that differ from their neighbours: what several parts give twice is kept once.
function attributes(buffers, mesh, turn) {
    const f32 = (rows) => new Float32Array(rows.flat());
    const position = mesh.position.map((p) => turn(p.map(round)));
    const normal = mesh.normal.map((n) => {
        const r = turn(n).map((x) => Math.round(x * 64) / 64);
        const length = Math.hypot(...r);
        return r.map((x) => x / length);
    });
    const array = 34962;
    return {
        POSITION: buffers.accessor(f32(position), 'VEC3', 5126, { target: array, bounds: true }),
        NORMAL: buffers.accessor(f32(normal), 'VEC3', 5126, { target: array }),
        TEXCOORD_0: buffers.accessor(new Uint16Array(mesh.uv.flat().map((x) => Math.round(x * 65535))), 'VEC2', 5123, { target: array, normalized: true }),
    };
}

function skinned(buffers, mesh, joints) {
    const index = new Uint8Array(mesh.size * 4);
    const weight = new Uint8Array(mesh.size * 4);
    mesh.joint.forEach((list, i) => {
        const used = list.filter(([, w]) => w > 0.002).sort((a, b) => b[1] - a[1]).slice(0, 4);
        const total = used.reduce((sum, [, w]) => sum + w, 0);
        const parts = used.map(([, w]) => Math.round((w / total) * 255));
        parts[0] += 255 - parts.reduce((a, b) => a + b, 0);
        used.forEach(([name], k) => {
            index[i * 4 + k] = parts[k] > 0 ? joints.indexOf(name) : 0;
            weight[i * 4 + k] = parts[k];
        });
    });
    const accessor = (data, normalized) => buffers.accessor(data, 'VEC4', 5121, { target: 34962, normalized });
    return { JOINTS_0: accessor(index, false), WEIGHTS_0: accessor(weight, true) };
}

function make(old) {
    // VRM 0.x models look to -z: turned half around.
    const turn = old ? ([x, y, z]) => [-x, y, -z] : (p) => p;
    const nodes = [];
    const places = {};
    const number = {};
    const node = (name, parent, place) => {
        number[name] = nodes.length;
        places[name] = place;
        const at = turn(parent === null ? place : add(place, places[parent], -1));
        nodes.push({ name, translation: at.map(round) });
        if (parent !== null) {
            (nodes[number[parent]].children ??= []).push(number[name]);
        }
    };
    BONES.forEach(([name, parent, place]) => node(name, parent, place));
    const springs = [];
    const chain = (name, parts, feel) => {
        let parent = 'head';
        for (const part of parts) {
            node(part, parent, toWorld(HAIR_JOINTS[part][0]));
            parent = part;
        }
        node(`${name}Tip`, parent, toWorld(HAIR_JOINTS[parts.at(-1)][1]));
        springs.push([name, [...parts, `${name}Tip`].map((part) => number[part]), feel]);
    };
    chain('hairLeft', ['hairLeft'], { stiffness: 1.6, dragForce: 0.5 });
    chain('hairRight', ['hairRight'], { stiffness: 1.6, dragForce: 0.5 });
    chain('hairBack', ['hairBack'], { stiffness: 2.2, dragForce: 0.55 });
    chain('curl', ['curl', 'curlEnd'], { stiffness: 0.75, dragForce: 0.22 });
    const joints = Object.keys(number);

    const buffers = new Buffers();
    const indices = (mesh) => buffers.accessor(new Uint16Array(mesh.index), 'SCALAR', 5123, { target: 34963 });

    const face = buildFace(REST).smoothNormals().map(toWorld);
    const headPlace = places.head;
    face.map((p) => add(p, headPlace, -1));
    const targets = Object.keys(EXPRESSIONS);
    const morphs = targets.map((name) => {
        const moved = buildFace(EXPRESSIONS[name]).map(toWorld).map((p) => add(p, headPlace, -1));
        return buffers.sparse(moved.position.map((p, i) => {
            const delta = turn(p.map((x, k) => round(x) - round(face.position[i][k])));
            return Math.hypot(...delta) < 1e-4 ? [0, 0, 0] : delta;
        }));
    });
    const faceMesh = {
        name: 'face', extras: { targetNames: targets }, weights: targets.map(() => 0),
        primitives: [{
            attributes: attributes(buffers, face, turn), indices: indices(face), material: 1,
            targets: morphs.map((POSITION) => ({ POSITION })), extras: { targetNames: targets },
        }],
    };
    nodes.push({ name: 'face', mesh: 0 });
    const faceNode = nodes.length - 1;
    nodes[number.head].children.push(faceNode);

    const body = buildHair().append(buildSkin()).map(toWorld).append(buildBody());
    const bodyMesh = {
        name: 'body',
        primitives: [{ attributes: { ...attributes(buffers, body, turn), ...skinned(buffers, body, joints) }, indices: indices(body), material: 0 }],
    };
    const inverse = new Float32Array(joints.flatMap((name) => {
        const [x, y, z] = turn(places[name].map(round)).map((v) => -v);
        return [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1];
    }));
    const skin = { joints: joints.map((name) => number[name]), inverseBindMatrices: buffers.accessor(inverse, 'MAT4', 5126), skeleton: number.hips };
    nodes.push({ name: 'body', mesh: 1, skin: 0 });
    const bodyNode = nodes.length - 1;

    const images = [0, 1].map((side) => ({ name: side ? 'shade' : 'light', mimeType: 'image/png', bufferView: buffers.view(paintAtlas(side)) }));
    const model = {
        bones: Object.fromEntries(BONES.map(([name]) => [name, number[name]])),
        face: faceNode, faceMesh: 0, body: bodyNode, meshes: [faceNode, bodyNode], targets, springs,
        eyes: [0, 0.105, 0.09], atlas: [0, 1],
        colliders: [[number.head, add(toWorld([0, 0, -0.02]), headPlace, -1), RADIUS * 0.92], [number.chest, [0, 0.12, 0], 0.07]],
    };
    const extensions = old ? vrm0(model) : vrm1(model);
    // The body has an outline; the face's parts are drawn lines already.
    const material = (name, outlined) => ({
        name, alphaMode: 'OPAQUE', doubleSided: false,
        pbrMetallicRoughness: { baseColorFactor: [1, 1, 1, 1], baseColorTexture: { index: 0 }, metallicFactor: 0, roughnessFactor: 0.9 },
        extensions: { KHR_materials_unlit: {}, ...(!old && { VRMC_materials_mtoon: mtoon(model.atlas, outlined) }) },
    });
    const json = {
        asset: { version: '2.0', generator: 'palabre models/avatar/make.mjs', copyright: 'CC0 1.0' },
        extensionsUsed: ['KHR_materials_unlit', ...Object.keys(extensions), ...(old ? [] : ['VRMC_materials_mtoon'])],
        scene: 0,
        scenes: [{ nodes: [number.hips, bodyNode] }],
        nodes,
        meshes: [faceMesh, bodyMesh],
        skins: [skin],
        materials: [material('Pal', true), material('Pal face', false)],
        textures: images.map((_, source) => ({ source, sampler: 0 })),
        images,
        samplers: [{ magFilter: 9729, minFilter: 9987, wrapS: 33071, wrapT: 33071 }],
        extensions,
        accessors: buffers.accessors,
        bufferViews: buffers.views,
        buffers: [{ byteLength: buffers.length }],
    };
    return glb(json, Buffer.concat(buffers.parts));
}

const args = process.argv.slice(2);
const old = args[0] === '--vrm0';
const path = args[old ? 1 : 0];
if (!path) {
    console.error('usage: make.mjs [--vrm0] FILE');
    process.exit(2);
}
const bytes = make(old);
writeFileSync(path, bytes);
console.log(`${path}: ${bytes.length} bytes`);
