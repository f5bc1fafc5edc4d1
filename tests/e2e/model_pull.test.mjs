// palabre model pull, list and info against a hub of our own: PALABRE names the program.
import { test, before, after, beforeEach } from 'node:test';
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startHub, COMMIT } from './model_hub.mjs';

const program = process.env.PALABRE ?? path.resolve('build/palabre');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pal-pull-'));
const NAME = 'hf:user/repo:Q4_K_M';
let model;
let hub;
let cache;

before(() => {
  const file = path.join(scratch, 'tiny.gguf');
  const made = spawnSync(program, ['model', 'synth', '--like', 'tiny', file], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  model = fs.readFileSync(file);
});
after(() => fs.rmSync(scratch, { recursive: true }));
beforeEach(() => { cache = fs.mkdtempSync(path.join(scratch, 'cache-')); });

async function withHub(files, options, body) {
  hub = await startHub(files, options);
  try { await body(); } finally { hub.stop(); }
}

function start(args, env = {}) {
  const { HF_TOKEN, HF_HOME, ...rest } = process.env;
  const child = spawn(program, ['model', ...args], {
    env: { ...rest, LC_ALL: 'C', HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, ...env },
  });
  const result = { child, out: '', err: '' };
  child.stdout.on('data', (data) => { result.out += data; });
  child.stderr.on('data', (data) => { result.err += data; });
  result.done = new Promise((resolve) => child.on('close', (status, signal) => {
    resolve({ status, signal, out: result.out, err: result.err });
  }));
  return result;
}
const run = (args, env) => start(args, env).done;

const repoDir = () => path.join(cache, 'models--user--repo');
const blobs = () => fs.readdirSync(path.join(repoDir(), 'blobs')).sort();
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

test('a model arrives whole, in the layout that other programs share', async () => {
  await withHub({ 'README.md': Buffer.from('x'), 'm-Q8_0.gguf': Buffer.from('y'), 'm-Q4_K_M.gguf': model }, {}, async () => {
    const result = await run(['pull', 'hf:user/repo:q4_k_m']);
    assert.equal(result.status, 0, result.err);
    assert.match(result.out, /palabre run --model hf:user\/repo:q4_k_m/);
    const link = path.join(repoDir(), 'snapshots', COMMIT, 'm-Q4_K_M.gguf');
    assert.equal(fs.readlinkSync(link), `../../blobs/${sha256(model)}`);
    assert.deepEqual(fs.readFileSync(link), model);
    assert.equal(fs.readFileSync(path.join(repoDir(), 'refs', 'main'), 'utf8'), COMMIT);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('a model that is there is found at once, without the network', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, {}, async () => {
    assert.equal((await run(['pull', NAME])).status, 0);
    hub.requests.length = 0;
    const again = await run(['pull', NAME]);
    assert.equal(again.status, 0);
    assert.match(again.out, /here already/);
    assert.equal(hub.requests.length, 0);
    const list = JSON.parse((await run(['list', '--json'])).out);
    const entry = list.models.find((each) => each.name === NAME);
    assert.equal(entry.bytes, model.length);
    const info = JSON.parse((await run(['info', '--json', NAME])).out);
    assert.equal(info.path, entry.path);
    assert.equal(info.quantization, 'Q4_K_M');
  });
});

test('a cut line is taken up where it broke, in the same pull', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { cutAfter: [500000, 300000] }, async () => {
    const result = await run(['pull', NAME]);
    assert.equal(result.status, 0, result.err);
    assert.deepEqual(hub.byteRequests.map((each) => each.headers.range), [undefined, 'bytes=500000-', 'bytes=800000-']);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('a server without ranges sends all again, and the result is right', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { cutAfter: [700000], ignoreRange: true }, async () => {
    const result = await run(['pull', NAME]);
    assert.equal(result.status, 0, result.err);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('Ctrl-C leaves what is there, and the next pull goes on from it', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { slowBytesPerSecond: 200000 }, async () => {
    const first = start(['pull', NAME]);
    await waitFor(() => partBytes() > 100000);
    first.child.kill('SIGINT');
    const stopped = await first.done;
    assert.equal(stopped.status, 1);
    assert.match(stopped.err, /cancelled/);
    const kept = partBytes();
    assert.ok(kept > 100000 && kept < model.length);
    hub.options.slowBytesPerSecond = 0;
    const second = await run(['pull', NAME]);
    assert.equal(second.status, 0, second.err);
    assert.equal(hub.byteRequests.at(-1).headers.range, `bytes=${kept}-`);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('two pulls of one model do not fight: the second says so', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { slowBytesPerSecond: 50000 }, async () => {
    const first = start(['pull', NAME]);
    await waitFor(() => partBytes() > 0);
    const second = await run(['pull', NAME]);
    assert.equal(second.status, 1);
    assert.match(second.err, /another program is downloading/);
    hub.options.slowBytesPerSecond = 0;
    assert.equal((await first.done).status, 0);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('a wrong checksum throws the file away and says why', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { wrongBytes: true }, async () => {
    const result = await run(['pull', NAME]);
    assert.equal(result.status, 1);
    assert.match(result.err, /checksum of 'm-Q4_K_M.gguf' is wrong/);
    assert.deepEqual(blobs(), []);
    hub.options.wrongBytes = false;
    assert.equal((await run(['pull', NAME])).status, 0);
  });
});

test('more bytes than promised are refused, and what lies there too long is thrown away', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { promisedBytes: 1000 }, async () => {
    const greedy = await run(['pull', NAME]);
    assert.equal(greedy.status, 1);
    assert.match(greedy.err, /more than the 1000 bytes/);
    assert.deepEqual(blobs(), []);
    hub.options.promisedBytes = undefined;
    const blob = path.join(repoDir(), 'blobs', `${sha256(model)}.incomplete`);
    fs.mkdirSync(path.dirname(blob), { recursive: true });
    fs.writeFileSync(blob, Buffer.alloc(model.length + 10));
    const result = await run(['pull', NAME]);
    assert.equal(result.status, 0, result.err);
    assert.deepEqual(blobs(), [sha256(model)]);
  });
});

test('promises whose sum wraps around 64 bits are refused before the first byte', async () => {
  const part = (i) => `m-Q4_K_M-0000${i}-of-00003.gguf`;
  const parts = { [part(1)]: model, [part(2)]: model, [part(3)]: model };
  // Three of these make 2 modulo 2^64.
  await withHub(parts, { promisedBytes: '6148914691236517206' }, async () => {
    const result = await run(['pull', NAME]);
    assert.equal(result.signal, null);
    assert.equal(result.status, 1);
    assert.match(result.err, /promises 6148914691236517206 bytes/);
    assert.equal(hub.byteRequests.length, 0);
  });
});

test('the token goes to the hub and not to the host that has the bytes', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { token: 'hf_secret' }, async () => {
    const refused = await run(['pull', NAME]);
    assert.equal(refused.status, 1);
    assert.match(refused.err, /HF_TOKEN/);
    const result = await run(['pull', NAME], { HF_TOKEN: 'hf_secret' });
    assert.equal(result.status, 0, result.err);
    assert.ok(hub.requests.some((each) => each.headers.authorization === 'Bearer hf_secret'));
    assert.equal(hub.byteRequests.length, 1);
    assert.equal(hub.byteRequests[0].headers.authorization, undefined);
    assert.ok(!(result.out + result.err + refused.err).includes('hf_secret'));
  });
});

test('what does not exist is named, with what exists instead', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model, 'm-Q8_0.gguf': model }, {}, async () => {
    const quant = await run(['pull', 'hf:user/repo:Q2_K']);
    assert.equal(quant.status, 1);
    assert.match(quant.err, /no Q2_K file; it has Q4_K_M, Q8_0/);
    const repo = await run(['pull', 'hf:user/nothing']);
    assert.equal(repo.status, 1);
    assert.match(repo.err, /check the name/);
    const listed = await run(['pull', 'qwen2.5-3b']);
    assert.equal(listed.status, 2);
    assert.match(listed.err, /did you mean 'qwen2.5-3b-instruct'/);
    const file = await run(['pull', 'qwen2.5-3b-instruct']);
    assert.equal(file.status, 1);
    assert.match(file.err, /there is no 'qwen2.5-3b-instruct-q4_k_m.gguf'/);
    for (const bad of ['hf:', 'hf:x', 'hf:../..', 'hf:a/b/c', 'hf:a/b:c d']) {
      assert.equal((await run(['pull', bad])).status, 2, bad);
    }
  });
});

test('a server that is none, broken or gone is an error with its address', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { noCommit: true }, async () => {
    const odd = await run(['pull', NAME]);
    assert.equal(odd.status, 1);
    assert.match(odd.err, /Hugging Face server/);
    hub.options.status = 500;
    const broken = await run(['pull', NAME]);
    assert.equal(broken.status, 1);
    assert.match(broken.err, /answered 500/);
    hub.stop();
    const gone = await run(['pull', NAME]);
    assert.equal(gone.status, 1);
    assert.ok(gone.err.includes(hub.endpoint), gone.err);
  });
});

