// The page: puts its parts together, and holds what belongs to none of them: views, theme, language,
// the line that says how the link is, the starter model's notice.
import { $, setText } from './dom.js';
import * as chat from './chat.js';
import { bytes, number, onLanguage, t, tError, toggleLanguage, translate } from './i18n.js';
import { connect, giveKey, on, send, subscribe } from './link.js';
import * as settings from './settings.js';
import * as stage from './stage.js';

const TOPICS = ['chat', 'state', 'face'];
let state = null;
let board = null;

// Views.

async function openView(name) {
    for (const one of ['chat', 'board']) {
        const isOn = one === name;
        $(`view-${one}`).hidden = !isOn;
        $(`tab-${one}`).setAttribute('aria-selected', isOn);
        $(`tab-${one}`).tabIndex = isOn ? 0 : -1;
    }
    history.replaceState(null, '', name === 'chat' ? ' ' : `#${name}`);
    if (name === 'board') {
        if (board === null) {
            board = await import('./dashboard.js');
            board.start(state);
            subscribe([...TOPICS, 'feed', 'metrics', 'room']);
        }
        board.show();
    }
}

function startTabs() {
    const tabs = ['chat', 'board'];
    tabs.forEach((name, i) => {
        $(`tab-${name}`).addEventListener('click', () => openView(name));
        $(`tab-${name}`).addEventListener('keydown', (event) => {
            if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
                const next = tabs[(i + 1) % tabs.length];
                void openView(next);
                $(`tab-${next}`).focus();
            }
        });
    });
}

function startTheme() {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const apply = () => {
        document.documentElement.dataset.theme = localStorage.getItem('theme') ?? (dark.matches ? 'dark' : 'light');
    };
    $('theme').addEventListener('click', () => {
        localStorage.setItem('theme', document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
        apply();
    });
    dark.addEventListener('change', apply);
    apply();
}

// How the link and the engine are.

function showLink() {
    const [look, text] = state === null ? ['wait', t('connecting')]
        : state.isLost ? ['bad', t('lost')]
            : state.engine === 'failed' ? ['bad', state.failure ?? t('engine_failed')]
                : state.engine === 'loading' ? ['wait', t('engine_loading', number(state.progress * 100))]
                    : state.engine !== 'ready' ? ['wait', t(`engine_${state.engine}`)]
                        : state.paused ? ['wait', t('paused')] : ['good', `${state.model} · ${t('ready')}`];
    $('link').className = `link ${look}`;
    $('link').title = text;
    setText($('link-text'), text);
}

// The starter model's notice, and how a download goes.

let wasCancelled = false;

function describeDownload({ name, stage: at, done_bytes: done, total_bytes: total, code, message }) {
    switch (at) {
    case 'running': return t('pull_running', name, bytes(done), bytes(total));
    case 'failed': return code === 'cancelled' || wasCancelled ? t('pull_cancelled', name) : t('pull_failed', name, tError('other', message));
    default: return t(`pull_${at}`, name);
    }
}

function showStarter() {
    const { starter, can_pull: canPull, download } = state;
    $('starter').hidden = !starter || !canPull || sessionStorage.getItem('starter') === 'closed';
    const isRunning = download !== null && download.stage !== 'done' && download.stage !== 'failed';
    $('pull-go').hidden = isRunning;
    $('pull-stop').hidden = !isRunning;
    $('pull-name').disabled = isRunning;
    setText($('pull-text'), download === null ? '' : describeDownload(download));
    $('pull-bar').classList.toggle('on', isRunning);
    if (download !== null && download.total_bytes > 0) {
        $('pull-bar').value = download.done_bytes / download.total_bytes;
    } else {
        $('pull-bar').removeAttribute('value');
    }
}

function startStarter() {
    $('pull').addEventListener('submit', (event) => {
        event.preventDefault();
        wasCancelled = false;
        send({ type: 'pull', name: $('pull-name').value.trim() });
    });
    $('pull-stop').addEventListener('click', () => {
        wasCancelled = true;
        send({ type: 'cancel_pull' });
    });
    $('starter-close').addEventListener('click', () => {
        sessionStorage.setItem('starter', 'closed');
        showStarter();
        $('line').focus();
    });
    on('error', ({ of, code, message }) => {
        if (of === 'pull') {
            setText($('pull-text'), tError(code, message));
        }
    });
}

function startKey() {
    on('key', () => $('key').showModal());
    $('key-form').addEventListener('submit', () => giveKey($('key-text').value));
}

on('state', (message) => {
    state = message;
    document.title = state.name;
    chat.setCompanion(state.name);
    showLink();
    showStarter();
});

on('lost', () => {
    if (state !== null) {
        state.isLost = true;
    }
    showLink();
});

translate();
startTheme();
startTabs();
startStarter();
startKey();
settings.start();
chat.start();
$('lang').addEventListener('click', toggleLanguage);
const nameLanguage = () => {
    const isFrench = document.documentElement.lang === 'fr';
    setText($('lang'), isFrench ? 'EN' : 'FR');
    $('lang').lang = isFrench ? 'en' : 'fr';
    $('lang').setAttribute('aria-label', t('language'));
};
nameLanguage();
onLanguage(() => {
    nameLanguage();
    showLink();
    if (state !== null) {
        showStarter();
    }
});
subscribe(TOPICS);
connect();
if (location.hash === '#board') {
    void openView('board');
}
// After the conversation stands: three.js is most of what the page weighs.
void stage.start().catch(() => $('stage').classList.add('none'));
