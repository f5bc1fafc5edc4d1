// A stream, simulated: hundreds of viewers talk in a stand-in for Twitch's chat, raids come, people
// are banned, the engine crashes, the network breaks, and the real program answers. Afterwards each
// line that asked something of the companion is accounted for, and so is every limit of the platform.
//
//     stream.mjs [--seconds 7200] [--lines 5000] [--viewers 200] [--rate 6] [--seed 1] [--json FILE]
//
// --rate R: the stream's clock runs R times as fast as the wall's, for the stand-in and, by
// clock_rate.so, for the program and its engine: an hour's waits and limits then pass in 60/R
// minutes, and every second below is a second of the stream. Exit status 1 if anything was lost or
// any limit broken.
import { readFileSync, writeFileSync } from 'node:fs';
import { FakeTwitch, TOKEN } from '../e2e/twitch.mjs';
import { metric, startDaemon } from '../e2e/daemon.mjs';

const options = { seconds: 7200, lines: 5000, viewers: 200, rate: 1, seed: 1, json: '', cooldown: 15 };
for (let i = 2; i < process.argv.length; i += 2) {
    const name = process.argv[i].replace(/^--/, '');
    if (!(name in options) || process.argv[i + 1] === undefined) {
        console.error(`stream: what is '${process.argv[i]}'? there are: --${Object.keys(options).join(' --')}`);
        process.exit(2);
    }
    options[name] = name === 'json' ? process.argv[i + 1] : Number(process.argv[i + 1]);
}
const { seconds, rate } = options;

// The same seed, the same stream.
let state = options.seed >>> 0;
const random = () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const pick = (list) => list[Math.floor(random() * list.length)];

const SMALL_TALK = ['gg', 'mdr', 'c\'est beau ça', 'salut tout le monde', 'LUL', 'on joue à quoi ce soir ?',
    'quelqu\'un a le lien ?', 'bien joué !', 'palourde et pâle lumière', 'first', 'la musique est top',
    'ça rame chez moi', 'je reviens', 'wow', 'trop fort le boss', 'bonne nuit les gens'];
const ASKS = [(k) => `Pal, dis-moi quelque chose sur ${k}`, (k) => `@pal tu connais ${k} ?`,
    (k) => `salut pal! et ${k} alors ?`, (k) => `!ask ${k} en deux mots`,
    (k) => `Pal tu penses quoi de ${k} ?`];

// The script that plays the engine: it says again what it is asked, so that each answer is known by
// the word in the question; some questions are slow, some get no answer at all, one kills it.
const SCRIPT = `load 300ms
on "séisme" die segv after 300ms
on "escargot" echo after 6500ms rate 20/s
on "carpe" stall
on * echo after 900ms rate 20/s
`;

const viewers = Array.from({ length: options.viewers }, (_, i) => ({
    login: i === 0 ? 'home' : `viewer_${i}`,
    badges: i === 0 ? 'broadcaster/1' : i < 4 ? 'moderator/1' : i < 8 ? 'vip/1' : i < 50 ? 'subscriber/6' : '',
    bannedUntil: 0,
}));

// What will happen when: { at, act }, in the stream's seconds.
const asks = new Map(); // by message id
const byWord = new Map();
const plan = [];
const outages = [];

function say(server, viewer, text, ask) {
    const now = server.now() / 1000;
    const heard = Boolean(server.bot());
    const id = server.chat('home', viewer.login, text, { badges: viewer.badges });
    counts.lines++;
    if (ask) {
        const one = { id, viewer, at: now, heard, word: ask.word, kind: ask.kind, clearedAt: null, replies: [] };
        asks.set(id, one);
        byWord.set(ask.word, one);
    } else if (heard) {
        plainIds.add(id);
    }
    return id;
}

const counts = { lines: 0, raids: 0, bans: 0, deletions: 0, crashes: 0, cuts: 0 };
const plainIds = new Set();
let nWords = 0;
const word = (stem) => `${stem}${(++nWords).toString(36).padStart(3, '0')}`;

function planAsk(at, kind = 'plain', viewer = null, then = null) {
    plan.push({ at, act(server) {
        const who = viewer ?? pick(viewers);
        if (server.now() / 1000 < who.bannedUntil) {
            return;
        }
        const stem = { slow: 'escargot', mute: 'carpe', crash: 'séisme' }[kind] ?? 'sujet';
        const name = word(stem);
        const id = say(server, who, pick(ASKS)(name), { word: name, kind });
        then?.(server, who, id);
    } });
}

