"""Byte-level BPE, trained and applied: Qwen2's way of cutting words, GPT-2's byte alphabet.

The cut must equal llama.cpp's for tokenizer.ggml.pre = "qwen2"; eval/palabre-starter-eval --tokens
compares both on a thousand strings.
"""

import heapq
import pathlib
import re
import sys
import unicodedata
from collections import Counter, defaultdict

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def _ranges(prefix):
    """A regex class body of all code points whose category starts with `prefix`."""
    out, start, before = [], None, None
    for cp in range(sys.maxunicode + 1):
        if unicodedata.category(chr(cp)).startswith(prefix):
            if start is None:
                start = cp
            before = cp
        elif start is not None:
            out.append((start, before))
            start = None
    return "".join(re.escape(chr(a)) + ("-" + re.escape(chr(b)) if b > a else "") for a, b in out)


def splitter():
    letter, number = _ranges("L"), _ranges("N")
    return re.compile(rf"'[sStTmMdD]|'[rR][eE]|'[vV][eE]|'[lL][lL]|[^\r\n{letter}{number}]?[{letter}]+|[{number}]| ?[^\s{letter}{number}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's printable stand-in for each byte."""
    keep = list(range(ord("!"), ord("~") + 1)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    table, extra = {}, 0
    for b in range(256):
        if b in keep:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + extra)
            extra += 1
    return table


ALPHABET = byte_alphabet()


class Tokenizer:
    def __init__(self, merges):
        self.merges = merges
        self.rank = {pair: i for i, pair in enumerate(merges)}
        self.tokens = [ALPHABET[b] for b in range(256)] + [a + b for a, b in merges] + SPECIAL
        self.index = {t: i for i, t in enumerate(self.tokens)}
        self.split = splitter()
        self.cache = {}

    def word(self, word):
        ids = self.cache.get(word)
        if ids is None:
            parts = [ALPHABET[b] for b in word.encode()]
            while len(parts) > 1:
                rank, i = min((self.rank.get((parts[k], parts[k + 1]), len(self.merges)), k) for k in range(len(parts) - 1))
                if rank == len(self.merges):
                    break
                parts[i:i + 2] = [parts[i] + parts[i + 1]]
            ids = self.cache[word] = [self.index[p] for p in parts]
        return ids

    def encode(self, text):
        out = []
        for match in self.split.finditer(text):
            out += self.word(match.group())
        return out

    def save(self, path):
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write(f"tokens {len(self.tokens)}\n" + "".join(t + "\n" for t in self.tokens))
            f.write(f"merges {len(self.merges)}\n" + "".join(f"{a} {b}\n" for a, b in self.merges))


def load(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    at = lines.index(next(line for line in lines if line.startswith("merges ")))
    return Tokenizer([tuple(line.split(" ")) for line in lines[at + 1:] if line])


def train(texts, vocab):
    """Merges learnt from texts, most frequent pair first; ties go to the smaller pair."""
    cut = splitter()
    counts = Counter(m.group() for t in texts for m in cut.finditer(t))
    words = [[ALPHABET[b] for b in w.encode()] for w in counts]
    weight = list(counts.values())
    pairs, where = Counter(), defaultdict(set)
    for i, w in enumerate(words):
        for pair in zip(w, w[1:]):
            pairs[pair] += weight[i]
            where[pair].add(i)
    heap = [(-n, p) for p, n in pairs.items()]
    heapq.heapify(heap)
    merges = []
    while len(merges) < vocab - 256 - len(SPECIAL) and heap:
        n, pair = heapq.heappop(heap)
        if pairs.get(pair, 0) != -n or n == 0:
            continue  # stale
        merges.append(pair)
        changed = set()
        for i in where.pop(pair):
            old, new, k = words[i], [], 0
            while k < len(old):
                if k + 1 < len(old) and (old[k], old[k + 1]) == pair:
                    new.append(old[k] + old[k + 1])
                    k += 2
                else:
                    new.append(old[k])
                    k += 1
            for p in zip(old, old[1:]):
                pairs[p] -= weight[i]
                changed.add(p)
            for p in zip(new, new[1:]):
                pairs[p] += weight[i]
                where[p].add(i)
                changed.add(p)
            words[i] = new
        pairs.pop(pair, None)
        for p in changed:
            if pairs.get(p, 0) > 0:
                heapq.heappush(heap, (-pairs[p], p))
    if len(merges) < vocab - 256 - len(SPECIAL):
        raise ValueError("the corpus is too small for this vocabulary")
    return merges
