// How the machine is doing. Every number comes from the text of /metrics; who waits comes from the
// feed; the plan from the program's own plan. Loaded when it is first looked at.
import uPlot from 'uplot';
import { $, h, icon, setText } from './dom.js';
import { bytes, duration, has, number, onLanguage, t } from './i18n.js';
import { on, send } from './link.js';
import { parse, sum } from './metrics.js';
import './room.js';

const SECONDS_MAX = 600;
const TURNS_MAX = 64;
const STOP = 'M7 7h10v10H7z';
const FORGET = 'M5 7h14M10 7V4h4v3m-7 0 1 13h8l1-13';

let values = new Map();
let engine = null;
let plan = null;
const turns = new Map(); // by number: { turn: the newest message, came: when, row }

// Cards.

const CARDS = ['engine', 'first', 'reply', 'wait', 'speed', 'turns', 'threads', 'links'];
const cards = new Map();

function makeCards() {
    for (const name of CARDS) {
        const [title, big, sub] = [h('h2'), h('p', { class: 'big' }), h('p', { class: 'fine' })];
        cards.set(name, { title, big, sub });
        $('cards').append(h('div', { class: 'card', id: `card-${name}` }, title, big, sub));
    }
}

function card(name, big, sub) {
    const { title, big: first, sub: second } = cards.get(name);
    setText(title, t(`card_${name}`));
    setText(first, big);
    setText(second, sub);
}

function quantiles(name, family) {
    const median = values.get(`${family}{quantile="0.5"}`);
    if (median === undefined) {
        card(name, '–', t('no_data'));
        return;
    }
    const p95 = values.get(`${family}{quantile="0.95"}`);
    card(name, duration(median * 1000), `${t('median')} · ${t('p95', duration(p95 * 1000))}`);
}

// Tokens a second of the replies' own time: over the newest turns if there were any, else all.
function speed() {
    const [tokens, seconds] = ['palabre_completion_tokens_total', 'palabre_predict_seconds_total'].map((name) => sum(values, name));
    return seconds > 0 ? tokens / seconds : null;
}

function showCards() {
    if (engine !== null) {
        const state = engine.engine === 'ready' ? t(engine.paused ? 'paused' : 'ready')
            : engine.engine === 'loading' ? t('engine_loading', number(engine.progress * 100)) : t(`engine_${engine.engine}`);
        const facts = engine.facts;
        card('engine', state, facts === undefined ? engine.model
            : [engine.model, facts.quantisation, plan?.name, facts.devices, facts.variant].filter(Boolean).join(' · '));
    }
    quantiles('first', 'palabre_recent_first_token_seconds');
    quantiles('reply', 'palabre_recent_turn_seconds');
    quantiles('wait', 'palabre_recent_wait_seconds');
    const pace = speed();
    card('speed', pace === null ? '–' : t('tok_s', number(pace, pace < 10 ? 1 : 0)),
        t('card_speed_sub', number(sum(values, 'palabre_completion_tokens_total'))));
    const ended = (outcome) => number(sum(values, 'palabre_turns_ended_total', `outcome="${outcome}"`));
    card('turns', ended('done'), t('card_turns_sub', ended('failed'), ended('cancelled')));
    const threads = values.get('palabre_engine_threads');
    const ceiling = values.get('palabre_engine_threads_max');
    const why = ['wanted', 'idle'].find((reason) => values.get(`palabre_engine_pace{reason="${reason}"}`) === 1);
    card('threads', threads === undefined ? '–' : number(threads), [threads < ceiling ? t('of_ceiling', number(ceiling)) : '',
        why !== undefined ? t(`pace_${why}`) : plan === null ? '' : t(`why_${plan.reasons.n_threads}`)].filter(Boolean).join(' · '));
    showLinks();
}

function showLinks() {
    const links = sum(values, 'palabre_avatar_connections');
    const trip = values.get('palabre_avatar_round_trip_seconds{quantile="0.5"}');
    const pages = values.get('palabre_avatar_connections{link="page"}') ?? 0;
    cards.get('links').title.parentElement.hidden = ![...values.keys()].some((key) => key.startsWith('palabre_avatar_connections'));
    card('links', links === 0 ? '–' : number(links), links === 0 ? t('no_links')
        : [t('links_pages', number(pages)), trip === undefined ? '' : t('round_trip', duration(trip * 1000))].filter(Boolean).join(' · '));
}

// Plots: one point a second.

const times = [];
const series = { first50: [], first95: [], wait50: [], wait95: [], speed: [] };
const plots = [];
let before = null;

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function line(label, name, dash) {
    return { label, stroke: () => colour(name), width: 2, dash, points: { show: false }, value: (_, v) => (v === null ? '–' : number(v, 3)) };
}

