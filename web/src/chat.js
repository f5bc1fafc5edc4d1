// The conversation: lines and answers, as they come. A piece of text is one appendData() on one text
// node; nothing else on the page is touched by it.
import { $, h, icon, setText } from './dom.js';
import { language, onLanguage, t, tError } from './i18n.js';
import { on, send } from './link.js';
import * as stage from './stage.js';

// Exchanges on the page; the program keeps as many.
const EXCHANGES_MAX = 200;
// So near to the end one is taken to be reading along.
const NEAR_END_PX = 80;
const COPY = 'M9 9h10v10H9zM5 15V5h10';
const RETRY = 'M19 12a7 7 0 1 1-2.2-5.1M19 3.5V7h-3.5';

const exchanges = new Map(); // by turn: see add()
let companion = 'Palabre';
let lastRef = 0;
const pending = new Map(); // by ref: texts that were sent and not taken yet

const running = () => [...exchanges.values()].filter((one) => one.end === null);

// Scrolling. The end is followed once a frame, and only by those who are there.
let follows = true;
let isFollowing = false;

function isNearEnd() {
    const scroll = $('scroll');
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
}

function followEnd() {
    if (!follows || isFollowing) {
        return;
    }
    isFollowing = true;
    requestAnimationFrame(() => {
        isFollowing = false;
        $('scroll').scrollTop = $('scroll').scrollHeight;
    });
}

// One line and its answer.

function action(name, path, act) {
    return h('button', { class: 'tool small', type: 'button', 'data-label': name, 'aria-label': t(name), title: t(name), onclick: act }, icon(path));
}

async function copy(text, button) {
    await navigator.clipboard.writeText(text);
    button.title = t('copied');
    button.classList.add('did');
    setTimeout(() => {
        button.title = t('copy');
        button.classList.remove('did');
    }, 1500);
}

function time(at_s) {
    const at = new Date(at_s * 1000);
    return h('time', { datetime: at.toISOString() },
        at.toLocaleTimeString(language(), { hour: '2-digit', minute: '2-digit' }));
}

function add(turn, line, at_s, reply = '') {
    const text = document.createTextNode(reply);
    const state = h('span', { class: 'state' });
    const answer = h('div', { class: 'bubble', 'aria-busy': 'true' }, text);
    const exchange = { turn, line, text, answer, state, end: null, at_s, items: [] };
    const copyButton = action('copy', COPY, () => copy(text.data, copyButton));
    exchange.items = [
        h('li', { class: 'item mine' }, h('p', { class: 'who' }, h('b', { 'data-t': 'you' }, t('you')), time(at_s)),
            h('div', { class: 'bubble' }, line)),
        h('li', { class: 'item theirs' }, h('p', { class: 'who' }, h('b', { class: 'companion' }, companion), state), answer,
            h('p', { class: 'acts' }, copyButton, action('retry', RETRY, retry))),
    ];
    exchanges.set(turn, exchange);
    $('log').append(...exchange.items);
    if (exchanges.size > EXCHANGES_MAX) {
        remove(exchanges.keys().next().value);
    }
    return exchange;
}

function remove(turn) {
    exchanges.get(turn)?.items.forEach((item) => item.remove());
    exchanges.delete(turn);
    refresh();
}

function retry() {
    if (running().length === 0) {
        follows = true;
        send({ type: 'retry' });
    }
}

// What stands beside the companion's name once it has ended.
function describe(exchange) {
    const { type, finish, code, message } = exchange.end;
    const note = type === 'cancelled' ? t('stopped') : finish === 'length' ? t('cut') : finish === 'deadline' ? t('late') : '';
    setText(exchange.state, note);
    exchange.items[1].classList.toggle('failed', type === 'failed');
    if (type === 'failed') {
        let why = exchange.items[1].querySelector('.why');
        if (why === null) {
            why = h('p', { class: 'why' });
            exchange.answer.after(why);
        }
        setText(why, tError(code, message));
    }
}

function end(exchange, how) {
    exchange.end = how;
    exchange.answer.removeAttribute('aria-busy');
    exchange.items[1].classList.remove('live');
    describe(exchange);
}

