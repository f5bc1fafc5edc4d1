#!/usr/bin/env python3
"""Tokenizes a thousand strings with our own BPE and with libllama, out of the shipped GGUF.

    tokens.py PALABRE_STARTER_EVAL MODEL
"""

import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "models" / "starter"))
import bpe  # noqa: E402
import build  # noqa: E402
from corpus.compose import Writer  # noqa: E402

SIZES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def metadata(path):
    """The key-value part of a GGUF file."""
    f = open(path, "rb")

    def number(code):
        return struct.unpack("<" + code, f.read(struct.calcsize("<" + code)))[0]

    def text():
        return f.read(number("Q")).decode()

    def value(kind):
        if kind == 8:
            return text()
        if kind == 9:
            inner, count = number("I"), number("Q")
            return [value(inner) for _ in range(count)]
        return number(SIZES[kind])

    with f:
        assert f.read(4) == b"GGUF" and number("I") == 3
        number("Q")
        count = number("Q")
        return {text(): value(number("I")) for _ in range(count)}


def main():
    program, model = sys.argv[1:]
    assert pathlib.Path(model).stat().st_size <= 16 << 20, "the starter must stay under 16 MiB"
    meta = metadata(model)
    tok = bpe.Tokenizer([tuple(m.split(" ")) for m in meta["tokenizer.ggml.merges"]])
    assert tok.tokens == meta["tokenizer.ggml.tokens"], "tokens and merges disagree"
    assert tok.tokens[meta["tokenizer.ggml.eos_token_id"]] == "<|im_end|>"
    writer = Writer(random.Random(11))
    strings = build.token_strings(random.Random(11), [writer.dialogue() for _ in range(400)])
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="\n") as f:
        for s in strings:
            f.write(" ".join(map(str, tok.encode(s))) + "\t" + s + "\n")
        f.flush()
        return subprocess.run([program, "--model", model, "--tokens", f.name], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