function makePlot(id, name, lines, data) {
    const place = $(id);
    const axis = { stroke: () => colour('--soft'), grid: { stroke: () => colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    const plot = new uPlot({
        width: place.clientWidth || 300,
        height: 170,
        padding: [8, 8, 0, 0],
        cursor: { y: false },
        scales: { y: { range: (_, min, max) => [0, Math.max(max ?? 0, 0.1) * 1.1] } },
        axes: [{ ...axis, values: (_, list) => list.map((s) => new Date(s * 1000).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })) },
            { ...axis, size: 44, values: (_, list) => list.map((v) => number(v, list.at(-1) < 1 ? 2 : list.at(-1) < 10 ? 1 : 0)) }],
        series: [{ value: () => '' }, ...lines],
    }, data(), place);
    plot.ctx.canvas.setAttribute('role', 'img');
    plot.ctx.canvas.setAttribute('aria-label', name);
    new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 170 })).observe(place);
    plots.push({ plot, data });
}

function makePlots() {
    plots.splice(0).forEach(({ plot }) => plot.destroy());
    makePlot('plot-wait', t('plot_wait'), [
        line(`${t('first_token')} p50`, '--plot-1'), line(`${t('first_token')} p95`, '--plot-1', [5, 4]),
        line(`${t('queue_wait')} p50`, '--plot-2'), line(`${t('queue_wait')} p95`, '--plot-2', [5, 4]),
    ], () => [times, series.first50, series.first95, series.wait50, series.wait95]);
    makePlot('plot-speed', t('plot_speed'), [line(t('card_speed'), '--plot-3')], () => [times, series.speed]);
}

function addPoint() {
    const value = (family, q) => values.get(`palabre_recent_${family}_seconds{quantile="${q}"}`) ?? null;
    const now = { tokens: sum(values, 'palabre_completion_tokens_total'), at: Date.now() / 1000 };
    times.push(now.at);
    series.first50.push(value('first_token', '0.5'));
    series.first95.push(value('first_token', '0.95'));
    series.wait50.push(value('wait', '0.5'));
    series.wait95.push(value('wait', '0.95'));
    series.speed.push(before === null ? null : Math.max(0, (now.tokens - before.tokens) / (now.at - before.at)));
    before = now;
    if (times.length > SECONDS_MAX) {
        times.shift();
        Object.values(series).forEach((list) => list.shift());
    }
    if (!$('view-board').hidden) {
        plots.forEach(({ plot, data }) => plot.setData(data()));
    }
}

// Who waits.

function makeRow(id) {
    const cell = (fields = {}) => h('td', fields);
    const button = (name, path, act) => h('button', { class: 'tool small', type: 'button', 'data-label': name, 'aria-label': t(name), title: t(name), onclick: act }, icon(path));
    const name = h('b');
    const source = h('span', { class: 'fine' });
    const chip = h('span');
    const row = {
        name, source, chip,
        line: cell({ class: 'line' }),
        waited: cell({ class: 'num' }),
        took: cell({ class: 'num' }),
        stop: button('stop', STOP, () => send({ type: 'stop', turn: id })),
        forget: button('forget', FORGET, () => forget(turns.get(id).turn)),
    };
    const from = cell();
    const is = cell();
    const acts = cell({ class: 'acts' });
    from.append(name, ' ', source);
    is.append(chip);
    acts.append(row.stop, row.forget);
    row.element = h('tr', {}, from, row.line, is, row.waited, row.took, acts);
    return row;
}

function showTurn({ turn, came, row }) {
    const ends = turn.state !== 'waiting' && turn.state !== 'running';
    const since = ends ? 0 : performance.now() - came;
    row.element.className = turn.state;
    row.chip.className = `chip ${turn.state}`;
    // Its own name is as good as "page:" or "twitch:" before it, which stands beside it.
    const name = turn.user.startsWith(`${turn.source}:`) ? turn.user.slice(turn.source.length + 1) : turn.user;
    setText(row.name, name || t('someone'));
    setText(row.source, name === turn.source ? '' : turn.source);
    setText(row.line, turn.line);
    setText(row.chip, t(`state_${turn.state}`));
    setText(row.waited, duration(turn.waited_ms + (turn.state === 'waiting' ? since : 0)));
    setText(row.took, turn.state === 'waiting' ? '' : duration(turn.ran_ms + (turn.state === 'running' ? since : 0)));
    row.stop.hidden = ends;
    row.forget.hidden = !ends || turn.conversation === '';
}

function drop(id) {
    turns.get(id).row.element.remove();
    turns.delete(id);
}

function forget({ conversation }) {
    send({ type: 'forget', conversation });
    [...turns].filter(([, one]) => one.turn.conversation === conversation).forEach(([id]) => drop(id));
    showTurns();
}

let isShowing = false;
// At most once a frame.
function showTurns() {
    if (isShowing || $('view-board').hidden) {
        return;
    }
    isShowing = true;
    requestAnimationFrame(() => {
        isShowing = false;
        turns.forEach(showTurn);
        $('no-turns').hidden = turns.size > 0;
    });
}

// Memory and plan.

