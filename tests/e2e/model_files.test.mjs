// palabre model info and synth as a person uses them, with files that are right and wrong.
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const program = process.env.PALABRE ?? path.resolve('build/palabre');
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'pal-files-'));
const tiny = path.join(scratch, 'tiny.gguf');

function run(args, env = { LC_ALL: 'C' }) {
  const result = spawnSync(program, ['model', ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status: result.status, signal: result.signal, out: result.stdout, err: result.stderr };
}

// Refused with one line that holds the words, and no signal.
function assertRefused(file, words) {
  const result = run(['info', file]);
  assert.equal(result.signal, null);
  assert.equal(result.status, 1, `${file}: ${result.out}`);
  assert.match(result.err, words);
  assert.equal(result.err.trim().split('\n').length, 1, result.err);
}

before(() => assert.equal(run(['synth', '--like', 'tiny', tiny]).status, 0));
after(() => fs.rmSync(scratch, { recursive: true }));

test('info says what a model holds, in English, French and JSON', () => {
  const english = run(['info', '--keys', '--tensors', tiny]);
  assert.equal(english.status, 0, english.err);
  for (const words of [/Layers +4, of/, /Q4_K_M/, /llama\.block_count = 4/, /blk\.3\.ffn_down\.weight +Q6_K/]) {
    assert.match(english.out, words);
  }
  assert.match(run(['info', tiny], { LC_ALL: 'fr_FR.UTF-8' }).out, /Couches +4, de .* ko à .* ko/);
  const facts = JSON.parse(run(['info', '--json', '--tensors', tiny]).out);
  assert.equal(facts.layers, 4);
  assert.equal(facts.layer_bytes.length, 4);
  const sum = facts.layer_bytes.reduce((a, b) => a + b, 0) + facts.outside_bytes;
  assert.equal(sum, facts.tensor_bytes);
  assert.equal(facts.tensors.reduce((a, b) => a + b.bytes, 0), facts.tensor_bytes);
  assert.equal(facts.keys['tokenizer.ggml.tokens'].count, 2048);
});

test('a path that is no UTF-8 gives JSON all the same', () => {
  const script = 'file=$(printf "%s/caf\\351.gguf" "$1") && cp "$1/tiny.gguf" "$file" && exec "$2" model info --json "$file"';
  const result = spawnSync('sh', ['-c', script, 'sh', scratch, program], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  assert.match(JSON.parse(result.stdout).path, /caf\?\.gguf$/);
});

test('a link to a model keeps its own name, by which the other parts would be found', () => {
  fs.mkdirSync(path.join(scratch, 'blobs'));
  fs.copyFileSync(tiny, path.join(scratch, 'blobs', '0123'));
  const link = path.join(scratch, 'link.gguf');
  fs.symlinkSync('blobs/0123', link);
  assert.equal(path.basename(JSON.parse(run(['info', '--json', link]).out).path), 'link.gguf');
});

test('every shape and quantisation that help names can be asked for', () => {
  const help = run(['synth', '--help']).out;
  const shapes = /SHAPE: (.*)/.exec(help)[1].split(', ');
  for (const shape of ['qwen2.5-0.5b', 'qwen2.5-1.5b', 'qwen2.5-3b', 'qwen2.5-7b', 'llama-3.2-1b', 'zephyr-7b', 'tiny']) {
    assert.ok(shapes.includes(shape), shape);
  }
  for (const quant of /QUANT: (.*)/.exec(help)[1].split(', ')) {
    const file = path.join(scratch, `${quant}.gguf`);
    assert.equal(run(['synth', '--like', 'tiny-qwen', '--quant', quant, '--seed', '3', file]).status, 0);
    assert.equal(JSON.parse(run(['info', '--json', file]).out).quantization, quant.toUpperCase());
  }
});

test('a model cut short anywhere is refused with one line', () => {
  const whole = fs.readFileSync(tiny);
  const cut = path.join(scratch, 'cut.gguf');
  for (let len = 4; len < whole.length; len += 40961) {
    fs.writeFileSync(cut, whole.subarray(0, len));
    assertRefused(cut, /cut short/);
  }
  fs.writeFileSync(cut, whole.subarray(0, whole.length - 1));
  assertRefused(cut, /cut short/);
});

test('what is no model is refused with one line', () => {
  const file = path.join(scratch, 'no.gguf');
  for (const content of ['', 'GGU', '{"a": 1}', 'GGML'.repeat(100)]) {
    fs.writeFileSync(file, content);
    assertRefused(file, /no GGUF file/);
  }
  assertRefused(scratch, /folder/);
  assertRefused(path.join(scratch, 'missing.gguf'), /there is no model file/);
  assertRefused('/dev/zero', /no ordinary file/);
});

test('wrong use is status 2 with the way out', () => {
  for (const args of [[], ['nonsense'], ['info'], ['info', 'a', 'b'], ['info', '--nonsense', tiny], ['pull'],
    ['synth', tiny], ['synth', '--like', 'qwen9', tiny], ['synth', '--like', 'tiny', '--quant', 'q9', tiny],
    ['synth', '--like', 'tiny', '--seed', '-1', tiny], ['list', 'x']]) {
    const result = run(args);
    assert.equal(result.status, 2, args.join(' '));
    assert.ok(result.err.length > 10);
  }
  for (const command of ['info', 'list', 'pull', 'synth']) {
    assert.match(run([command, '--help']).out, /^Usage: palabre model/);
    assert.match(run([command, '--help'], { LC_ALL: 'fr_FR.UTF-8' }).out, /^Usage : palabre model/);
  }
});

test('a file that cannot be written is an error and leaves nothing', () => {
  const result = run(['synth', '--like', 'tiny', '/nowhere/x.gguf']);
  assert.equal(result.status, 1);
  assert.match(result.err, /cannot write '\/nowhere\/x.gguf': No such file/);
  const full = run(['synth', '--like', 'tiny', path.join(scratch, 'missing', 'x.gguf')]);
  assert.equal(full.status, 1);
});
