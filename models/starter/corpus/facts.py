"""Facts: one entry a subject, multiplied by the question patterns of tables.py.

Notation of the material (programming.py, computers.py, games.py, world.py):

    @ key | French name | English name      names with their article: "un tuple", "a tuple"
    f / d   definition in French / English  (one line each; several are drawn from)
    g / u   what it is for
    h / x   an example
"""

import re

from . import tables
from .core import Intent, Side


def bare(name):
    return re.sub(r"^(un |une |le |la |les |des |l'|a |an |the )", "", name)


class Fact(Intent):
    """An intent whose subject has a name, so that "and X?" can lean on the question before."""

    def __init__(self, key, topic, fr, en):
        super().__init__(f"{topic}.{key}", topic, 1.0)
        self.name = {"fr": fr, "en": en}
        self.purpose = {"fr": Side(), "en": Side()}
        self.example = {"fr": Side(), "en": Side()}

    def bare(self, lang):
        return bare(self.name[lang])


def parse(text, topic):
    facts = []
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        head, body = line[0], line[2:].strip()
        if head == "@":
            key, fr, en = (part.strip() for part in body.split("|"))
            facts.append(Fact(key, topic, fr, en))
            continue
        fact = facts[-1]
        side = {"f": fact.side["fr"], "d": fact.side["en"], "g": fact.purpose["fr"], "u": fact.purpose["en"], "h": fact.example["fr"], "x": fact.example["en"]}[head]
        side.answers.append(body)
    for fact in facts:
        for lang in ("fr", "en"):
            name, short = fact.name[lang], fact.bare(lang)
            for side, text_of in ((fact.side, tables.DEFINE), (fact.purpose, tables.PURPOSE), (fact.example, tables.EXAMPLE)):
                if side[lang].answers:
                    side[lang].forms = tables.patterns(text_of[lang], name, short, lang)
    return facts


def sides(facts):
    for fact in facts:
        for lang in ("fr", "en"):
            for group in (fact.side, fact.purpose, fact.example):
                if group[lang].answers:
                    yield fact, lang, group[lang]


def keywords(facts):
    """Expected words: those in an answer that at most three facts use, and not part of the name."""
    use = {}
    for fact in facts:
        words = set()
        for owner, _, side in sides([fact]):
            words |= {w for a in side.answers for w in re.findall(r"[\w.+#-]{4,}", a.lower())}
        for word in words:
            use[word] = use.get(word, 0) + 1
    for fact, lang, side in sides(facts):
        named = set(re.findall(r"[\w.+#-]+", fact.name[lang].lower()))
        rare = set()
        for answer in side.answers:
            own = {w.strip(".,-") for w in re.findall(r"[\w.+#-]{4,}", answer.lower())} - named
            good = {w for w in own if use.get(w, 1) <= 3}
            rare |= good or set(sorted(own, key=lambda w: use.get(w, 1))[:1]) or named
        side.words = sorted(rare)
