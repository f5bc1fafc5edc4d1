// /overlay: the avatar alone, for a stream's picture (OBS: a browser source). docs/overlay.md says
// what its address can carry.
import { createAvatar } from './avatar/index.js';
import { connect, giveKey, on, subscribe } from './link.js';

const FPS = 30;
const SCALES = [0.25, 4];
const DETAILS = [0.25, 2];
// The end of a long reply is shown; whole words, so many characters at most.
const TEXT_MAX = 300;
const STAYS_MS = 6000;
const FADES_MS = 300;

const query = new URLSearchParams(location.search);
const lang = query.get('lang') ?? navigator.language;
document.documentElement.lang = lang.startsWith('fr') ? 'fr' : 'en';

function numberOf(name, [low, high], fallback) {
    const value = Number.parseFloat(query.get(name) ?? '');
    return Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : fallback;
}

const background = query.get('bg') ?? 'transparent';
// "bg=00ff00" too: a # in an address would begin the fragment.
const colour = /^([0-9a-f]{3}|[0-9a-f]{6})$/i.test(background) ? `#${background}` : background;
if (CSS.supports('color', colour)) {
    document.body.style.background = colour;
}

const avatar = createAvatar(document.getElementById('avatar'), {
    lang, fps: FPS, zoom: numberOf('scale', SCALES, 1), detail: numberOf('detail', DETAILS, 0),
    reducedMotion: matchMedia('(prefers-reduced-motion: reduce)').matches,
});

const bubble = document.getElementById('bubble');
let text = '';
let isOver = true;
let timer = 0;

function hideSoon(ms) {
    clearTimeout(timer);
    timer = setTimeout(() => {
        bubble.classList.remove('shown');
        timer = setTimeout(() => { bubble.hidden = true; }, FADES_MS);
    }, ms);
}

function showText(piece) {
    text = (isOver ? '' : text) + piece;
    isOver = false;
    if (text.length > TEXT_MAX) {
        const cut = text.slice(-TEXT_MAX);
        text = cut.slice(cut.search(/\s/) + 1);
    }
    const shown = text.trim();
    if (shown === '') {
        return;
    }
    clearTimeout(timer);
    bubble.textContent = shown;
    bubble.hidden = false;
    requestAnimationFrame(() => bubble.classList.add('shown'));
}

on('face', avatar.setFace);
on('say', avatar.say);
if (['1', 'true', 'yes', 'on', ''].includes(query.get('bubble') ?? 'no')) {
    on('say', (said) => {
        if (said.text !== '') {
            showText(said.text);
        }
        if (said.over) {
            isOver = true;
            hideSoon(STAYS_MS);
        }
    });
}
// The key of a server that wants one: after a #, which no server sees and no log keeps.
const key = new URLSearchParams(location.hash.slice(1)).get('key');
on('key', () => {
    if (key !== null && sessionStorage.getItem('key') !== key) {
        giveKey(key);
    }
});
subscribe(['face']);
connect();
globalThis.palabreAvatar = avatar; // for whoever looks with the browser's tools
