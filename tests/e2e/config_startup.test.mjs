// From settings to a running companion: what run and chat do with them before the first line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';

import { chat, emptyHome, program, startDaemon } from './daemon.mjs';

let folder;
let clean;

before(() => {
    folder = mkdtempSync(join(tmpdir(), 'palabre startup '));
    clean = emptyHome();
});
after(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(clean.home, { recursive: true, force: true });
});

function file(name, text) {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
}

// One line into `palabre chat`.
function say(line, args, { env = {}, command = program } = {}) {
    const result = spawnSync(command, ['chat', ...args], {
        env: { ...clean.env, ...env }, input: `${line}\n`, encoding: 'utf8', timeout: 60_000,
    });
    return { status: result.status, out: result.stdout.trim(), err: result.stderr };
}

test('the longest reply is the one that the file allows', () => {
    const script = file('words', 'on "salut" say "un deux trois quatre cinq six"\n');
    const yaml = file('short.yaml', 'bot: {max_tokens_chill: 3}\n');
    assert.equal(say('salut', ['--script', script]).out, 'un deux trois quatre cinq six');
    assert.equal(say('salut', ['--script', script, '--config', yaml]).out, 'un deux trois');
    const more = say('salut', ['--script', script, '--config', yaml, '--bot-max-tokens-chill', '5']);
    assert.equal(more.out, 'un deux trois quatre cinq');
});

test('a reply ends at bot.model_timeout', () => {
    const script = file('stall', 'on "salut" say "un deux" then stall\n');
    const { out } = say('salut', ['--script', script], { env: { PALABRE_BOT_MODEL_TIMEOUT: '3s' } });
    assert.match(out, /^un deux/);
});

test('a model that is not there is told before anything starts, with a way out', () => {
    for (const [model, says] of [
        [join(folder, 'no.gguf'), /there is no model file '.*no\.gguf'/],
        [folder, /is a folder: name the \.gguf file in it/],
        ['qwen2.5-3b-instruct', /'palabre model pull qwen2\.5-3b-instruct' gets it/],
        ['qwen2.5-3b-instrukt', /did you mean 'qwen2\.5-3b-instruct'\?/],
    ]) {
        const { status, out, err } = say('salut', ['--model', model]);
        assert.equal(status, 78, model);
        assert.equal(out, '');
        assert.match(err, says);
    }
    const starter = say('salut', [], { env: { PALABRE_STARTER: '/nowhere.gguf' } });
    assert.equal(starter.status, 78);
    assert.match(starter.err, /PALABRE_STARTER: there is no file '\/nowhere\.gguf'/);
});

test('a wrong configuration ends run and chat with 78, a wrong flag with 2', () => {
    const yaml = file('wrong.yaml', 'serveur: {port: 1}\n');
    for (const command of ['run', 'chat']) {
        const wrong = spawnSync(program, [command, '--config', yaml], { env: clean.env, encoding: 'utf8' });
        assert.equal(wrong.status, 78);
        assert.match(wrong.stderr, /wrong\.yaml:1:1: unknown key 'serveur'; did you mean 'server'\?/);
        const flag = spawnSync(program, [command, '--xyzzy'], { env: clean.env, encoding: 'utf8' });
        assert.equal(flag.status, 2);
    }
    const port = spawnSync(program, ['chat', '--port', '1'], { env: clean.env, encoding: 'utf8' });
    assert.equal(port.status, 2);
    assert.match(port.stderr, /--port: 'palabre chat' has no use for it/);
});

test('the daemon takes its key from the file that the configuration names', async () => {
    const key = file('key', 's3cret\n');
    const yaml = file('key.yaml', `server:\n  api_key_file: "${key}"\n`);
    const daemon = await startDaemon({ script: '', args: ['--config', yaml], ready: false });
    try {
        assert.equal((await chat(daemon)).status, 401);
        const allowed = await chat(daemon, {}, { authorization: 'Bearer s3cret' });
        assert.notEqual(allowed.status, 401);
        assert.doesNotMatch(daemon.out() + daemon.log(), /s3cret/);
    } finally {
        await daemon.stop();
    }
});

test('an installed tree works wherever it is moved, with its own libraries and model', () => {
    const tree = join(folder, 'in stalled');
    const installed = spawnSync('cmake',
        ['--install', dirname(program), '--component', 'palabre', '--prefix', tree], { encoding: 'utf8' });
    assert.equal(installed.status, 0, installed.stderr);
    const moved = join(folder, 'moved here');
    renameSync(tree, moved);
    const command = join(moved, 'bin', 'palabre');
    const version = spawnSync(command, ['--version'], { env: clean.env, encoding: 'utf8' });
    assert.equal(version.status, 0, version.stderr);
    if (existsSync(join(moved, 'lib', 'palabre'))) {
        assert.ok(version.stdout.includes(`${moved}/bin/../lib/palabre/libllama`), version.stdout);
    }
    // The installed model comes first: a broken one there is noticed, though the tree's own is fine.
    const starter = join(moved, 'share', 'palabre', 'starter.gguf');
    if (existsSync(starter)) {
        const good = say('salut', [], { command });
        assert.equal(good.status, 0, good.err);
        assert.notEqual(good.out, '');
        writeFileSync(starter, 'no model');
        const broken = say('salut', [], { command });
        assert.notEqual(broken.status, 0);
    }
});
