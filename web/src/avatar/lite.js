// Toon shading for machines that draw without a graphics card: two textures, one light, worked out at
// the corners. It looks like MToon's plain part and takes a third of its time there. What it leaves
// out: rim light, matcaps, emission, and expressions that change a material.
import { BackSide, Color, FrontSide, NoColorSpace, ShaderMaterial, Texture, Vector3 } from 'three';

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

// Throws where there is no WebGL.
export function drawsInSoftware() {
    const gl = document.createElement('canvas').getContext('webgl2');
    if (gl === null) {
        throw new Error('no WebGL');
    }
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const name = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return SOFTWARE.test(String(name));
}

const vertexShader = `
#include <common>
#include <morphtarget_pars_vertex>
#include <skinning_pars_vertex>
uniform mat3 place;
uniform vec3 light;
uniform vec2 toon;
varying vec2 at;
varying float lit;
void main() {
    at = (place * vec3(uv, 1.0)).xy;
    #include <beginnormal_vertex>
    #include <morphnormal_vertex>
    #include <skinbase_vertex>
    #include <skinnormal_vertex>
    lit = (dot(normalize(mat3(modelMatrix) * objectNormal), light) + toon.x) * toon.y + 0.5;
    #include <begin_vertex>
    #include <morphtarget_vertex>
    #include <skinning_vertex>
    #ifdef OUTLINE
    transformed += normalize(objectNormal) * OUTLINE;
    #endif
    #include <project_vertex>
}`;

const fragmentShader = `
uniform sampler2D map;
uniform sampler2D shadeMap;
uniform vec4 colour;
uniform vec3 shade;
varying vec2 at;
varying float lit;
void main() {
    #ifdef OUTLINE
    gl_FragColor = colour;
    #else
    vec4 here = texture2D(map, at);
    #ifdef CUT
    if (here.a < CUT) discard;
    #endif
    float k = clamp(lit, 0.0, 1.0);
    // What is wholly in the light needs one texture.
    vec3 tone = here.rgb * colour.rgb;
    if (k < 1.0) tone = mix(texture2D(shadeMap, at).rgb * shade, tone, k);
    gl_FragColor = vec4(tone, CLEAR);
    #endif
}`;

const LIGHT = new Vector3(0.5, 0.9, 1.2).normalize();
let plain = null; // one white texel

function white() {
    if (plain === null) {
        plain = new Texture({ data: new Uint8Array([255, 255, 255, 255]), width: 1, height: 1 });
        plain.isDataTexture = true;
        plain.needsUpdate = true;
    }
    return plain;
}

// Colours stay as they are stored: no conversion for each point.
const srgb = (colour) => new Color().copy(colour).convertLinearToSRGB();
function asStored(texture) {
    if (texture) {
        texture.colorSpace = NoColorSpace;
        texture.needsUpdate = true;
    }
    return texture ?? white();
}

function replace(old) {
    const outline = old.isOutline === true;
    const base = srgb(outline ? old.outlineColorFactor : old.color);
    const soft = Math.max(0.02, 1 - old.shadingToonyFactor);
    const made = new ShaderMaterial({
        vertexShader, fragmentShader, glslVersion: null,
        side: outline ? BackSide : old.side ?? FrontSide,
        transparent: old.transparent, depthWrite: old.depthWrite, depthTest: old.depthTest,
        defines: {
            ...(outline && { OUTLINE: Math.max(1e-6, old.outlineWidthFactor).toFixed(6) }),
            ...(old.alphaTest > 0 && !outline && { CUT: old.alphaTest.toFixed(3) }),
            CLEAR: old.transparent ? 'here.a * colour.a' : '1.0',
        },
        uniforms: {
            map: { value: asStored(old.map) },
            shadeMap: { value: asStored(old.shadeMultiplyTexture ?? old.map) },
            place: { value: (old.map ?? white()).matrix },
            colour: { value: [base.r, base.g, base.b, outline ? 1 : old.opacity] },
            shade: { value: srgb(old.shadeColorFactor) },
            light: { value: LIGHT },
            toon: { value: [old.shadingShiftFactor, 0.5 / soft] },
        },
    });
    made.name = old.name;
    return made;
}

// Before the first frame: every MToon material of the scene for one of these.
export function lighten(scene) {
    const made = new Map();
    const one = (old) => {
        if (old?.isMToonMaterial !== true) {
            return old;
        }
        if (!made.has(old)) {
            made.set(old, replace(old));
        }
        return made.get(old);
    };
    scene.traverse((object) => {
        if (object.isMesh) {
            object.material = Array.isArray(object.material) ? object.material.map(one) : one(object.material);
        }
    });
    for (const old of made.keys()) {
        old.dispose();
    }
}
