// Draws docs/img/first-minute.svg: what a newcomer sees, from a real run of build/palabre.
// Usage: node tools/first-minute.mjs   (after ./dev build; the starter model answers)
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = "build/palabre";
const home = mkdtempSync(join(tmpdir(), "palabre-picture-"));
const env = { PATH: process.env.PATH, HOME: home, LANG: "fr_FR.UTF-8" };
const lines = [];
const say = (text, kind = "plain") => text.split("\n").forEach((line) => lines.push({ line, kind }));

const daemon = spawn(program, ["run", "--lang", "en", "--port", "7252"], { env });
let out = "";
daemon.stdout.on("data", (bytes) => (out += bytes));
while (!out.includes("ready")) await new Promise((resolve) => setTimeout(resolve, 50));
say("$ ./dev run", "typed");
say(out.trim());
say("");

for (const [who, text] of [["typed", "salut"], ["typed", "c'est quoi Python ?"], ["typed", "tell me a joke"]]) {
  say(`$ echo "${text}" | build/palabre chat`, who);
  const reply = execFileSync(program, ["chat", "--seed", "7"], { env, input: `${text}\n`, stdio: ["pipe", "pipe", "ignore"] });
  say(reply.toString().trim(), "reply");
}
say("");
say("$ curl -s http://127.0.0.1:7252/health", "typed");
const health = await (await fetch("http://127.0.0.1:7252/health")).json();
say(`{"status":"${health.status}","model":"${health.model}","n_waiting":${health.n_waiting}, …}`);
daemon.kill("SIGTERM");
await new Promise((resolve) => daemon.on("close", resolve));
rmSync(home, { recursive: true });

const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const colours = { plain: "#c9d1d9", typed: "#7ee787", reply: "#ffd866" };
const width = 900, row = 22, top = 52;
const height = top + lines.length * row + 14;
const text = lines.map(({ line, kind }, i) =>
  `  <text x="22" y="${top + i * row}" fill="${colours[kind]}" xml:space="preserve">${escape(line)}</text>`).join("\n");
writeFileSync("docs/img/first-minute.svg", `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
  <rect width="${width}" height="${height}" rx="10" fill="#12161d"/>
  <circle cx="24" cy="20" r="6" fill="#ff5f57"/><circle cx="44" cy="20" r="6" fill="#febc2e"/><circle cx="64" cy="20" r="6" fill="#28c840"/>
${text}
</svg>
`);
