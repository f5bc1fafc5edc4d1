// Writes a model as a VRM file: binary glTF with the VRM 1.0 extensions, or those of VRM 0.x.

const FLOAT = 5126;
const SIZES = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

// The binary part: views of typed arrays, each aligned to 4 bytes.
export class Buffers {
    constructor() {
        this.parts = [];
        this.length = 0;
        this.views = [];
        this.accessors = [];
    }

    view(bytes, target) {
        const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
        this.views.push({ buffer: 0, byteOffset: this.length, byteLength: bytes.length, ...(target && { target }) });
        this.parts.push(padded);
        this.length += padded.length;
        return this.views.length - 1;
    }

    accessor(array, type, componentType, { target, bounds, normalized } = {}) {
        const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
        const count = array.length / SIZES[type];
        this.accessors.push({
            bufferView: this.view(bytes, target), componentType, count, type,
            ...(normalized && { normalized }), ...(bounds && extent(array)),
        });
        return this.accessors.length - 1;
    }

    // VEC3 that is zero but at a few places.
    sparse(vectors) {
        const at = vectors.flatMap((v, i) => (v.some((x) => x !== 0) ? [i] : []));
        const values = new Float32Array(at.flatMap((i) => vectors[i]));
        const all = new Float32Array(vectors.flat());
        const whole = { componentType: FLOAT, count: vectors.length, type: 'VEC3', ...extent(all) };
        if (at.length > 0) {
            const bytes = (array) => Buffer.from(array.buffer);
            whole.sparse = {
                count: at.length,
                indices: { bufferView: this.view(bytes(new Uint16Array(at))), componentType: 5123 },
                values: { bufferView: this.view(bytes(values)) },
            };
        }
        this.accessors.push(whole);
        return this.accessors.length - 1;
    }
}

function extent(array) {
    const min = [Infinity, Infinity, Infinity];
    const max = [-Infinity, -Infinity, -Infinity];
    for (let i = 0; i < array.length; i++) {
        min[i % 3] = Math.min(min[i % 3], array[i]);
        max[i % 3] = Math.max(max[i % 3], array[i]);
    }
    return { min, max };
}

export function glb(json, binary) {
    const text = Buffer.from(JSON.stringify(json));
    const pad = (bytes, fill) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, fill)]);
    const chunk = (type, bytes) => {
        const head = Buffer.alloc(8);
        head.writeUInt32LE(bytes.length, 0);
        head.write(type, 4, 'latin1');
        return Buffer.concat([head, bytes]);
    };
    const body = Buffer.concat([chunk('JSON', pad(text, 0x20)), chunk('BIN\0', pad(binary, 0))]);
    const head = Buffer.alloc(12);
    head.write('glTF', 0, 'latin1');
    head.writeUInt32LE(2, 4);
    head.writeUInt32LE(12 + body.length, 8);
    return Buffer.concat([head, body]);
}

const LICENSE = 'https://creativecommons.org/publicdomain/zero/1.0/';
const OVERRIDES = { relaxed: { overrideBlink: 'block' }, surprised: { overrideBlink: 'blend' }, happy: { overrideBlink: 'blend' } };

// model: {bones: {name: node}, face: node, targets: [name...], springs: [[name, [node...]]...],
// colliders: [[node, offset, radius]...], atlas: [texture, texture]}.
export function vrm1(model) {
    const bind = (name) => ({ node: model.face, index: model.targets.indexOf(name), weight: 1 });
    const preset = { neutral: {} };
    for (const name of [...model.targets, 'blink']) {
        preset[name] = {
            morphTargetBinds: name === 'blink' ? [bind('blinkLeft'), bind('blinkRight')] : [bind(name)],
            ...OVERRIDES[name],
        };
    }
    const range = (inputMaxValue) => ({ inputMaxValue, outputScale: 1 });
    return {
        VRMC_vrm: {
            specVersion: '1.0',
            meta: {
                name: 'Pal', version: '1', authors: ['Palabre'], copyrightInformation: 'CC0',
                licenseUrl: 'https://vrm.dev/licenses/1.0/', otherLicenseUrl: LICENSE,
                avatarPermission: 'everyone', allowExcessivelyViolentUsage: true, allowExcessivelySexualUsage: false,
                commercialUsage: 'corporation', allowPoliticalOrReligiousUsage: true, allowAntisocialOrHateUsage: false,
                creditNotation: 'unnecessary', allowRedistribution: true, modification: 'allowModificationRedistribution',
            },
            humanoid: { humanBones: Object.fromEntries(Object.entries(model.bones).map(([name, node]) => [name, { node }])) },
            firstPerson: { meshAnnotations: model.meshes.map((node) => ({ node, type: node === model.body ? 'both' : 'auto' })) },
            lookAt: {
                offsetFromHeadBone: model.eyes, type: 'expression',
                rangeMapHorizontalInner: range(30), rangeMapHorizontalOuter: range(30),
                rangeMapVerticalDown: range(25), rangeMapVerticalUp: range(25),
            },
            expressions: { preset },
        },
        VRMC_springBone: {
            specVersion: '1.0',
            colliders: model.colliders.map(([node, offset, radius]) => ({ node, shape: { sphere: { offset, radius } } })),
            colliderGroups: [{ name: 'head', colliders: model.colliders.map((_, i) => i) }],
            springs: model.springs.map(([name, nodes, feel]) => ({
                name, colliderGroups: name.startsWith('curl') ? [] : [0],
                joints: nodes.map((node) => ({ node, hitRadius: 0.008, gravityPower: 0, gravityDir: [0, -1, 0], ...feel })),
            })),
        },
    };
}

