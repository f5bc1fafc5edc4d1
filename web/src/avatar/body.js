// One VRM, of either version, in the shape that motion.js speaks of: expressions, gaze, head, breath.
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { VRMLoaderPlugin, VRMUtils } from '@pixiv/three-vrm';
import { Box3, LoadingManager, Vector3 } from 'three';
import { inspect } from './inspect.js';
import { AvatarError } from './words.js';

const RADIANS = Math.PI / 180;
const NECK_SHARE = 0.4;
// From a T-pose to arms that hang, in radians.
const ARM_DOWN = 1.22;
const LOWER_ARM = 0.18;
// How high the head and hair are, in metres: what frames the picture.
const HEAD_HEIGHT = [0.18, 0.42];

// Nothing is fetched on a file's word; a blob is where the loader keeps a texture.
function blobsOnly() {
    const manager = new LoadingManager();
    manager.setURLModifier((url) => {
        if (!url.startsWith('blob:')) {
            throw new Error('outside');
        }
        return url;
    });
    return manager;
}

export async function buildBody(bytes, lang) {
    const facts = inspect(bytes, lang);
    const loader = new GLTFLoader(blobsOnly());
    loader.register((parser) => new VRMLoaderPlugin(parser));
    let gltf;
    try {
        gltf = await loader.parseAsync(bytes, '');
    } catch (error) {
        throw new AvatarError(lang, 'broken', String(error?.message ?? error).slice(0, 120));
    }
    const vrm = gltf.userData.vrm;
    if (vrm === undefined) {
        VRMUtils.deepDispose(gltf.scene);
        throw new AvatarError(lang, 'not_vrm');
    }
    return new Body(vrm, facts);
}

class Body {
    constructor(vrm, facts) {
        this.vrm = vrm;
        this.facts = facts;
        this.isOld = facts.version === '0';
        this.scene = vrm.scene;
        VRMUtils.rotateVRM0(vrm);
        vrm.scene.traverse((object) => { object.frustumCulled = false; });
        if (vrm.lookAt) {
            vrm.lookAt.autoUpdate = false;
        }
        // Names without regard to letter case: "Surprised" in one file is "surprised" in another.
        this.expressions = new Map((vrm.expressionManager?.expressions ?? [])
            .map((one) => [one.expressionName.toLowerCase(), one.expressionName]));
        this.shown = new Set();
        this.bone = (name) => vrm.humanoid.getNormalizedBoneNode(name);
        // A VRM 0.x skeleton looks the other way, so two of its axes are turned.
        this.turned = this.isOld ? -1 : 1;
        this.#hangArms();
        vrm.update(0);
        this.#measure();
        vrm.springBoneManager?.reset();
    }

    #hangArms() {
        for (const [side, sign] of [['left', -1], ['right', 1]]) {
            const upper = this.bone(`${side}UpperArm`);
            const lower = this.bone(`${side}LowerArm`);
            if (upper && lower) {
                upper.rotation.z = sign * ARM_DOWN * this.turned;
                lower.rotation.z = sign * LOWER_ARM * this.turned;
            }
        }
    }

    // Where the head is and how high it reaches, for the camera.
    #measure() {
        this.scene.updateMatrixWorld(true);
        const head = this.vrm.humanoid.getRawBoneNode('head').getWorldPosition(new Vector3());
        const top = new Box3().setFromObject(this.scene).max.y;
        const [low, high] = HEAD_HEIGHT;
        const height = Math.min(high, Math.max(low, top - head.y));
        this.frame = { x: head.x, y: head.y, z: head.z, height };
    }

    // One frame of motion.js.
    show(pose, dtS) {
        const manager = this.vrm.expressionManager;
        const told = new Set();
        for (const [name, weight] of Object.entries(pose.weights)) {
            const own = this.expressions.get(name.toLowerCase());
            if (own !== undefined) {
                manager.setValue(own, weight);
                told.add(own);
            }
        }
        for (const name of this.shown) {
            if (!told.has(name)) {
                manager.setValue(name, 0);
            }
        }
        this.shown = told;
        const [yaw, pitch, roll] = pose.head;
        this.#turn('neck', yaw, pitch, roll, NECK_SHARE);
        this.#turn('head', yaw, pitch, roll, 1 - NECK_SHARE);
        this.#breathe(pose.breath);
        if (this.vrm.lookAt) {
            this.vrm.lookAt.yaw = pose.eyes[0];
            this.vrm.lookAt.pitch = -pose.eyes[1];
        }
        this.vrm.update(dtS);
    }

    #turn(name, yaw, pitch, roll, share) {
        const bone = this.bone(name);
        if (bone) {
            bone.rotation.set(-pitch * share * RADIANS * this.turned, yaw * share * RADIANS, -roll * share * RADIANS * this.turned, 'YXZ');
        }
    }

    #breathe(breath) {
        const chest = this.bone('chest') ?? this.bone('spine');
        if (chest) {
            chest.rotation.x = -0.014 * breath * this.turned;
        }
        for (const [side, sign] of [['left', 1], ['right', -1]]) {
            const upper = this.bone(`${side}UpperArm`);
            if (upper) {
                upper.rotation.z = -sign * (ARM_DOWN - 0.025 * breath) * this.turned;
            }
        }
    }

    dispose() {
        this.scene.removeFromParent();
        VRMUtils.deepDispose(this.scene);
    }
}
