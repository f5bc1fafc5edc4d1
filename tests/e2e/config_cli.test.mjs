// palabre config, --help, --version and how settings reach the program, as a person meets them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

const palabre = process.env.PALABRE;
let home;

before(() => {
    home = mkdtempSync(join(tmpdir(), 'palabre config '));
    mkdirSync(join(home, 'xdg', 'palabre'), { recursive: true });
});
after(() => rmSync(home, { recursive: true, force: true }));

// Runs it with an environment of its own; returns status, out and err.
function run(args, { env = {}, yaml = '' } = {}) {
    writeFileSync(join(home, 'xdg', 'palabre', 'config.yaml'), yaml);
    const result = spawnSync(palabre, args, {
        env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: join(home, 'xdg'), LANG: 'C', ...env },
        encoding: 'utf8',
        timeout: 120_000,
    });
    return { status: result.status, out: result.stdout, err: result.stderr };
}

test('path is one line that an editor can be given', () => {
    assert.equal(run(['config', 'path']).out, join(home, 'xdg/palabre/config.yaml') + '\n');
    assert.equal(run(['config', 'path'], { env: { XDG_CONFIG_HOME: '' } }).out, join(home, '.config/palabre/config.yaml') + '\n');
    assert.equal(run(['config', 'path', '--config', 'x.yaml']).out, 'x.yaml\n');
    // Also when the file is broken: that is when one needs it.
    assert.equal(run(['config', 'path'], { yaml: '\t' }).status, 0);
});

