"""Intents, their notation, and the split into trained and held-out question forms.

An intent is one thing a person may want, with question forms and answers in both languages. Material
files write intents in a small notation, one block each:

    @ key             starts an intent; `key w=3` sets its weight
    fr / en           language of the lines below
    ? form            question; {a|b|} are alternatives and multiply
    = answer          one of several
    ! word, word      expected in an answer (for the evaluation); without it, see keywords()
    > form            a follow-up that leans on the answer above; then >= and >! as above

A form (an expanded question) is held out from training when its hash says so: the same form is held
out in every run, whatever the seed.
"""

import hashlib
import re

HELD_OUT_PERCENT = 10
MAX_FORMS = 240  # of one intent and language, so that one rich grammar does not drown the others


def expand(pattern):
    """All strings of a {a|b} pattern (alternatives may nest). {me}, the persona's name, stays."""
    match = re.search(r"\{([^{}]*\|[^{}]*)\}", pattern)
    if not match:
        return [re.sub(r"\s+", " ", pattern).strip()]
    out = []
    for choice in match.group(1).split("|"):
        out += expand(pattern[: match.start()] + choice + pattern[match.end():])
    return out


def held_out(form):
    """Whether validation owns this form. Case and punctuation do not make a new form."""
    plain = re.sub(r"[^\w]+", " ", form.lower()).strip()
    return int(hashlib.sha256(plain.encode()).hexdigest(), 16) % 100 < HELD_OUT_PERCENT


class Side:
    """One language of an intent: forms, answers, keywords, follow-ups."""

    def __init__(self):
        self.forms = []
        self.answers = []
        self.words = []
        self.follow = []  # list of Side
        self._split = None

    def split(self):
        """(trained forms, held-out forms); a side is never left without trained forms."""
        if self._split is None:
            forms = list(dict.fromkeys(self.forms))
            if len(forms) > MAX_FORMS:
                forms = sorted(forms, key=lambda f: hashlib.sha256(f.encode()).digest())[:MAX_FORMS]
            train = [f for f in forms if not held_out(f)]
            valid = [f for f in forms if held_out(f)]
            if not train:
                train, valid = forms, []
            self._split = (train, valid)
        return self._split


class Intent:
    def __init__(self, key, topic, weight):
        self.key = key
        self.topic = topic
        self.weight = weight
        self.side = {"fr": Side(), "en": Side()}
        self.related = []  # other intents whose names suit "and X?"


def parse(text, topic):
    """The intents of a material text."""
    intents, side, last = [], None, None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        head, _, body = line.partition(" ")
        body = body.strip()
        if head == "@":
            weight = re.search(r"w=([\d.]+)", body)
            key = body.split()[0]
            intents.append(Intent(f"{topic}.{key}", topic, float(weight.group(1)) if weight else 1.0))
        elif line in ("fr", "en"):
            side = last = intents[-1].side[line]
        elif head == "?":
            side.forms += expand(body)
            last = side
        elif head == "=":
            side.answers += expand(body)
        elif head == "!":
            side.words += [w.strip().lower() for w in body.split(",")]
        elif head == ">":
            if last is side or last.answers:
                last = Side()
                side.follow.append(last)
            last.forms += expand(body)
        elif head == ">=":
            last.answers += expand(body)
        elif head == ">!":
            last.words += [w.strip().lower() for w in body.split(",")]
        else:
            raise ValueError(f"{topic} line {number}: {raw!r}")
    return intents


def sides(intents):
    """Every (intent, language, side), follow-ups included."""
    for intent in intents:
        for lang, side in intent.side.items():
            yield intent, lang, side
            for follow in side.follow:
                yield intent, lang, follow


def content_words(text):
    return {w for w in re.findall(r"[^\W\d_]{4,}", text.lower())}


def keywords(intents):
    """Fills in missing expected words: those of the answers that few other intents use.

    A word counts when at most three intents' answers hold it, so that "le", "play" or "content" never
    make an answer right. Intents whose answers hold no such word keep their own rarest words.
    """
    use = {}
    for intent in intents:
        seen = set()
        for lang in intent.side:
            for side in [intent.side[lang]] + intent.side[lang].follow:
                for answer in side.answers:
                    seen |= content_words(answer)
        for word in seen:
            use[word] = use.get(word, 0) + 1
    for intent, _, side in sides(intents):
        if side.words or not side.answers:
            continue
        words = set().union(*(content_words(a) for a in side.answers))
        rare = {w for w in words if use[w] <= 3}
        for answer in side.answers:  # each answer must be able to pass
            own = content_words(answer)
            if own and not own & rare:
                rare.add(min(own, key=lambda w: (use[w], -len(w), w)))
        side.words = sorted(rare)
