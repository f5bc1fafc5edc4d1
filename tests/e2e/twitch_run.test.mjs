// `palabre run` in a Twitch channel: the whole way from a line to its reply, and what a person who
// started it is told. The engine is a script, Twitch a stand-in.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyHome, metric, program, startDaemon, until } from './daemon.mjs';
import { FakeTwitch, TOKEN } from './twitch.mjs';

const SCRIPT = 'on "lente" echo after 8000ms\non * echo\n';
const ACCOUNT = { PALABRE_TWITCH_LOGIN: 'pal', PALABRE_TWITCH_TOKEN: TOKEN };

const start = (server, { env = ACCOUNT, args = [] } = {}) => startDaemon({
    script: SCRIPT,
    env,
    args: ['--twitch-channels', 'home', '--twitch-host', '127.0.0.1',
        '--twitch-port', String(server.port), '--no-twitch-tls', ...args],
});

test('who speaks to it gets one reply, who is banned meanwhile gets none', async () => {
    const server = await new FakeTwitch().listen();
    const daemon = await start(server);
    await until('it has joined', () => server.bot());
    server.chat('home', 'ann', 'une palourde, rien de plus');
    const slow = server.chat('home', 'bob', 'Pal, une question lente');
    const asked = server.chat('home', 'ann', '@pal que dis-tu de tortue42 ?');
    await until('ann has her reply', () => server.said.some((one) => one.text.includes('tortue42')));
    server.ban('home', 'bob');
    const last = server.chat('home', 'cat', 'pal, et girafe43 ?');
    await until('cat has his', () => server.said.some((one) => one.text.includes('girafe43')));
    assert.deepEqual(server.said.map((one) => one.replyTo), [asked, last]);
    await until('nobody is answered any more', async () => await metric(daemon, 'palabre_turns_running') === 0
        && await metric(daemon, 'palabre_turns_waiting') === 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(!server.said.some((one) => one.replyTo === slow), 'bob gets none');
    assert.deepEqual(server.details, []);
    assert.match(daemon.out(), /joined #home/);
    assert.ok(!daemon.log().includes(TOKEN) && !daemon.out().includes(TOKEN));
    assert.ok(!daemon.log().includes('tortue42'), 'what is said is not in the log');
    assert.equal(await daemon.stop(), 0);
    await server.close();
});

test('it ends cleanly in the middle of answers, and with a server that is away', async () => {
    const server = await new FakeTwitch().listen();
    const daemon = await start(server);
    await until('it has joined', () => server.bot());
    for (let i = 0; i < 20; i++) {
        server.chat('home', `viewer${i}`, `Pal, une question lente numéro ${i}`);
        server.chat('home', `other${i}`, `Pal, une question numéro ${i}`);
    }
    await until('it has begun', () => server.said.length > 0);
    server.accepts = false;
    server.cut();
    assert.equal(await daemon.stop(), 0);
    await server.close();
});

test('without an account it says so, reads, and stays silent', async () => {
    const server = await new FakeTwitch().listen();
    const daemon = await start(server, { env: {} });
    await until('it has joined', () => server.bot());
    assert.match(daemon.out(), /no Twitch account: I read along and say nothing/);
    server.chat('home', 'ann', 'Pal, tu es là ?');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(server.said.length, 0);
    assert.deepEqual(server.details, []);
    assert.equal(await daemon.stop(), 0);
    await server.close();
});

for (const [lang, words] of [['en', /Twitch refuses the login/], ['fr', /Twitch refuse la connexion/]]) {
    test(`a refused login is told once and not tried again (${lang})`, async () => {
        const server = await new FakeTwitch({ token: 'another' }).listen();
        const daemon = await startDaemon({
            script: SCRIPT,
            env: { ...ACCOUNT, PALABRE_LANG: lang },
            args: ['--twitch-channels', 'home', '--twitch-host', '127.0.0.1', '--twitch-port',
                String(server.port), '--no-twitch-tls'],
        });
        await until('it says so', () => words.test(daemon.log()));
        await new Promise((resolve) => setTimeout(resolve, 900));
        assert.equal(server.loginCount, 1);
        assert.equal(await daemon.stop(), 0);
        await server.close();
    });
}

test('palabre twitch keeps a token for its owner alone, and forgets it', () => {
    const { home, env } = emptyHome();
    const run = (args, input = '') => spawnSync(program, ['twitch', ...args], { env, input, encoding: 'utf8' });
    const login = run(['login', 'Pal'], `oauth:${TOKEN}\n`);
    assert.equal(login.status, 0, login.stderr);
    assert.ok(!login.stdout.includes(TOKEN));
    const file = join(home, '.config/palabre/twitch-token');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(run(['status', '--twitch-channels', 'a']).stdout, /account: Pal\n.*\nchannels: #a\n/);
    assert.match(run(['status', '--lang', 'fr']).stdout, /compte : Pal/);
    assert.equal(run(['login', 'Pal'], 'short\n').status, 1);
    assert.match(run(['status']).stdout, /account: Pal/, 'a bad one does not replace a good one');
    assert.equal(run(['logout']).status, 0);
    assert.match(run(['status']).stdout, /account: none/);
    assert.equal(run([]).status, 2);
    rmSync(home, { recursive: true });
});

test('wrong settings are told before anything starts', () => {
    const home = mkdtempSync(join(tmpdir(), 'palabre-e2e-'));
    const env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8' };
    const run = (args) => spawnSync(program, ['run', '--port', '0', '--script', '/dev/null', ...args],
        { env, encoding: 'utf8', timeout: 60_000 });
    const named = run(['--twitch-channels', 'no name']);
    assert.equal(named.status, 78);
    assert.match(named.stderr, /'no name' is no channel's name/);
    const lacks = run(['--twitch-channels', 'a', '--twitch-login', 'pal']);
    assert.equal(lacks.status, 78);
    assert.match(lacks.stderr, /there is no token: palabre twitch login pal/);
    rmSync(home, { recursive: true });
});