test('show tells every value and where it comes from', () => {
    const { status, out } = run(['config', 'show', '--port', '1'], {
        yaml: 'bot:\n  name: Zoé\nlog: {level: debug}\n',
        env: { PALABRE_BOT_MAX_TOKENS_CHILL: '77', PALABRE_LOG_LEVEL: 'warn' },
    });
    assert.equal(status, 0);
    assert.match(out, /^ {2}port: 1 +# --port$/m);
    assert.match(out, /^ {2}name: "Zoé" +# .*config\.yaml:2$/m);
    assert.match(out, /^ {2}max_tokens_chill: 77 +# PALABRE_BOT_MAX_TOKENS_CHILL$/m);
    assert.match(out, /^ {2}level: warn +# PALABRE_LOG_LEVEL$/m);
    assert.match(out, /^ {2}temperature_chill: 0\.8 +# default$/m);
});

test('what show prints is a config.yaml with the same effect', () => {
    const first = run(['config', 'show'], { yaml: 'ai: {seed: 5}\nserver: {allowed_hosts: [a, b]}\n' }).out;
    const second = run(['config', 'show'], { yaml: first }).out;
    const values = (text) => text.replace(/ +# .*$/gm, '');
    assert.equal(values(second), values(first));
});

test('a key is never shown', () => {
    const { out, err } = run(['config', 'show'], { env: { PALABRE_SERVER_API_KEY: 'hunter2' } });
    assert.doesNotMatch(out + err, /hunter2/);
    assert.match(out, /# api_key: \(set, not shown\) +# PALABRE_SERVER_API_KEY/);
});

test('check reports everything that is wrong, with line and column, and ends with 78', () => {
    const { status, out, err } = run(['config', 'check'], {
        yaml: 'bot:\n  max_token_chill: 100\nserver:\n  port: 70000\n',
        env: { PALABRE_AI_TOP_P: '2' },
    });
    assert.equal(status, 78);
    assert.equal(out, '');
    const lines = err.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0], /config\.yaml:2:3: unknown key 'bot\.max_token_chill'; did you mean 'bot\.max_tokens_chill'\?$/);
    assert.match(lines[1], /config\.yaml:4:9: 'server\.port' can't be '70000': it must be a whole number from 0 to 65535$/);
    assert.match(lines[2], /^palabre: PALABRE_AI_TOP_P: 'ai\.top_p' can't be '2'/);
});

test('a good configuration is told so; warnings are no errors', () => {
    const good = run(['config', 'check'], { yaml: 'bot: {name: Pal}\n' });
    assert.equal(good.status, 0);
    assert.equal(good.err, '');
    assert.match(good.out, /is fine: 1 settings of \d+ set; .*config\.yaml: read/);
    const old = run(['config', 'check'], { yaml: 'unity: {port: 5556}\nwindow: {width: 800}\n' });
    assert.equal(old.status, 0);
    assert.match(old.err, /warning: 'unity\.port' is called 'avatar\.port' here/);
    assert.match(old.err, /warning: 'window' has no effect/);
});

test('a tab, a wrong encoding and a missing file say what to do', () => {
    assert.match(run(['config', 'check'], { yaml: 'bot:\n\tname: x\n' }).err, /:2:1: a tab indents this line/);
    assert.match(run(['config', 'check'], { yaml: Buffer.from('bot: {name: caf\xe9}\n', 'latin1') }).err, /:1:16: this is no UTF-8/);
    const missing = run(['config', 'check', '--config', '/nowhere.yaml']);
    assert.equal(missing.status, 78);
    assert.match(missing.err, /cannot open '\/nowhere\.yaml'/);
});

test('messages come in the language of the flag, the variable, the file or the system', () => {
    const wrong = 'server: {port: x}\n';
    assert.match(run(['config', 'check', '--lang', 'fr'], { yaml: wrong }).err, /ne peut pas être/);
    assert.match(run(['config', 'check'], { yaml: wrong, env: { PALABRE_LANG: 'fr' } }).err, /ne peut pas être/);
    assert.match(run(['config', 'check'], { yaml: 'lang: fr\n' + wrong }).err, /ne peut pas être/);
    assert.match(run(['config', 'check'], { yaml: wrong, env: { LANG: 'fr_FR.UTF-8' } }).err, /ne peut pas être/);
    assert.match(run(['config', 'check'], { yaml: wrong, env: { LANG: 'de_DE.UTF-8' } }).err, /can't be/);
});

test('help is printed without looking at the configuration, in both languages', () => {
    for (const [lang, usage] of [['en', 'usage: palabre config'], ['fr', 'usage : palabre config']]) {
        const { status, out, err } = run(['config', '--help'], { yaml: '\t', env: { PALABRE_LANG: lang } });
        assert.equal(status, 0);
        assert.equal(err, '');
        assert.ok(out.startsWith(usage));
        assert.match(out, /-p, --port N/);
    }
    assert.match(run(['--help']).out, /^ {2}config /m);
});

test('wrong words end with 2 and the nearest right one', () => {
    for (const [args, says] of [
        [[], /usage: palabre/],
        [['confg'], /did you mean 'config'\?/],
        [['xyzzy'], /see 'palabre --help'/],
        [['config'], /'path', 'show' or 'check'/],
        [['config', 'shw'], /'path', 'show' or 'check', not 'shw'/],
        [['config', 'show', '--prot', '1'], /--prot: unknown option; did you mean '--port'\?/],
        [['config', 'show', 'more'], /unexpected 'more'/],
    ]) {
        const { status, err } = run(args);
        assert.equal(status, 2, args.join(' '));
        assert.match(err, says);
    }
});

test("version names llama.cpp's too, and the CPU variant in use", () => {
    const { status, out } = run(['--version']);
    assert.equal(status, 0);
    assert.match(out, /^palabre \d+\.\d+\.\d+\nllama\.cpp \S+, CPU variant \w+ \(\/.*libllama.*\)\n$/);
});

test("PALABRE_LLAMA_DIR takes another folder's libraries", () => {
    const library = run(['--version']).out.match(/\((.*)\)/)[1];
    const other = join(home, 'other', 'lib');
    mkdirSync(other, { recursive: true });
    for (const file of readdirSync(dirname(library)).filter((name) => /\.so/.test(name))) {
        try {
            linkSync(join(dirname(library), file), join(other, file));
        } catch {
            cpSync(join(dirname(library), file), join(other, file), { dereference: true });
        }
    }
    for (const dir of [other, dirname(other)]) {
        const { status, out } = run(['--version'], { env: { PALABRE_LLAMA_DIR: dir } });
        assert.equal(status, 0);
        assert.ok(out.includes(`(${join(other, basename(library))})`), out);
    }
    const wrong = run(['--version'], { env: { PALABRE_LLAMA_DIR: home } });
    assert.equal(wrong.status, 78);
    assert.match(wrong.err, /PALABRE_LLAMA_DIR: no 'libllama/);
});

test("the log's file is made for its owner, or the reason told", () => {
    const file = join(home, 'bot.log');
    assert.equal(run(['config', 'check', '--log-file', file]).status, 0);
    assert.equal(execFileSync('stat', ['-c', '%a', file], { encoding: 'utf8' }).trim(), '600');
    const deeper = join(home, 'logs', 'bot.log'); // its folder too
    assert.equal(run(['config', 'check', '--log-file', deeper]).status, 0);
    assert.ok(existsSync(deeper));
    const denied = run(['config', 'check', '--log-file', '/dev/null/no/such']);
    assert.equal(denied.status, 78);
    assert.match(denied.err, /cannot write the log/);
});
