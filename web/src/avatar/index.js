// The avatar on the page: a canvas, a VRM, and the one face of the companion.
//
//     const avatar = createAvatar(canvas, {url: '/assets/avatar.vrm', lang: 'fr'});
//     link.on('face', avatar.setFace);  link.on('say', avatar.say);
//     await avatar.loadFile(file);      // a .vrm of one's own; throws an Error for people to read
//
// Without WebGL a picture stands in, and the rest does nothing.
import { buildBody } from './body.js';
import { createMotion } from './motion.js';
import { forgetOwn, keepOwn, loadOwn } from './store.js';
import { AvatarError, say as word } from './words.js';
import { View } from './view.js';
import { LIMITS } from './inspect.js';

const PICTURE = '/assets/avatar.webp';

// A picture in the canvas's place; the canvas stays for when WebGL comes back.
function createPicture(canvas, lang) {
    const picture = document.createElement('img');
    picture.src = PICTURE;
    picture.alt = word(lang, 'avatar');
    picture.className = 'avatar-picture';
    picture.hidden = true;
    picture.style.cssText = 'width:100%;height:100%;object-fit:contain;object-position:bottom';
    canvas.after(picture);
    return (shown) => {
        picture.hidden = !shown;
        picture.title = shown ? word(lang, 'no_webgl') : '';
        picture.style.display = shown ? 'block' : 'none';
        canvas.style.display = shown ? 'none' : '';
    };
}

export function createAvatar(canvas, {
    url = '/assets/avatar.vrm', lang = 'en', reducedMotion = false, fps = 60, zoom = 1, detail = 0, random = Math.random,
    own = true, onError = () => {},
} = {}) {
    const motion = createMotion({ random, reduced: reducedMotion });
    const showPicture = createPicture(canvas, lang);
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', word(lang, 'avatar'));
    let view = null;
    let body = null;
    let name = null;
    let turn = 0; // of loading: the last one asked for wins
    let isClosed = false;
    let isLinked = false; // the link says the words, so speak() is not needed

    try {
        view = new View(canvas, {
            fps, zoom, detail,
            onFrame: (dtS) => body.show(motion.step(dtS, body.isOld), dtS),
            onLost: () => showPicture(true),
            onBack: () => showPicture(false),
        });
    } catch {
        showPicture(true);
    }

    // The old one stays until the new one stands.
    async function loadBytes(bytes, called) {
        const mine = ++turn;
        if (view === null) {
            return false;
        }
        const made = await buildBody(bytes, lang);
        if (mine !== turn || isClosed) {
            made.dispose();
            return false;
        }
        view.setBody(made);
        body = made;
        name = called;
        return true;
    }

    async function loadUrl(from = url) {
        let bytes;
        try {
            const answer = await fetch(from);
            if (!answer.ok) {
                throw new Error(String(answer.status));
            }
            bytes = await answer.arrayBuffer();
        } catch {
            throw new AvatarError(lang, 'unreachable');
        }
        return loadBytes(bytes, from);
    }

    async function loadFile(file) {
        if (file.size > LIMITS.bytes) { // before it is read
            throw new AvatarError(lang, 'too_big', Math.ceil(file.size / 1e6), Math.floor(LIMITS.bytes / 1e6));
        }
        const bytes = await file.arrayBuffer();
        const copy = bytes.slice(0); // the loader takes its own
        if (await loadBytes(bytes, file.name)) {
            await keepOwn({ name: file.name, bytes: copy });
        }
    }

    async function loadFirst() {
        const kept = own ? await loadOwn() : undefined;
        if (kept?.bytes instanceof ArrayBuffer) {
            try {
                await loadBytes(kept.bytes, kept.name);
                return;
            } catch (error) {
                onError(error);
            }
        }
        await loadUrl();
    }

    const ready = loadFirst().catch((error) => {
        onError(error);
        if (body === null) {
            showPicture(true);
        }
    });

    return {
        ready, // the first avatar stands, or can't
        setFace: (face) => motion.setFace(face),
        // A "say" of the link: the words, as they come; `over`: that was all.
        say({ text, over }) {
            isLinked = true;
            if (typeof text === 'string' && text !== '') {
                motion.speak(text);
            }
            if (over) {
                motion.speechOver();
            }
        },
        // For a page without the link's words.
        speak(text) {
            if (!isLinked) {
                motion.speak(text);
            }
        },
        thinking: (value) => motion.thinking(value),
        loadFile,
        loadUrl,
        // Back to the project's own.
        async reset() {
            await forgetOwn();
            await loadUrl();
        },
        stats: () => ({
            name,
            version: body?.facts.version ?? null,
            frames: view?.nFrames ?? 0,
            ratio: view?.ratio ?? 0,
            calls: view?.renderer?.info.render.calls ?? 0,
            triangles: view?.renderer?.info.render.triangles ?? 0,
            geometries: view?.renderer?.info.memory.geometries ?? 0,
            textures: view?.renderer?.info.memory.textures ?? 0,
            speaking: motion.isSpeaking,
        }),
        dispose() {
            isClosed = true;
            view?.dispose();
            view = null;
        },
    };
}
