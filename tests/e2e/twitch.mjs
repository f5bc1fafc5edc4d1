// A stand-in for Twitch's chat server, as its clients see it: capabilities, tags, membership, its own
// commands, its limits. It keeps books of every limit that a client breaks. The real one can't be
// used by a test: it needs an account, and breaking its limits gets that account banned.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

export const TOKEN = 'abcdefghijklmnopqrstuvwxyz0123';

// A certificate of our own making, for `name`; removed with the test.
export function makeCertificate(name = 'localhost', { days = 2 } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'palabre-tls-'));
    const key = join(folder, 'key.pem');
    const certificate = join(folder, 'certificate.pem');
    const subject = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key,
        '-out', certificate, '-days', String(days), '-subj', `/CN=${name}`,
        '-addext', `subjectAltName=${subject}`], { stdio: 'ignore' });
    return { folder, key, certificate, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const ESCAPES = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' };
const escapeTag = (value) => String(value).replace(/[; \\\r\n]/g, (c) => ESCAPES[c]);
const tagsOf = (tags) => `@${Object.entries(tags).map(([k, v]) => `${k}=${escapeTag(v)}`).join(';')} `;

export class FakeTwitch {
    // rate: how much faster than the wall clock its own runs (the limits' seconds are its seconds).
    constructor({ tls = null, rate = 1, mods = [], token = TOKEN } = {}) {
        this.rate = rate;
        this.mods = new Set(mods); // channels in which clients are moderators
        this.token = token;
        this.clients = new Set();
        this.said = []; // { at, channel, text, replyTo, login }: what was let through
        this.violations = { rate: 0, gap: 0, same: 0, long: 0, foreign: 0, logins: 0, joins: 0 };
        this.details = [];
        this.duplicatesRefused = 0;
        this.logins = [];
        this.joins = [];
        this.parts = 0;
        this.received = []; // every line of a client, if `keeps` is set
        this.keeps = false;
        this.accepts = true;
        this.tellsOfMessages = true;
        this.swallows = 0; // so many messages get lost on the way, with their connection
        this.forgetsToTell = 0; // so many arrive, and the connection breaks before their sender knows
        this.expectsRepeats = false;
        this.loginCount = 0;
        this.books = new Map(); // what each account sent
        this.nextId = 1;
        this.onSaid = () => {};
        this.rounds = [this.now(), this.now()]; // when this process last looked around
        const take = (socket) => this.take(socket);
        this.server = tls
            ? createTlsServer({ key: readFileSync(tls.key), cert: readFileSync(tls.certificate) }, take)
            : createServer(take);
        this.server.on('tlsClientError', () => {});
    }

    now() { return performance.now() * this.rate; }

    // What is heard now has come after this moment: a busy machine may let us hear late, but never
    // early, so that no limit counts as broken which may have been kept.
    since() { return this.rounds[0]; }

    async listen() {
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.port = this.server.address().port;
        this.look = setInterval(() => { this.rounds = [this.rounds[1], this.now()]; }, 5);
        return this;
    }

    async close() {
        this.cut();
        clearInterval(this.look);
        await new Promise((resolve) => this.server.close(resolve));
    }

    take(socket) {
        if (!this.accepts) {
            socket.destroy();
            return;
        }
        const client = {
            socket, caps: false, pass: '', nick: '', user: false, ready: false, capped: false,
            channels: new Set(), text: '', ponged: 0, pinged: 0,
        };
        this.clients.add(client);
        socket.setNoDelay?.(true);
        socket.on('error', () => {});
        socket.on('close', () => this.clients.delete(client));
        socket.on('data', (bytes) => {
            client.text += bytes.toString('latin1');
            for (let end; (end = client.text.indexOf('\n')) >= 0;) {
                const line = client.text.slice(0, end).replace(/\r$/, '');
                client.text = client.text.slice(end + 1);
                this.hear(client, Buffer.from(line, 'latin1').toString('utf8'));
            }
        });
    }

    send(client, line) {
        if (!client.socket.destroyed) {
            client.socket.write(`${line}\r\n`);
        }
    }

    hear(client, line) {
        if (this.keeps) {
            this.received.push(line);
        }
        const match = line.match(/^(?:@(\S*) )?(?::\S+ )?(\S+)(?: (.*))?$/);
        if (!match) {
            return;
        }
        const [, tags = '', command, rest = ''] = match;
        const at = rest.indexOf(' :');
        const head = rest.startsWith(':') ? '' : at >= 0 ? rest.slice(0, at) : rest;
        const last = rest.startsWith(':') ? rest.slice(1) : at >= 0 ? rest.slice(at + 2) : null;
        const params = [...head.split(' ').filter(Boolean), ...(last === null ? [] : [last])];
        const act = {
            CAP: () => this.capability(client, params),
            PASS: () => { client.pass = params[0]; },
            NICK: () => { client.nick = params[0].toLowerCase(); this.logIn(client); },
            PING: () => { client.pinged++; this.send(client, `:tmi.twitch.tv PONG tmi.twitch.tv :${params[0] ?? ''}`); },
            PONG: () => { client.ponged++; },
            JOIN: () => params[0].split(',').forEach((one) => this.join(client, one.toLowerCase())),
            PART: () => { this.parts++; client.channels.delete(params[0]); },
            PRIVMSG: () => this.message(client, params[0].toLowerCase(), params[1] ?? '', tags),
            USER: () => {}, QUIT: () => client.socket.end(),
        }[command];
        if (act) {
            act();
        } else {
            this.note('foreign', `${command} is no command of a chat client`);
        }
    }

    note(kind, why) {
        this.violations[kind]++;
        this.details.push(`${kind}: ${why}`);
    }

    capability(client, [verb, list = '']) {
        if (verb === 'REQ') {
            const known = list.split(' ').filter(Boolean)
                .every((one) => /^twitch\.tv\/(tags|commands|membership)$/.test(one));
            client.caps = client.caps || (known && list.includes('tags'));
            this.send(client, `:tmi.twitch.tv CAP * ${known ? 'ACK' : 'NAK'} :${list}`);
        } else if (verb === 'LS') {
            this.send(client, ':tmi.twitch.tv CAP * LS :twitch.tv/tags twitch.tv/commands twitch.tv/membership');
        }
    }

    // `list` holds times; true if this is one too many.
    over(list, most, withinMs) {
        const now = this.now();
        list.push(this.since());
        while (list.length > 0 && list[0] <= now - withinMs) {
            list.shift();
        }
        return list.length > most;
    }

    logIn(client) {
        if (client.ready) {
            return;
        }
        if (this.over(this.logins, 20, 10_000)) {
            this.note('logins', 'more than 20 in 10 s');
        }
        this.loginCount++;
        const anonymous = /^justinfan\d+$/.test(client.nick);
        if (!anonymous && client.pass !== `oauth:${this.token}`) {
            const why = client.pass.startsWith('oauth:') ? 'Login authentication failed' : 'Improperly formatted auth';
            this.send(client, `:tmi.twitch.tv NOTICE * :${why}`);
            client.socket.end();
            return;
        }
        client.ready = true;
        client.anonymous = anonymous;
        for (const [code, text] of [['001', 'Welcome, GLHF!'], ['002', 'Your host is tmi.twitch.tv'],
            ['003', 'This server is rather new'], ['004', '-'], ['375', '-'],
            ['372', 'You are in a maze of twisty passages, all alike.'], ['376', '>']]) {
            this.send(client, `:tmi.twitch.tv ${code} ${client.nick} :${text}`);
        }
        if (client.caps && !anonymous) {
            this.send(client, `${tagsOf({ 'badge-info': '', badges: '', color: '', 'display-name': client.nick,
                'emote-sets': '0', 'user-id': '7', 'user-type': '' })}:tmi.twitch.tv GLOBALUSERSTATE`);
        }
    }

    userState(client, channel) {
        const mod = this.mods.has(channel);
        this.send(client, `${tagsOf({ 'badge-info': '', badges: mod ? 'moderator/1' : '', color: '',
            'display-name': client.nick, 'emote-sets': '0', mod: mod ? 1 : 0, subscriber: 0,
            'user-type': mod ? 'mod' : '' })}:tmi.twitch.tv USERSTATE ${channel}`);
    }

    join(client, channel) {
        if (!client.ready) {
            return;
        }
        if (this.over(this.joins, 20, 10_000)) {
            this.note('joins', 'more than 20 in 10 s');
        }
        client.channels.add(channel);
        const { nick } = client;
        this.send(client, `:${nick}!${nick}@${nick}.tmi.twitch.tv JOIN ${channel}`);
        this.send(client, `:${nick}.tmi.twitch.tv 353 ${nick} = ${channel} :${nick}`);
        this.send(client, `:${nick}.tmi.twitch.tv 366 ${nick} ${channel} :End of /NAMES list`);
        if (client.caps) {
            if (!client.anonymous) {
                this.userState(client, channel);
            }
            this.send(client, `${tagsOf({ 'emote-only': 0, 'followers-only': -1, r9k: 0,
                'room-id': 1, slow: 0, 'subs-only': 0 })}:tmi.twitch.tv ROOMSTATE ${channel}`);
        }
    }

    // Books on what one account sends; `why` is what Twitch does about it.
    judge(client, channel, text) {
        const now = this.now();
        const book = this.books.get(client.nick) ?? { plain: [], all: [], last: new Map(), same: new Map() };
        this.books.set(client.nick, book);
        const mod = this.mods.has(channel);
        let verdict = 'pass';
        const last = book.last.get(channel) ?? -Infinity;
        if (now - last < 1000) {
            this.note('gap', `${(now - last).toFixed(0)} ms after the last in ${channel}`);
            verdict = 'swallow';
        }
        if ([...text].length > 500) {
            this.note('long', `${[...text].length} characters`);
        }
        const overAll = this.over(book.all, 100, 30_000);
        const overPlain = !mod && this.over(book.plain, 20, 30_000);
        if (overAll || overPlain) {
            this.note('rate', `${book.plain.length} and ${book.all.length} in 30 s`);
            verdict = 'swallow';
        }
        const key = `${channel} ${text}`;
        if (!mod && now - (book.same.get(key) ?? -Infinity) < 30_000) {
            verdict = 'duplicate';
        } else {
            book.same.set(key, this.since());
        }
        book.last.set(channel, this.since());
        return verdict;
    }

    message(client, channel, text, tags) {
        if (!client.ready || client.anonymous || !client.channels.has(channel)) {
            this.note('foreign', `a message to ${channel} by somebody who is not there`);
            return;
        }
        if (this.swallows > 0) { // lost on the way, and the connection with it
            this.swallows--;
            this.drop(client);
            return;
        }
        const verdict = this.judge(client, channel, text);
        const replyTo = tags.match(/(?:^|;)reply-parent-msg-id=([^;]*)/)?.[1] ?? null;
        if (verdict === 'duplicate') {
            this.duplicatesRefused++;
            if (!this.expectsRepeats) {
                this.note('same', `within 30 s in ${channel}`);
            }
            this.send(client, `${tagsOf({ 'msg-id': 'msg_duplicate' })}:tmi.twitch.tv NOTICE ${channel} :Your message was `
                + 'not sent because it is identical to the previous one you sent, less than 30 seconds ago.');
            return;
        }
        if (verdict === 'swallow') {
            return;
        }
        const one = { at: this.now(), channel: channel.slice(1), text, replyTo, login: client.nick };
        this.said.push(one);
        if (this.forgetsToTell > 0) { // it arrived, but the connection broke before its sender knew
            this.forgetsToTell--;
            this.expectsRepeats = true;
            this.drop(client);
        } else if (this.tellsOfMessages) {
            this.userState(client, channel);
        }
        for (const other of this.clients) {
            if (other !== client && other.channels.has(channel)) {
                this.send(other, `${tagsOf({ badges: '', 'display-name': client.nick, id: this.id(),
                    mod: 0, 'user-id': '7', ...(replyTo ? { 'reply-parent-msg-id': replyTo } : {}) })}:${client.nick}!${client.nick}@${client.nick}.tmi.twitch.tv PRIVMSG ${channel} :${text}`);
            }
        }
        this.onSaid(one);
    }

    id() {
        return `00000000-0000-4000-8000-${String(this.nextId++).padStart(12, '0')}`;
    }

    toAll(channel, line) {
        for (const client of this.clients) {
            if (client.channels.has(`#${channel}`)) {
                this.send(client, line);
            }
        }
    }

    // Somebody in the chat says something. Returns the message's id.
    chat(channel, login, text, { name = login, userId = `u-${login}`, badges = '', tags = {}, id = this.id() } = {}) {
        this.toAll(channel, `${tagsOf({ 'badge-info': '', badges, color: '#1E90FF', 'display-name': name, emotes: '',
            'first-msg': 0, id, mod: badges.includes('moderator') ? 1 : 0, 'room-id': 1,
            subscriber: badges.includes('subscriber') ? 1 : 0, 'tmi-sent-ts': Date.now(), turbo: 0,
            'user-id': userId, 'user-type': '', ...tags })}:${login}!${login}@${login}.tmi.twitch.tv PRIVMSG #${channel} :${text}`);
        return id;
    }

    ban(channel, login, { seconds = 600, userId = `u-${login}` } = {}) {
        this.toAll(channel, `${tagsOf({ 'ban-duration': seconds, 'room-id': 1, 'target-user-id': userId,
            'tmi-sent-ts': Date.now() })}:tmi.twitch.tv CLEARCHAT #${channel} :${login}`);
    }

    remove(channel, login, id, text = '') {
        this.toAll(channel, `${tagsOf({ login, 'room-id': '', 'target-msg-id': id,
            'tmi-sent-ts': Date.now() })}:tmi.twitch.tv CLEARMSG #${channel} :${text}`);
    }

    raid(channel, login, viewers) {
        this.toAll(channel, `${tagsOf({ badges: '', 'display-name': login, id: this.id(), login, 'msg-id': 'raid',
            'msg-param-displayName': login, 'msg-param-login': login, 'msg-param-viewerCount': viewers,
            'room-id': 1, 'system-msg': `${viewers} raiders from ${login} have joined!`,
            'user-id': `u-${login}` })}:tmi.twitch.tv USERNOTICE #${channel}`);
    }

    reconnect() {
        for (const client of this.clients) {
            this.send(client, ':tmi.twitch.tv RECONNECT');
        }
    }

    drop(client) {
        this.clients.delete(client);
        client.socket.destroy();
    }

    cut() {
        for (const client of [...this.clients]) {
            this.drop(client);
        }
    }

    bot() {
        return [...this.clients].find((client) => client.ready && client.channels.size > 0);
    }

    get violationsTotal() {
        return Object.values(this.violations).reduce((a, b) => a + b, 0);
    }
}