test('a renamed repository is followed to its new name', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, { token: 'hf_x' }, async () => {
    const result = await run(['pull', 'hf:user/old-name'], { HF_TOKEN: 'hf_x' });
    assert.equal(result.status, 0, result.err);
    assert.equal((await run(['info', 'hf:user/old-name'])).status, 0);
  });
});

test('a model of several parts arrives whole, or does not count as here', async () => {
  const parts = { 'sub dir/m-Q4_K_M-00001-of-00002.gguf': model, 'sub dir/m-Q4_K_M-00002-of-00002.gguf': Buffer.from('part two') };
  await withHub(parts, {}, async () => {
    const result = await run(['pull', NAME]);
    assert.equal(result.status, 0, result.err);
    for (const [name, body] of Object.entries(parts)) {
      assert.deepEqual(fs.readFileSync(path.join(repoDir(), 'snapshots', COMMIT, name)), body);
    }
    const list = JSON.parse((await run(['list', '--json'])).out);
    const entry = list.models.find((each) => each.name === NAME);
    assert.equal(entry.bytes, model.length + 8);
    fs.rmSync(path.join(repoDir(), 'snapshots', COMMIT, 'sub dir/m-Q4_K_M-00002-of-00002.gguf'));
    assert.equal((await run(['info', NAME])).status, 1);
  });
  await withHub({ 'qwen2.5-0.5b-instruct-q4_k_m.gguf': model }, {}, async () => {
    assert.equal((await run(['pull', 'qwen2.5-0.5b-instruct'])).status, 0);
    assert.equal((await run(['info', 'qwen2.5-0.5b-instruct'])).status, 0);
  });
});