function showMemory() {
    const parts = [];
    for (const [name, owner] of [['gpu_weights', 'card_weights'], ['gpu_kv', 'card_kv'], ['gpu_compute', 'card_compute'],
        ['ram_mapped', 'ram_mapped'], ['ram_repacked', 'ram_repacked'], ['ram_kv', 'ram_kv'],
        ['ram_compute', 'ram_compute'], ['ram_output', 'ram_output']]) {
        parts.push([`mem_${owner}`, plan?.bytes[name] ?? 0]);
    }
    parts.push(['mem_engine', values.get('palabre_memory_bytes{owner="engine"}') ?? 0]);
    parts.push(['mem_front', values.get('palabre_memory_bytes{owner="front"}') ?? 0]);
    const shown = parts.filter(([, value]) => value > 0);
    const max = Math.max(...shown.map(([, value]) => value), 1);
    $('memory').replaceChildren(...shown.map(([name, value]) => h('div', { class: 'owner' },
        h('span', {}, t(name)), h('meter', { min: 0, max, value, 'aria-label': t(name) }), h('span', { class: 'num' }, bytes(value)))),
    h('p', { class: 'fine' }, `${t('mem_free')} : `.replace(' :', document.documentElement.lang === 'fr' ? ' :' : ':'),
        bytes(values.get('palabre_memory_available_bytes') ?? 0)));
}

function showPlan() {
    $('plan-none').hidden = plan !== null;
    if (plan === null) {
        return;
    }
    const say = (value) => (value === true ? t('yes') : value === false ? t('no') : typeof value === 'number' ? number(value) : value);
    const rows = [['profile', plan.name, plan.reasons.n_gpu_layers]];
    for (const [name, why] of Object.entries(plan.reasons)) {
        rows.push([name, plan[name], why]);
    }
    $('plan').replaceChildren(h('tbody', {}, ...rows.filter(([name]) => has(`plan_${name}`)).map(([name, value, why]) => h('tr', {},
        h('th', { scope: 'row' }, t(`plan_${name}`)), h('td', { class: 'num' }, say(value)),
        h('td', { class: 'fine' }, has(`why_${why}`) ? t(`why_${why}`) : why)))));
}

function showPause() {
    const paused = engine?.paused === true;
    $('pause').setAttribute('aria-pressed', paused);
    setText($('pause'), t(paused ? 'resume' : 'pause'));
}

let shownProfile = null;

function showSwitch() {
    const how = engine?.switch;
    if (how === undefined) {
        return;
    }
    const busy = how.stage === 'room' || how.stage === 'loading' || how.stage === 'ending';
    $('switch').hidden = engine.can_switch !== true;
    $('profile').disabled = busy || engine.profile === null;
    $('switch-go').disabled = busy || engine.profile === null;
    $('reload').disabled = busy;
    const text = how.stage === 'room' ? t('switch_room', number(how.progress * 100))
        : how.stage === 'loading' ? t('switch_loading', number(how.progress * 100))
        : how.stage === 'ending' ? t('switch_ending')
            : how.stage === 'failed' ? t('switch_failed', how.message) : '';
    setText($('switch-text'), text);
    if (engine.profile !== null && engine.profile !== shownProfile) {
        shownProfile = engine.profile;
        $('profile').value = engine.profile;
        send({ type: 'plan' });
    }
}

// All that is shown, again: after another language, and when the view is opened.
export function show() {
    showCards();
    showTurns();
    showMemory();
    showPlan();
    showPause();
    showSwitch();
    plots.forEach(({ plot, data }) => plot.setData(data()));
}

on('metrics', ({ text }) => {
    values = parse(text);
    addPoint();
    if (!$('view-board').hidden) {
        showCards();
        showMemory();
        showTurns();
    }
});

on('turn', (turn) => {
    let one = turns.get(turn.turn);
    if (one === undefined) {
        one = { row: makeRow(turn.turn) };
        turns.set(turn.turn, one);
        $('turns').prepend(one.row.element);
        if (turns.size > TURNS_MAX) {
            drop(turns.keys().next().value);
        }
    }
    one.turn = turn;
    one.came = performance.now();
    showTurns();
});

on('state', (message) => {
    engine = message;
    if (!$('view-board').hidden) {
        showCards();
        showPause();
        showSwitch();
    }
});

on('error', ({ of, message }) => {
    if (of === 'switch' || of === 'reload') {
        setText($('switch-text'), message);
    }
});

on('plan', (message) => {
    plan = message.plan;
    show();
});

on('open', () => {
    [...turns.keys()].forEach(drop);
    send({ type: 'plan' });
});

export function start(present) {
    engine = present;
    makeCards();
    makePlots();
    $('pause').addEventListener('click', () => send({ type: 'pause', paused: engine?.paused !== true }));
    $('switch').addEventListener('submit', (event) => {
        event.preventDefault();
        send({ type: 'switch', profile: $('profile').value });
    });
    $('reload').addEventListener('click', () => send({ type: 'reload' }));
    onLanguage(() => {
        makePlots();
        show();
    });
    new MutationObserver(() => plots.forEach(({ plot }) => plot.redraw(false))).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    send({ type: 'plan' });
    show();
}
