// The avatar's place on the page. Its module is large, so it comes after the conversation stands; a
// page without WebGL stays a page.
import { $, setText } from './dom.js';
import { language, t } from './i18n.js';
import { on } from './link.js';

let avatar = null;

export const thinking = (isThinking) => avatar?.thinking(isThinking);
export const speak = (text) => avatar?.speak(text);

async function load(file) {
    try {
        await avatar.loadFile(file);
        $('drop-hint').hidden = true;
    } catch (error) {
        $('drop-hint').hidden = false;
        setText($('drop-hint'), t('avatar_bad', error.message));
    }
}

function takeDrops() {
    const stage = $('stage');
    for (const type of ['dragenter', 'dragover']) {
        document.addEventListener(type, (event) => {
            event.preventDefault();
            stage.classList.add('drop');
        });
    }
    for (const type of ['dragleave', 'drop']) {
        document.addEventListener(type, (event) => {
            event.preventDefault();
            stage.classList.remove('drop');
        });
    }
    document.addEventListener('drop', (event) => {
        const file = event.dataTransfer.files[0];
        if (file !== undefined) {
            void load(file);
        }
    });
}

export async function start() {
    if (window.palabreWithoutAvatar) {
        return; /* the tests of all that is not the avatar */
    }
    const { createAvatar } = await import('./avatar/index.js');
    avatar = createAvatar($('avatar'), {
        url: '/assets/avatar.vrm',
        lang: language(),
        reducedMotion: matchMedia('(prefers-reduced-motion: reduce)').matches,
    });
    on('face', (face) => avatar.setFace(face));
    on('say', (said) => avatar.say(said));
    takeDrops();
    return avatar;
}
