// The chat connection against a real IRC server, InspIRCd, plain and over TLS: no Twitch, so no tags
// and no ids, but everything else. The other person in the channel is a raw client of the test's own.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from './daemon.mjs';
import { makeCertificate } from './twitch.mjs';
import { startParrot } from './twitch_parrot.mjs';

const INSPIRCD = '/usr/sbin/inspircd';
const missing = spawnSync(INSPIRCD, ['--version']).status !== 0 && 'InspIRCd is not installed';

const freePort = () => new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
    });
});

// Unprivileged: as the user "irc" if the test runs as root, which InspIRCd refuses to.
async function startInspircd() {
    const folder = mkdtempSync(join(tmpdir(), 'palabre-ircd-'));
    const tls = makeCertificate('localhost');
    const [plain, secure] = [await freePort(), await freePort()];
    const config = join(folder, 'inspircd.conf');
    writeFileSync(config, `
<server name="irc.test" description="test" network="test" id="001">
<admin name="test" nick="test" email="test@localhost">
<bind address="127.0.0.1" port="${plain}" type="clients">
<module name="ssl_gnutls">
<sslprofile name="clients" provider="gnutls" certfile="${tls.certificate}" keyfile="${tls.key}" requestclientcert="no">
<bind address="127.0.0.1" port="${secure}" type="clients" sslprofile="clients">
<module name="cap">
<module name="ircv3">
<connect allow="*" timeout="60" pingfreq="20" hardsendq="1048576" softsendq="8192" recvq="65536" threshold="1000" commandrate="100000" fakelag="no" localmax="100" globalmax="100" resolvehostnames="no">
<channels users="20" opers="60">
<options defaultmodes="no">
<performance softlimit="100" clonesonconnect="no">
<pid file="${join(folder, 'pid')}">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="${join(folder, 'log')}">
`);
    chmodSync(folder, 0o777);
    chmodSync(tls.folder, 0o755);
    chmodSync(tls.key, 0o644);
    const isRoot = process.getuid() === 0;
    const args = ['--config', config, '--nofork', '--nopid'];
    const child = isRoot
        ? spawn('setpriv', ['--reuid=irc', '--regid=irc', '--clear-groups', INSPIRCD, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
        : spawn(INSPIRCD, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (bytes) => { out += bytes; });
    child.stderr.on('data', (bytes) => { out += bytes; });
    await until(`InspIRCd listens in ${readdirSync(folder)}`, () => {
        assert.equal(child.exitCode, null, out);
        return new Promise((resolve) => {
            const probe = connect(secure, '127.0.0.1');
            probe.on('connect', () => { probe.destroy(); resolve(true); });
            probe.on('error', () => resolve(false));
        });
    });
    return {
        plain,
        secure,
        certificate: tls.certificate,
        child,
        async stop() {
            child.kill('SIGTERM');
            await new Promise((resolve) => (child.exitCode !== null || child.signalCode !== null
                ? resolve() : child.once('exit', resolve)));
            rmSync(folder, { recursive: true, force: true });
            tls.remove();
        },
    };
}

// Somebody else in the channel.
async function visitor(port, nick) {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
        text += bytes;
        for (const ping of bytes.matchAll(/^PING (.*)\r$/gm)) {
            socket.write(`PONG ${ping[1]}\r\n`);
        }
    });
    socket.write(`NICK ${nick}\r\nUSER ${nick} 0 * :${nick}\r\n`);
    await until('the visitor is welcome', () => text.includes(' 001 '));
    socket.write('JOIN #home\r\n');
    await until('the visitor has joined', () => text.includes(' 366 '));
    return {
        say: (words) => socket.write(`PRIVMSG #home :${words}\r\n`),
        sees: (what) => until(`the visitor sees ${what}; so far:\n${text}`, () => text.includes(what)),
        raw: (line) => socket.write(`${line}\r\n`),
        text: () => text,
        leave: () => socket.destroy(),
    };
}

for (const kind of ['plain', 'TLS']) {
    test(`it talks on a real IRC server, ${kind}`, { skip: missing }, async () => {
        const server = await startInspircd();
        const ann = await visitor(server.plain, 'ann');
        const parrot = kind === 'plain'
            ? startParrot(server.plain, { token: '' })
            : startParrot(server.secure, { host: 'localhost', trusts: server.certificate, token: '' });
        await parrot.heard('news joined home');
        ann.say('parrot bonjour à tous');
        await ann.sees('PRIVMSG #home :bonjour à tous');
        await parrot.heard('said 1 yes bonjour à tous');
        assert.match(parrot.out(), /line home ann ann 0 parrot bonjour à tous/);

        // A long one is cut behind a word, and arrives as it was told.
        ann.say(`parrot ${'mot de plus '.repeat(36)}`);
        await parrot.heard('said 2 yes');
        const told = parrot.lines('said 2 yes ')[0].slice('said 2 yes '.length);
        assert.match(told, /…$/);
        await ann.sees(`PRIVMSG #home :${told}\r\n`);

        // Put out of the channel, it comes back; the server gone and back, as well.
        ann.raw('KICK #home pal :out');
        await ann.sees('KICK #home pal');
        ann.leave();
        assert.equal(await parrot.stop(), 0);
        await server.stop();
    });
}

test('a name that is taken gets an underscore, and a cut connection comes back', { skip: missing }, async () => {
    const server = await startInspircd();
    const squatter = await visitor(server.plain, 'pal');
    const parrot = startParrot(server.plain, { token: '' });
    await parrot.heard('voice twitch pal_');
    await parrot.heard('news joined home');
    squatter.raw('QUIT');
    server.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.child.kill('SIGCONT');
    squatter.leave();
    const ann = await visitor(server.plain, 'ann');
    ann.say('parrot encore là');
    await ann.sees('PRIVMSG #home :encore là');
    ann.leave();
    assert.equal(await parrot.stop(), 0);
    await server.stop();
});