// What depends on all of it: the last answer's button, the stop button, the line below.
function refresh() {
    const all = [...exchanges.values()];
    const [now] = running();
    all.forEach((one, i) => one.items[1].classList.toggle('last', i === all.length - 1));
    $('empty').hidden = all.length > 0;
    // One place for both: while an answer runs, it stops, unless there is something to send.
    $('send').hidden = now !== undefined && $('line').value.trim() === '';
    $('stop').hidden = !$('send').hidden;
    setText($('status'), now === undefined ? ''
        : now.text.length > 0 ? t('writing', companion)
            : now.isTaken ? t('thinking', companion) : t('waiting_turn'));
}

// Saying.

function say() {
    const text = $('line').value.trim();
    if (text === '') {
        return;
    }
    const ref = `${++lastRef}`;
    if (!send({ type: 'say', text, ref })) {
        setText($('status'), t('err_lost'));
        return;
    }
    pending.set(ref, text);
    $('line').value = '';
    grow();
    follows = true;
    stage.thinking(true);
    refresh();
}

function stop() {
    for (const { turn } of running()) {
        send({ type: 'stop', turn });
    }
}

// As many rows as the text has, up to the style sheet's maximum.
function grow() {
    const line = $('line');
    line.style.height = 'auto';
    line.style.height = `${line.scrollHeight}px`;
}

// What the program tells.

on('line', (message) => {
    pending.delete(message.ref);
    const exchange = add(message.turn, message.text, message.at_s);
    exchange.items[1].classList.add('live');
    refresh();
    followEnd();
});

on('started', ({ turn }) => {
    const exchange = exchanges.get(turn);
    if (exchange !== undefined) {
        exchange.isTaken = true;
        stage.thinking(true);
        refresh();
    }
});

on('piece', ({ turn, text }) => {
    const exchange = exchanges.get(turn);
    if (exchange === undefined) {
        return;
    }
    const isFirst = exchange.text.length === 0;
    exchange.text.appendData(text);
    stage.speak(text);
    if (isFirst) {
        refresh();
    }
    followEnd();
});

for (const type of ['done', 'failed', 'cancelled']) {
    on(type, (message) => {
        const exchange = exchanges.get(message.turn);
        if (exchange !== undefined) {
            end(exchange, message);
            stage.thinking(false);
            refresh();
            followEnd();
        }
    });
}

on('taken_back', ({ turn }) => remove(turn));

on('forgotten', () => {
    [...exchanges.values()].filter((one) => one.end !== null).forEach((one) => remove(one.turn));
    refresh();
});

on('history', ({ exchanges: list }) => {
    $('log').replaceChildren();
    exchanges.clear();
    for (const { turn, line, reply, at_s, state, code } of list) {
        const exchange = add(turn, line, at_s, reply);
        if (state === 'live') {
            exchange.items[1].classList.add('live');
        } else {
            end(exchange, { type: state, code, message: '' });
        }
    }
    follows = true;
    refresh();
    followEnd();
});

on('error', ({ of, ref, code, message }) => {
    if (of === 'say' && pending.has(ref)) {
        // Not lost: back where it can be sent again.
        $('line').value = pending.get(ref);
        pending.delete(ref);
        grow();
        stage.thinking(false);
    }
    if (of === 'say' || of === 'retry') {
        refresh();
        setText($('status'), tError(code, message));
    }
});

on('lost', () => stage.thinking(false));

export function setCompanion(name) {
    companion = name;
    setText($('empty-hello'), t('hello', name));
    document.querySelectorAll('.companion').forEach((one) => setText(one, name));
}

export function start() {
    $('say').addEventListener('submit', (event) => {
        event.preventDefault();
        say();
    });
    $('line').addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            say();
        }
    });
    $('line').addEventListener('input', () => {
        grow();
        refresh();
    });
    $('stop').addEventListener('click', () => {
        stop();
        $('line').focus();
    });
    document.addEventListener('keydown', (event) => {
        if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) {
            stop();
        }
    });
    $('scroll').addEventListener('scroll', () => { follows = isNearEnd(); }, { passive: true });
    new ResizeObserver(followEnd).observe($('scroll'));
    onLanguage(() => {
        setCompanion(companion);
        [...exchanges.values()].filter((one) => one.end !== null).forEach(describe);
        refresh();
    });
}