export function mtoon(atlas, outlined) {
    return {
        specVersion: '1.0', transparentWithZWrite: false, renderQueueOffsetNumber: 0,
        shadeColorFactor: [1, 1, 1], shadeMultiplyTexture: { index: atlas[1] },
        shadingShiftFactor: -0.12, shadingToonyFactor: 0.94, giEqualizationFactor: 0.9,
        matcapFactor: [0, 0, 0], parametricRimColorFactor: [0, 0, 0], rimLightingMixFactor: 0,
        parametricRimFresnelPowerFactor: 5, parametricRimLiftFactor: 0,
        ...(outlined && {
            outlineWidthMode: 'worldCoordinates', outlineWidthFactor: 0.0013, outlineColorFactor: [0.055, 0.030, 0.075],
            outlineLightingMixFactor: 0,
        }),
        uvAnimationScrollXSpeedFactor: 0, uvAnimationScrollYSpeedFactor: 0, uvAnimationRotationSpeedFactor: 0,
    };
}

const OLD = {
    happy: 'joy', angry: 'angry', sad: 'sorrow', relaxed: 'fun', aa: 'a', ih: 'i', ou: 'u', ee: 'e', oh: 'o',
    blink: 'blink', blinkLeft: 'blink_l', blinkRight: 'blink_r',
    lookUp: 'lookup', lookDown: 'lookdown', lookLeft: 'lookleft', lookRight: 'lookright',
};

// VRM 0.x, for tests: weights are of 100, and the model looks to -z.
export function vrm0(model) {
    const group = (name) => ({
        name: OLD[name] ?? name, presetName: OLD[name] ?? 'unknown', isBinary: false, materialValues: [],
        binds: (name === 'blink' ? ['blinkLeft', 'blinkRight'] : name === 'neutral' ? [] : [name])
            .map((one) => ({ mesh: model.faceMesh, index: model.targets.indexOf(one), weight: 100 })),
    });
    const curve = (xRange, yRange) => ({ curve: [0, 0, 0, 1, 1, 1, 1, 0], xRange, yRange });
    return {
        VRM: {
            exporterVersion: 'palabre', specVersion: '0.0',
            meta: {
                title: 'Pal', version: '1', author: 'Palabre', allowedUserName: 'Everyone',
                violentUssageName: 'Allow', sexualUssageName: 'Disallow', commercialUssageName: 'Allow',
                licenseName: 'CC0', otherLicenseUrl: LICENSE,
            },
            humanoid: { humanBones: Object.entries(model.bones).map(([bone, node]) => ({ bone, node, useDefaultValues: true })) },
            firstPerson: {
                firstPersonBone: model.bones.head, firstPersonBoneOffset: { x: 0, y: 0.06, z: 0 }, meshAnnotations: [],
                lookAtTypeName: 'BlendShape', lookAtHorizontalInner: curve(30, 1), lookAtHorizontalOuter: curve(30, 1),
                lookAtVerticalDown: curve(25, 1), lookAtVerticalUp: curve(25, 1),
            },
            blendShapeMaster: { blendShapeGroups: ['neutral', ...model.targets, 'blink'].map(group) },
            secondaryAnimation: { boneGroups: [], colliderGroups: [] },
            materialProperties: ['Pal', 'Pal face'].map((name, i) => ({
                name, shader: 'VRM/MToon', renderQueue: 2000, floatProperties: {
                    _Cutoff: 0.5, _BlendMode: 0, _CullMode: 2, _ShadeShift: -0.1, _ShadeToony: 0.9, _OutlineWidthMode: i === 0 ? 1 : 0,
                    _OutlineWidth: 0.12, _OutlineColorMode: 0, _ReceiveShadowRate: 1, _IndirectLightIntensity: 0.1,
                },
                vectorProperties: { _Color: [1, 1, 1, 1], _ShadeColor: [1, 1, 1, 1], _OutlineColor: [0.26, 0.19, 0.3, 1] },
                textureProperties: { _MainTex: model.atlas[0], _ShadeTexture: model.atlas[1] },
                keywordMap: { MTOON_OUTLINE_WIDTH_WORLD: true, MTOON_OUTLINE_COLOR_FIXED: true }, tagMap: { RenderType: 'Opaque' },
            })),
        },
    };
}
