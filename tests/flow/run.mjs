// Plays a story (*.flow) against the real program with a scripted engine. The words:
//
//   story "what is told"                   the first line
//   engine STATEMENT                       a line of the engine's script (src/engine/script.h)
//   start [OPTIONS]                        palabre run OPTIONS; goes on when it prints its address
//   ready                                  waits until the model is loaded
//   ask NAME "text" [KEY VALUE ...]        a streaming request over HTTP; goes on at once.
//                                          KEYs are fields of the request: user, deadline_ms, ...
//   leave NAME                             its connection is cut
//   kill engine                            SIGKILL to the engine's process
//   expect NAME begins                     its first text has come
//   expect NAME text "..."                 its reply is complete, and this is all of it
//   expect NAME part "..."                 its reply is over, and begins with this, and is not all
//   expect NAME finish "..."               why it ended, as the API says
//   expect NAME error "..."                the code of the API's error, in the stream or instead of it
//   expect NAME status 429                 HTTP status
//   expect NAME header retry-after 1..60   the header is a number of that range
//   expect NAME before OTHER               it was over sooner
//   expect health 503                      GET /health says so now
//   expect metric NAME VALUE               GET /metrics shows it, now or within the patience below
//   expect metrics clean                   promtool finds nothing to say about GET /metrics
//   terminal "line" -> "reply"             palabre chat in a pipe, with this engine
//   expect NAME over                       nothing more comes
//   stop                                   SIGTERM, whatever is going on; it ends with status 0
//
// Each story ends by stopping what it started, once everybody has left; then it must hold that
// accepted turns = done + failed + cancelled. Nothing here depends on speed; PATIENCE only ends what hangs.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PATIENCE_MS = 180000;
const [program, file] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "palabre-flow-"));
const script = join(folder, "engine.script");
const environment = {
  ...process.env, LANG: "C", LC_ALL: "C", HOME: folder,
  XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, XDG_CACHE_HOME: folder, XDG_DATA_HOME: folder,
};
const clients = new Map();
let daemon = null;
let nOver = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, check) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await check();
    if (seen === true) return;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}; last seen: ${seen}`);
    await sleep(20);
  }
}

function equal(what, seen, wanted) {
  if (seen !== wanted) {
    throw new Error(`${what} is ${JSON.stringify(seen)}, expected ${JSON.stringify(wanted)}`);
  }
}

// --- the daemon

async function start(options) {
  daemon = { output: "", exit: null };
  daemon.child = spawn(program, ["run", "--port", "0", "--script", script, ...options], {
    env: environment, stdio: ["ignore", "pipe", "pipe"],
  });
  const { child } = daemon;
  child.stdout.on("data", (data) => { daemon.output += data; });
  child.stderr.on("data", (data) => { daemon.output += data; });
  child.on("exit", (code, signal) => { daemon.exit = signal ?? code; });
  await until("the address", () => {
    if (daemon.exit !== null) throw new Error(`palabre run ended with ${daemon.exit}`);
    daemon.port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(daemon.output)?.[1]);
    return daemon.port > 0;
  });
}

function get(path) {
  return new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port: daemon.port, path, agent: false }, (response) => {
      let body = "";
      response.on("data", (data) => { body += data; });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    }).on("error", reject);
  });
}

async function metrics() {
  const values = new Map();
  for (const line of (await get("/metrics")).body.split("\n")) {
    const found = /^([^# ][^ ]*(?:\{.*\})?) (\S+)$/.exec(line);
    if (found) values.set(found[1], Number(found[2]));
  }
  return values;
}

// The sum over all labels, or one exact series if labels are given.
const total = (values, name) => [...values]
  .filter(([series]) => series === name || series.startsWith(`${name}{`))
  .reduce((sum, [, value]) => sum + value, 0);

async function expectMetric(name, wanted) {
  await until(`${name} = ${wanted}`, async () => {
    const seen = total(await metrics(), name);
    return seen === wanted || seen;
  });
}

async function judgeMetrics() {
  const input = (await get("/metrics")).body;
  const judged = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
  if (judged.error) console.log("# promtool is not installed: not judged");
  else equal("promtool's verdict", judged.stdout + judged.stderr, "");
}

async function stop() {
  daemon.child.kill("SIGTERM");
  await until("the end of palabre run", () => daemon.exit !== null);
  equal("exit status of palabre run", daemon.exit, 0);
  daemon = null;
}

async function finish() {
  for (const client of clients.values()) client.request.destroy();
  await expectMetric("palabre_turns_running", 0);
  await expectMetric("palabre_turns_waiting", 0);
  const values = await metrics();
  equal("turns ended", total(values, "palabre_turns_ended_total"),
    total(values, "palabre_turns_accepted_total"));
  await stop();
}

function killEngine() {
  const pid = daemon.child.pid;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/);
  equal("number of engine processes", children.filter(Boolean).length, 1);
  process.kill(Number(children[0]), "SIGKILL");
}

// --- clients

function onData(client, data) {
  client.rest += data;
  for (let end = client.rest.indexOf("\n"); end >= 0; end = client.rest.indexOf("\n")) {
    const line = client.rest.slice(0, end);
    client.rest = client.rest.slice(end + 1);
    if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
    const message = JSON.parse(line.slice(6));
    if (message.error) client.error = message.error.code;
    client.text += message.choices?.[0]?.delta?.content ?? "";
    client.finish = message.choices?.[0]?.finish_reason ?? client.finish;
  }
}

function ask(name, text, fields) {
  const client = { text: "", rest: "", finish: null, error: null, status: 0, over: 0 };
  const body = JSON.stringify({
    model: "any", stream: true, messages: [{ role: "user", content: text }], ...fields,
  });
  const over = () => { client.over ||= ++nOver; };
  client.request = http.request({
    host: "127.0.0.1", port: daemon.port, path: "/v1/chat/completions", method: "POST",
    agent: false, headers: { "content-type": "application/json" },
  }, (response) => {
    client.status = response.statusCode;
    client.headers = response.headers;
    response.setEncoding("utf8");
    response.on("data", (data) => onData(client, data));
    response.on("close", () => {
      if (client.status !== 200) client.error = JSON.parse(client.rest).error.code;
      over();
    });
    response.on("error", over);
  });
  client.request.on("error", over);
  client.request.end(body);
  clients.set(name, client);
}

async function expectClient(name, what, args) {
  const client = clients.get(name);
  if (!client) throw new Error(`nobody asked as ${name}`);
  if (what === "begins") {
    await until(`${name}'s first text`, () => client.text !== "" || client.error);
    return;
  }
  await until(`the end of ${name}'s reply`, () => client.over > 0 || client.text);
  if (what === "over") return;
  const [wanted, range] = args;
  if (what === "text") equal(`${name}'s text`, client.text, wanted);
  else if (what === "part") {
    if (!client.text.startsWith(wanted)) equal(`the beginning of ${name}'s text`, client.text, wanted);
  } else if (what === "finish") equal(`${name}'s finish_reason`, client.finish, wanted);
  else if (what === "error") equal(`${name}'s error`, client.error, wanted);
  else if (what === "status") equal(`${name}'s status`, client.status, Number(wanted));
  else if (what === "header") {
    const [low, high] = range.split("..").map(Number);
    const value = Number(client.headers[wanted]);
    if (!(value >= low && value <= high)) throw new Error(`${wanted} is ${client.headers[wanted]}`);
  } else if (what === "before") {
    const other = clients.get(wanted);
    await until(`the end of ${wanted}'s reply`, () => other.over > 0 || other.text);
    if (client.over > other.over) throw new Error(`${wanted} was served before ${name}`);
  } else throw new Error(`expect does not know '${what}'`);
}

