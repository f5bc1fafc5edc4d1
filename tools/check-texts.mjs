// Every PAL_T(english, french) must have the same printf conversions in the same order.
import { readFileSync } from "node:fs";

const literal = /"(?:[^"\\]|\\.)*"/y;
const macro = /^(?:PRI[a-zA-Z0-9]+|PAL_[A-Z_]+)/;

// Reads adjacent string literals (and format macros) from `at`; returns their text and the end.
function readText(source, at) {
  let text = "";
  for (;;) {
    while (/\s/.test(source[at])) at++;
    literal.lastIndex = at;
    const found = literal.exec(source);
    if (found) {
      text += found[0].slice(1, -1);
      at = literal.lastIndex;
      continue;
    }
    const name = macro.exec(source.slice(at, at + 40));
    if (!name) return { text, at };
    text += `<${name[0]}>`;
    at += name[0].length;
  }
}

const conversions = (text) =>
  (text.replace(/%%/g, "").match(/%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t)?(?:[a-zA-Z]|<[A-Za-z0-9_]+>)/g) ?? []).join(" ");

let bad = 0;
for (const file of process.argv.slice(2)) {
  if (file.endsWith("util/text.h")) continue;
  const source = readFileSync(file, "utf8");
  for (let at = source.indexOf("PAL_T("); at >= 0; at = source.indexOf("PAL_T(", at + 1)) {
    const line = source.slice(0, at).split("\n").length;
    const english = readText(source, at + "PAL_T(".length);
    if (english.text === "" || source[english.at] !== ",") continue;
    const french = readText(source, english.at + 1);
    if (conversions(english.text) !== conversions(french.text)) {
      console.log(`${file}:${line}: the two languages differ: '${conversions(english.text)}' and '${conversions(french.text)}'`);
      bad = 1;
    }
  }
}
process.exit(bad);