test('--json is one object a line, from the first question to the path', async () => {
  await withHub({ 'm-Q4_K_M.gguf': model }, {}, async () => {
    const result = await run(['pull', '--json', NAME]);
    const events = result.out.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(events[0].stage, 'asking');
    const last = events.at(-1);
    assert.equal(last.event, 'done');
    assert.deepEqual(fs.readFileSync(last.path), model);
    const whole = events.filter((each) => each.stage === 'downloading').at(-1);
    assert.equal(whole.done_bytes, model.length);
    const failed = await run(['pull', '--json', 'hf:user/nothing']);
    const error = JSON.parse(failed.out.trim().split('\n').at(-1));
    assert.equal(error.event, 'error');
    assert.equal(error.code, 'not_found');
  });
});

test('no room on the disk is said before the first byte', async (t) => {
  await withHub({ 'm-Q4_K_M.gguf': model }, {}, async () => {
    // A file system of 1 MB, where this machine lets us mount one.
    const command = `mount -t tmpfs -o size=1m tmpfs '${cache}' && exec '${program}' model pull ${NAME}`;
    const result = spawnResult(['unshare', ['-rm', 'sh', '-c', command]]);
    const { status, err } = await result;
    if (/unshare|mount/.test(err)) return t.skip('no mount namespaces here');
    assert.equal(status, 1);
    assert.match(err, /no room for 'm-Q4_K_M.gguf'/);
    assert.equal(hub.byteRequests.length, 0);
  });
});

function spawnResult([command, args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, LC_ALL: 'C', HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache },
    });
    let err = '';
    child.stderr.on('data', (data) => { err += data; });
    child.on('error', (error) => resolve({ status: -1, err: `unshare: ${error}` }));
    child.on('close', (status) => resolve({ status, err }));
  });
}

function partBytes() {
  try {
    return fs.statSync(path.join(repoDir(), 'blobs', `${sha256(model)}.incomplete`)).size;
  } catch {
    return 0;
  }
}

async function waitFor(condition) {
  for (let i = 0; i < 1200; i++) {
    if (condition()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail('waited for a minute');
}