function planStream() {
    const nRaids = 2;
    const raidLines = Math.round(options.lines * 0.04);
    const n = options.lines - nRaids * raidLines;
    for (let i = 0; i < n; i++) {
        const at = random() * (seconds - 60) + 5;
        const share = random();
        if (share < 0.12) {
            planAsk(at);
        } else if (share < 0.125) {
            planAsk(at, 'slow');
        } else if (share < 0.128) {
            planAsk(at, 'mute');
        } else {
            plan.push({ at, act: (server) => {
                const who = pick(viewers);
                if (server.now() / 1000 >= who.bannedUntil) {
                    say(server, who, pick(SMALL_TALK));
                }
            } });
        }
    }
    for (let i = 0; i < nRaids; i++) {
        const at = seconds * (0.25 + 0.45 * i);
        plan.push({ at, act: (server) => { counts.raids++; server.raid('home', `raider${i}`, 120); } });
        for (let j = 0; j < raidLines; j++) {
            const when = at + random() * 60;
            if (random() < 0.1) {
                planAsk(when);
            } else {
                plan.push({ at: when, act: (server) => say(server, pick(viewers), pick(SMALL_TALK)) });
            }
        }
    }
    for (let i = 0; i < 12; i++) { // somebody asks and is banned, or the line is deleted, at once
        const at = seconds * (0.05 + 0.075 * i) + random() * 20;
        const viewer = viewers[60 + i];
        planAsk(at, 'plain', viewer, (server, who, id) => {
            const wait = 150 + random() * 400;
            setTimeout(() => {
                const one = asks.get(id);
                one.clearedAt = server.now() / 1000;
                if (i % 2 === 0) {
                    counts.bans++;
                    who.bannedUntil = one.clearedAt + 600;
                    server.ban('home', who.login);
                } else {
                    counts.deletions++;
                    server.remove('home', who.login, id);
                }
            }, wait / rate);
        });
    }
    const crash = seconds * 0.4;
    plan.push({ at: crash, act: () => { counts.crashes++; } });
    for (let i = 0; i < 3; i++) { // others are being answered when it dies
        planAsk(crash - 0.4 - i * 0.2, 'plain', viewers[80 + i]);
    }
    planAsk(crash, 'crash', viewers[90]);
    for (const [part, lasts] of [[0.3, 25], [0.85, 2]]) {
        const at = seconds * part;
        plan.push({ at, act: (server) => {
            counts.cuts++;
            outages.push({ from: server.now() / 1000, lasts });
            server.accepts = false;
            server.cut();
            setTimeout(() => { server.accepts = true; }, lasts * 1000 / rate);
        } });
        for (let i = 0; i < 3; i++) { // and when the line is cut
            planAsk(at - 0.5 - i * 0.3, 'plain', viewers[100 + i]);
        }
    }
    plan.sort((a, b) => a.at - b.at);
}

async function play(server) {
    const begin = server.now() / 1000;
    let shown = 0;
    for (const event of plan) {
        const wait = (begin + event.at) * 1000 - server.now();
        if (wait > 0) {
            await new Promise((resolve) => setTimeout(resolve, wait / rate));
        }
        event.act(server);
        if (event.at - shown >= seconds / 12) {
            shown = event.at;
            console.error(`${(event.at / 60).toFixed(0)} min of the stream: ${counts.lines} lines, ${server.said.length} said`);
        }
    }
    await new Promise((resolve) => setTimeout(resolve, 45_000 / rate));
    return server.now() / 1000 - begin;
}

// What became of each line that asked something.
function account(server) {
    for (const one of server.said) {
        const ask = one.replyTo ? asks.get(one.replyTo) : null;
        const named = [...byWord.keys()].find((name) => one.text.includes(name));
        const target = ask ?? (named ? byWord.get(named) : null);
        if (target) {
            target.replies.push({ at: one.at / 1000, text: one.text, isAnswer: one.text.includes(target.word) });
        } else {
            one.isStray = true;
        }
    }
    const all = [...asks.values()];
    const result = {
        asked: all.length, answered: 0, fallback: 0, cancelled: 0, cooldown: 0, superseded: 0, unheard: 0, lost: 0,
        temporary: 0, answeredAfterDeletion: 0, toNobody: 0, latencies: [], lost_list: [],
    };
    for (const ask of all) {
        const answer = ask.replies.find((one) => one.isAnswer);
        const notice = ask.replies.find((one) => /\d+ (more )?s(econds)?\b/.test(one.text) && !one.isAnswer
            && !/⏳/.test(one.text));
        const other = ask.replies.filter((one) => !one.isAnswer && one !== notice);
        const others = all.filter((one) => one !== ask && one.viewer === ask.viewer);
        const before = others.some((one) => one.at <= ask.at && ask.at - one.at < options.cooldown + 12);
        const after = others.some((one) => one.at > ask.at && one.at - ask.at < 15);
        result.temporary += answer && other.length > 0 ? 1 : 0;
        if (ask.clearedAt !== null) {
            const late = ask.replies.filter((one) => one.at > ask.clearedAt + 0.3);
            result.answeredAfterDeletion += late.length > 0 ? 1 : 0;
            result[ask.replies.length > late.length ? 'answered' : 'cancelled']++;
        } else if (answer) {
            result.answered++;
            result.latencies.push(answer.at - ask.at);
        } else if (other.length > 0) {
            result.fallback++;
            result.latencies.push(other.at(-1).at - ask.at);
        } else if (!ask.heard || outages.some((o) => ask.at >= o.from - 0.05 && ask.at < o.from + o.lasts + 3)) {
            result.unheard++;
        } else if (after) {
            result.superseded++;
        } else if (before) {
            result.cooldown++;
        } else {
            result.lost++;
            result.lost_list.push({ at: ask.at, word: ask.word, kind: ask.kind, who: ask.viewer.login });
        }
    }
    result.toNobody = server.said.filter((one) => one.isStray && one.replyTo !== null && plainIds.has(one.replyTo)).length;
    return result;
}

