#!/usr/bin/env python3
"""Writes everything that training and evaluation read: corpus, tokenizer, held-out questions.

    python3 models/starter/build.py --out build/starter [--dialogues 40000] [--seed 7]

Out come train.bin, valid.bin, tokenizer.txt (see trainer/data.h, trainer/tokenizer_file.h), eval.txt
(see eval/questions.h), tokens.txt (strings with their tokens, for comparing tokenizers) and stats.json.
"""

import argparse
import array
import json
import pathlib
import random
import re
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import bpe  # noqa: E402
from corpus import core, facts, fun, slots, tables, unknown  # noqa: E402
from corpus.compose import Writer  # noqa: E402

FRAME, USER, REPLY = 0, 1, 2
MAX_TOKENS = 1024


def parts(d, judged_only=False):
    """(text, role) pieces of a dialogue in ChatML; None stands for a special token's place."""
    out = []
    if d.persona.text:
        out += [("<|im_start|>", FRAME), ("system\n" + d.persona.text, FRAME), ("<|im_end|>", FRAME), ("\n", FRAME)]
    for i, (user, reply) in enumerate(d.text):
        role = REPLY if not judged_only or i == len(d.text) - 1 else FRAME
        out += [("<|im_start|>", FRAME), ("user\n", FRAME), (user, FRAME if judged_only else USER), ("<|im_end|>", FRAME), ("\n", FRAME)]
        out += [("<|im_start|>", FRAME), ("assistant\n", FRAME), (reply, role), ("<|im_end|>", role), ("\n", FRAME)]
    return out


def encode(tok, pieces):
    ids, roles = [], []
    for text, role in pieces:
        new = [tok.index[text]] if text in bpe.SPECIAL else tok.encode(text)
        ids += new
        roles += [role] * len(new)
    return ids[:MAX_TOKENS], roles[:MAX_TOKENS]


def write_bin(path, tok, dialogues, judged_only=False):
    offsets, ids, roles = array.array("I", [0]), array.array("H"), bytearray()
    for d in dialogues:
        a, b = encode(tok, parts(d, judged_only))
        ids.extend(a)
        roles += bytes(b)
        offsets.append(len(ids))
    with open(path, "wb") as f:
        f.write(b"PSTC" + struct.pack("<4I", 1, len(dialogues), len(ids), len(tok.tokens)))
        offsets.tofile(f)
        ids.tofile(f)
        f.write(roles)
    return len(ids), sum(1 for r in roles if r == REPLY)


def write_questions(path, probes):
    """Lines: I kind lang, S system, U user, A reply (what came before), K words, R reference."""
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        for kind, d in probes:
            last = d.exchanges[-1]
            f.write(f"I {kind} {last.lang} {'follow' if last.kind == 'follow' else last.kind}\n")
            if d.persona.text:
                f.write(f"S {d.persona.text}\n")
            for user, reply in d.text[:-1]:
                f.write(f"U {user}\nA {reply}\n")
            f.write(f"U {d.text[-1][0]}\nK {'|'.join(last.words)}\nR {d.text[-1][1]}\n\n")


def token_strings(rng, dialogues):
    """A thousand strings: corpus lines, then scripts, spaces, digits and emoji that it never holds."""
    out = [rng.choice(rng.choice(dialogues).text)[rng.randrange(2)] for _ in range(500)]
    odd = ["", " ", "  ", "   a", "a   ", " a  b ", "\t", "a\tb", "12345", "3.14", "x=42;", "l'été", "L'ÉTÉ", "I'm", "you'LL", "we've", "d'accord", "'s", "'", "''", "!!!", "?!", "…", "« oui »", "日本語", "こんにちは", "Привет",
           "مرحبا", "😀😃", "👩‍💻", "❤️", "🇫🇷", "é", "e\u0301", "ß", "ﬁ", "Ⅻ", "½", "²", "٣", "a\u00a0b", "\u2009", "\u200b", "°C", "€5", "100%", "C++", "C#", "#tag", "@user", "http://a.b/c?d=e", "`code`", "{\"a\": 1}", "_x_", "--", "a_b", "ÀÉÎ", "œuf"]
    out += odd
    pool = "".join(odd) + "abc déf 123 !?'\"😀 "
    while len(out) < 1000:
        out.append("".join(rng.choice(pool) for _ in range(rng.randrange(1, 30))))
    return [re.sub(r"[\r\n]", " ", s) for s in out]


def forms(writer):
    """All distinct question forms, as (lang, form)."""
    out = set()
    for _, lang, side in list(core.sides(writer.intents)) + list(facts.sides(writer.facts)):
        train, valid = side.split()
        out |= {(lang, f) for f in train + valid}
    for lang in ("fr", "en"):
        for kind in unknown.ASK[lang].values():
            out |= {(lang, f) for f in kind}
        out |= {(lang, f) for family in slots.FAMILIES[lang] for f in family[2]}
        for pattern in (fun.ASK_JOKE, fun.AGAIN, fun.ASK_RIDDLE, fun.GIVE_UP):
            out |= {(lang, f) for f in core.expand(pattern[lang])}
        for follow in (tables.FOLLOW_PURPOSE, tables.FOLLOW_EXAMPLE, tables.FOLLOW_REPEAT, tables.FOLLOW_LANGUAGE):
            out |= {(lang, f) for f in follow[lang]}
    return out


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--out", required=True)
    args.add_argument("--dialogues", type=int, default=40000)
    args.add_argument("--probes", type=int, default=1200)
    args.add_argument("--vocab", type=int, default=4096)
    args.add_argument("--tokenizer", help="keep this tokenizer.txt instead of training one")
    args.add_argument("--seed", type=int, default=7)
    args = args.parse_args()
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    began = time.time()
    writer = Writer(random.Random(args.seed))
    train = [writer.dialogue() for _ in range(args.dialogues)]
    writer.rng = random.Random(args.seed + 1)
    probes = [("single", writer.probe(False)) for _ in range(args.probes // 2)] + [("follow", writer.probe(True)) for _ in range(args.probes // 2)]
    print(f"{len(train)} dialogues in {time.time() - began:.0f} s", flush=True)
    tok = bpe.load(args.tokenizer) if args.tokenizer else bpe.Tokenizer(bpe.train((t for d in train for t, _ in parts(d) if t not in bpe.SPECIAL), args.vocab))
    tok.save(out / "tokenizer.txt")
    print(f"tokenizer at {time.time() - began:.0f} s", flush=True)
    tokens, replies = write_bin(out / "train.bin", tok, train)
    valid_tokens, _ = write_bin(out / "valid.bin", tok, [d for _, d in probes], judged_only=True)
    write_questions(out / "eval.txt", probes)
    with open(out / "tokens.txt", "w", encoding="utf-8", newline="\n") as f:
        for s in token_strings(random.Random(args.seed), train):
            f.write(" ".join(map(str, tok.encode(s))) + "\t" + s + "\n")
    every = forms(writer)
    stats = {"dialogues": len(train), "tokens": tokens, "reply_tokens": replies, "valid_dialogues": len(probes), "valid_tokens": valid_tokens, "vocab": len(tok.tokens),
             "forms": len(every), "held_out_forms": sum(1 for _, f in every if core.held_out(f)), "intents": len(writer.intents), "facts": len(writer.facts),
             "distinct_replies": len({r for d in train for _, r in d.text}), "seconds": round(time.time() - began)}
    (out / "stats.json").write_text(json.dumps(stats, indent=1) + "\n")
    print(json.dumps(stats))


if __name__ == "__main__":
    main()
