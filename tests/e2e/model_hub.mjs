// A server that speaks the Hugging Face hub's URLs as `palabre model pull` uses them, and misbehaves on
// request. The bytes come from a second server under another host name, as with the real hub.
import http from 'node:http';
import crypto from 'node:crypto';

export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

// files: { 'name.gguf': Buffer }; options, all off by default and changeable while it runs:
//   token: what must come as "Bearer ..."; status: answer every request with this
//   cutAfter: [n, ...] bytes after which the next answers of bytes break off
//   wrongBytes: flip a byte; promisedBytes; slowBytesPerSecond; ignoreRange; noCommit
export async function startHub(files, options = {}) {
  const hub = { files, options, requests: [], byteRequests: [] };

  const bytes = http.createServer((req, res) => {
    hub.byteRequests.push({ url: req.url, headers: req.headers });
    const file = files[decodeURIComponent(req.url.slice('/bytes/'.length))];
    let body = Buffer.from(file);
    if (options.wrongBytes) body[body.length >> 1] ^= 1;
    const range = /^bytes=(\d+)-$/.exec(req.headers.range ?? '');
    if (range && !options.ignoreRange) {
      const from = Number(range[1]);
      res.writeHead(206, {
        'content-length': body.length - from,
        'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
      });
      body = body.subarray(from);
    } else {
      res.writeHead(200, { 'content-length': body.length });
    }
    const cut = options.cutAfter?.shift();
    if (cut !== undefined) {
      res.write(body.subarray(0, cut), () => setTimeout(() => res.destroy(), 50));
    } else if (options.slowBytesPerSecond) {
      trickle(res, body, options);
    } else {
      res.end(body);
    }
  });
  const bytesPort = await listen(bytes);

  const front = http.createServer((req, res) => {
    hub.requests.push({ method: req.method, url: req.url, headers: req.headers });
    if (options.status) return end(res, options.status);
    if (options.token && req.headers.authorization !== `Bearer ${options.token}`) return end(res, 401);
    const api = /^\/api\/models\/([^/]+\/[^/]+)$/.exec(req.url);
    if (api) {
      if (api[1] === 'user/old-name') {
        res.writeHead(307, { location: '/api/models/user/repo' });
        return res.end();
      }
      if (api[1] !== 'user/repo') return end(res, 404);
      res.setHeader('content-type', 'application/json');
      return res.end(JSON.stringify({
        id: api[1], sha: COMMIT, siblings: Object.keys(files).map((rfilename) => ({ rfilename })),
      }));
    }
    const resolve = /^\/([^/]+)\/([^/]+)\/resolve\/main\/(.+)$/.exec(req.url);
    if (resolve && resolve[2] === 'old-name') {
      res.writeHead(307, { location: req.url.replace('old-name', 'repo') });
      return res.end();
    }
    const name = resolve && decodeURIComponent(resolve[3]);
    if (!resolve || !files[name]) return end(res, 404);
    const sum = crypto.createHash('sha256').update(files[name]).digest('hex');
    const headers = {
      'x-linked-etag': `"${sum}"`, 'x-linked-size': options.promisedBytes ?? files[name].length, etag: '"0123456789"',
      location: `http://localhost:${bytesPort}/bytes/${encodeURIComponent(name)}`,
    };
    if (!options.noCommit) headers['x-repo-commit'] = COMMIT;
    res.writeHead(302, headers);
    res.end();
  });
  const frontPort = await listen(front);

  hub.endpoint = `http://127.0.0.1:${frontPort}`;
  hub.stop = () => { for (const server of [front, bytes]) { server.closeAllConnections(); server.close(); } };
  return hub;
}

function listen(server) {
  return new Promise((done) => server.listen(0, () => done(server.address().port)));
}

function end(res, status) {
  res.writeHead(status, { 'content-type': 'text/plain' });
  res.end('no');
}

// As slow as the options say by then; 0 = the rest at once.
function trickle(res, body, options) {
  let at = 0;
  const timer = setInterval(() => {
    const next = Math.min(body.length, at + Math.ceil((options.slowBytesPerSecond || Infinity) / 20));
    res.write(body.subarray(at, next));
    at = next;
    if (at === body.length) { clearInterval(timer); res.end(); }
  }, 50);
  res.on('close', () => clearInterval(timer));
}