// --- the terminal

function terminal(line, wanted) {
  return new Promise((resolve, reject) => {
    let output = "";
    const child = spawn(program, ["chat", "--script", script], { env: environment });
    child.stdout.on("data", (data) => { output += data; });
    child.stderr.resume();
    child.on("exit", (code) => {
      try {
        equal("exit status of palabre chat", code, 0);
        equal("what palabre chat printed", output, `${wanted}\n`);
        resolve();
      } catch (error) { reject(error); }
    });
    child.stdin.end(`${line}\n`);
  });
}

// --- the story

const words = (line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)]
  .map(([, quoted, bare]) => (quoted !== undefined ? JSON.parse(`"${quoted}"`) : bare));

const value = (text) => (/^(?:\d+(?:\.\d+)?|true|false)$/.test(text) ? JSON.parse(text) : text);

async function play(line) {
  const [verb, ...args] = words(line);
  if (verb === "story") console.log(`# ${args[0]}`);
  else if (verb === "engine") writeFileSync(script, `${line.slice("engine ".length)}\n`, { flag: "a" });
  else if (verb === "start") await start(args);
  else if (verb === "ready") await until("/health 200", async () => (await get("/health")).status === 200);
  else if (verb === "ask") {
    const [name, text, ...pairs] = args;
    const fields = {};
    for (let i = 0; i < pairs.length; i += 2) fields[pairs[i]] = value(pairs[i + 1]);
    ask(name, text, fields);
  } else if (verb === "leave") clients.get(args[0]).request.destroy();
  else if (verb === "kill") killEngine();
  else if (verb === "stop") await stop();
  else if (verb === "terminal") await terminal(args[0], args[2]);
  else if (verb === "expect" && args[0] === "health") equal("/health", (await get("/health")).status, Number(args[1]));
  else if (verb === "expect" && args[0] === "metrics") await judgeMetrics();
  else if (verb === "expect" && args[0] === "metric") await expectMetric(args[1], Number(args[2]));
  else if (verb === "expect") await expectClient(args[0], args[1], args.slice(2));
  else throw new Error(`there is no word '${verb}'`);
}

let status = 0;
writeFileSync(script, "");
let number = 0;
try {
  for (const line of readFileSync(file, "utf8").split("\n")) {
    number++;
    if (line.trim() !== "" && !line.trim().startsWith("#")) await play(line.trim());
  }
  if (daemon) await finish();
} catch (error) {
  console.log(`${file}:${number}: ${error.message}\n--- the program said:\n${daemon?.output ?? ""}`);
  status = 1;
  daemon?.child.kill("SIGKILL");
}
rmSync(folder, { recursive: true, force: true });
process.exit(status);