const quantile = (list, q) => (list.length === 0 ? NaN
    : [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))]);
const residentKb = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);

planStream();
const server = await new FakeTwitch({ rate }).listen();
const env = { PALABRE_TWITCH_LOGIN: 'pal', PALABRE_TWITCH_TOKEN: TOKEN };
if (rate !== 1) {
    env.LD_PRELOAD = process.env.CLOCK_RATE_LIBRARY;
    env.CLOCK_RATE = String(rate);
}
const daemon = await startDaemon({
    script: SCRIPT,
    env,
    args: ['--twitch-channels', 'home', '--twitch-host', '127.0.0.1', '--twitch-port', String(server.port),
        '--no-twitch-tls', '--bot-cooldown', String(options.cooldown)],
});
while (!server.bot()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
}
const rssBefore = residentKb(daemon.child.pid);
const took = await play(server);
const result = account(server);
result.seconds = Math.round(took);
result.lines = counts.lines;
result.said = server.said.length;
Object.assign(result, { raids: counts.raids, bans: counts.bans, deletions: counts.deletions,
    crashes: counts.crashes, cuts: counts.cuts });
result.violations = server.violations;
result.violationsTotal = server.violationsTotal;
result.logins = server.loginCount;
result.repeatsRefused = server.duplicatesRefused;
result.p50 = quantile(result.latencies, 0.5);
result.p95 = quantile(result.latencies, 0.95);
result.max = Math.max(...result.latencies);
result.rssKb = [rssBefore, residentKb(daemon.child.pid)];
result.turns = {};
for (const outcome of ['done', 'failed', 'cancelled']) {
    result.turns[outcome] = await metric(daemon, `palabre_turns_ended_total{source="twitch",outcome="${outcome}"}`);
}
result.engineRestarts = await metric(daemon, 'palabre_engine_restarts_total');
const status = await daemon.stop();
await server.close();

const seconds2 = (value) => `${value.toFixed(2)} s`;
console.log(`${result.lines} lines of ${options.viewers} viewers in ${result.seconds} s of stream`
    + ` (clock x${rate}), ${result.said} messages said`);
console.log(`raids ${result.raids}, bans ${result.bans}, deletions ${result.deletions},`
    + ` engine crashes ${result.crashes} (restarts ${result.engineRestarts}), network cuts ${result.cuts} (logins ${result.logins})`);
console.log(`asked ${result.asked}: answered ${result.answered}, fallback ${result.fallback},`
    + ` cancelled ${result.cancelled}, in cooldown ${result.cooldown}, superseded ${result.superseded},`
    + ` said while the network was down ${result.unheard}, LOST ${result.lost}`);
console.log(`temporary lines before an answer ${result.temporary}; answered after a deletion`
    + ` ${result.answeredAfterDeletion}; said to people who asked nothing ${result.toNobody}`);
console.log(`limits broken ${result.violationsTotal} ${JSON.stringify(result.violations)}`
    + `${server.details.length > 0 ? `\n  ${server.details.slice(0, 5).join('\n  ')}` : ''}`);
console.log(`from a question to its answer or fallback: p50 ${seconds2(result.p50)}, p95 ${seconds2(result.p95)}, max ${seconds2(result.max)}`);
console.log(`memory ${(result.rssKb[0] / 1024).toFixed(1)} MiB before, ${(result.rssKb[1] / 1024).toFixed(1)} MiB after; exit status ${status}`);
for (const one of result.lost_list.slice(0, 10)) {
    console.log(`  lost: ${one.word} of ${one.who} at ${one.at.toFixed(1)} s`);
}
if (options.json) {
    writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
}
process.exit(result.lost === 0 && result.violationsTotal === 0 && result.answeredAfterDeletion === 0
    && result.toNobody === 0 && status === 0 ? 0 : 1);
