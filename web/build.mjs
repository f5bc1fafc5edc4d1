// Builds the page into what the program embeds: node web/build.mjs OUT
//
// OUT/files holds each asset and its compressed forms, OUT/assets.c the table of them, OUT/assets.S
// the bytes, OUT/assets.d what it was all made of (for ninja). Nothing here runs in the browser.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));
const root = dirname(web);
const out = resolve(process.argv[2] ?? join(root, 'web', 'dist'));
const files = join(out, 'files');
const esbuild = join(root, 'node_modules', '@esbuild', `linux-${process.arch}`, 'bin', 'esbuild');

const TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.vrm': 'model/gltf-binary',
    '.webp': 'image/webp',
};
// Up to this size an asset is also kept as it is, for clients that take nothing compressed.
const PLAIN_BYTES_MAX = 32 * 1024;
// A compressed form must save this much to be worth its place.
const SAVED_RATIO_MIN = 0.05;

// The scripts and style sheets that begin a page; what they import follows by itself.
const entries = ['app.js', 'app.css', 'overlay.js', 'overlay.css']
    .map((name) => join(web, 'src', name)).filter(existsSync);
// Served as they are: [address, file].
const plain = [
    ['/', join(web, 'index.html')],
    ['/overlay', join(web, 'overlay.html')],
    ['/assets/icon.svg', join(web, 'icon.svg')],
    ['/assets/avatar.vrm', join(root, 'models', 'avatar', 'palabre.vrm')],
    ['/assets/avatar.webp', join(root, 'models', 'avatar', 'palabre.webp')],
].filter(([, file]) => existsSync(file));

function bundle() {
    const metafile = join(out, 'meta.json');
    execFileSync(esbuild, [
        ...entries, '--bundle', '--minify', '--splitting', '--format=esm', '--target=es2022',
        '--chunk-names=chunk-[hash]', '--legal-comments=none', '--log-level=warning',
        `--outdir=${files}`, `--metafile=${metafile}`, '--charset=utf8',
    ], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    return Object.keys(JSON.parse(readFileSync(metafile, 'utf8')).inputs).map((name) => join(root, name));
}

// The packages that ended up in the bundles, with the licences that go wherever their code goes.
function licences(inputs) {
    const found = new Map();
    for (const input of inputs) {
        const name = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
        if (name !== undefined && !found.has(name)) {
            const folder = join(root, 'node_modules', name);
            const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
            const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
            found.set(name, `${name} ${version} (${license})\n\n${
                file ? readFileSync(join(folder, file), 'utf8').trim() : ''}\n`);
        }
    }
    return [...found.keys()].sort().map((name) => found.get(name)).join('\n----\n\n');
}

// The forms that an asset is kept in: a name in OUT/files for each.
function forms(name, bytes) {
    const kept = {};
    const keep = (form, data, suffix) => {
        writeFileSync(join(files, name + suffix), data);
        kept[form] = { file: `files/${name}${suffix}`, bytes: data.length };
    };
    const gzip = gzipSync(bytes, { level: 9 });
    const pays = gzip.length < bytes.length * (1 - SAVED_RATIO_MIN);
    if (pays) {
        keep('gzip', gzip, '.gz');
        keep('br', brotliCompressSync(bytes, {
            params: {
                [constants.BROTLI_PARAM_QUALITY]: 11,
                [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
            },
        }), '.br');
    }
    if (!pays || bytes.length <= PLAIN_BYTES_MAX) {
        keep('plain', bytes, '');
    }
    return kept;
}

function write(assets) {
    const order = ['plain', 'gzip', 'br'];
    let table = '/* Made by web/build.mjs. */\n#include "access/assets.h"\n\n';
    let code = '/* Made by web/build.mjs. */\n    .section .rodata\n';
    let rows = '';
    assets.forEach((asset, i) => {
        const cells = order.map((form) => {
            const kept = asset.forms[form];
            if (kept === undefined) {
                return '{NULL, 0}';
            }
            const symbol = `pal_asset_${i}_${form}`;
            table += `extern const char ${symbol}[];\n`;
            code += `    .globl ${symbol}\n    .balign 16\n${symbol}:\n    .incbin "${kept.file}"\n`;
            return `{${symbol}, ${kept.bytes}}`;
        });
        rows += `    {"${asset.address}", "${asset.type}", "${asset.tag}",\n     {${cells.join(', ')}}},\n`;
    });
    table += `\nconst struct pal_asset pal_assets[] = {\n${rows}};\nconst size_t pal_n_assets = ${assets.length};\n`;
    writeFileSync(join(out, 'assets.S'), `${code}    .section .note.GNU-stack, "", %progbits\n`);
    writeFileSync(join(out, 'assets.c'), table);
}

rmSync(files, { recursive: true, force: true });
mkdirSync(files, { recursive: true });
const inputs = bundle();
writeFileSync(join(files, 'licences.txt'), licences(inputs));
const assets = [
    ...readdirSync(files).sort().map((name) => [`/assets/${name}`, join(files, name)]),
    ...plain,
].map(([address, file]) => {
    const bytes = readFileSync(file);
    const name = relative(dirname(file), file);
    return {
        address,
        type: TYPES[extname(name)] ?? 'application/octet-stream',
        tag: createHash('sha256').update(bytes).digest('hex').slice(0, 16),
        forms: forms(name, bytes),
    };
});
write(assets);
const made = [...inputs, ...plain.map(([, file]) => file), join(root, 'package-lock.json'), fileURLToPath(import.meta.url)];
writeFileSync(join(out, 'assets.d'), `${join(out, 'assets.c')}: ${made.map((name) => name.replaceAll(' ', '\\ ')).join(' ')}\n`);
