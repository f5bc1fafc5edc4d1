"""How people really type: no accents, no capitals, typos, slang, emoji, a name in front."""

import re
import unicodedata

SLANG = {
    "fr": [("c'est quoi", "c koi"), ("c'est quoi", "cé quoi"), ("qu'est-ce que", "kesk"), ("qu'est-ce que", "qu'est ce que"), ("est-ce que ", "esque "),
           ("s'il te plaît", "stp"), ("pourquoi", "pk"), ("pourquoi", "pkoi"), ("tu es", "t'es"), ("tu as", "t'as"), ("je suis", "chuis"), ("je suis", "jsuis"),
           ("je ne ", "j'"), ("salut", "slt"), ("bonjour", "bjr"), ("beaucoup", "bcp"), ("c'est", "c"), ("quoi", "koi"), ("parce que", "pcq"), ("j'ai", "jai"),
           ("tu peux", "tu px"), ("quelque chose", "qqch"), ("quelqu'un", "qqn"), ("tout le monde", "tlm"), ("toujours", "tjrs"), ("vraiment", "vrmt"), ("aujourd'hui", "ajd")],
    "en": [("what is", "what's"), ("what is", "whats"), ("are you", "r u"), ("you", "u"), ("please", "pls"), ("because", "cuz"), ("why", "y"), ("i am", "im"), ("i'm", "im"),
           ("do not", "dont"), ("don't", "dont"), ("going to", "gonna"), ("want to", "wanna"), ("what are", "whatre"), ("your", "ur"), ("thanks", "thx"), ("really", "rly"),
           ("tell me", "tell me"), ("people", "ppl"), ("right now", "rn"), ("can't", "cant"), ("it's", "its"), ("about", "abt")],
}
EMOJI = ["😂", "😊", "😅", "🤔", "😭", "🔥", "👀", "❤️", "🎮", "😎", "🙏", "😢", "😡", "😮", ":)", ":D", "xD", "mdr", "lol", "^^", "<3", ":("]
CALL = {
    "fr": ["Pal, {}", "Hey Pal, {}", "Dis Pal, {}", "dis, {}", "@pal {}", "{} Pal ?", "yo pal {}", "{} stp", "euh {}", "Alors, {}", "bon, {}", "au fait, {}", "petite question : {}", "{} s'il te plaît"],
    "en": ["Pal, {}", "Hey Pal, {}", "hey, {}", "@pal {}", "yo pal {}", "{} please", "um {}", "so, {}", "ok, {}", "by the way, {}", "quick question: {}", "{} pls", "tell me, {}"],
}


def strip_accents(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def typo(rng, text):
    """One slip of the fingers in a word of four letters or more."""
    spots = [m.start() for m in re.finditer(r"(?<=[^\W\d_])[^\W\d_](?=[^\W\d_]{2})", text)]
    if not spots:
        return text
    i = rng.choice(spots)
    kind = rng.randrange(4)
    if kind == 0:
        return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    if kind == 1:
        return text[:i] + text[i + 1:]
    if kind == 2:
        return text[:i] + text[i] + text[i:]
    return text[:i] + rng.choice("aeiorstn") + text[i + 1:]


def noisy(rng, text, lang, protect=False):
    """`text` as somebody might type it. `protect`: it holds a word that must stay readable."""
    if rng.random() < 0.10 and not protect:
        call = rng.choice(CALL[lang])
        body = text[0].lower() + text[1:] if not re.match(r"[A-Z]{2}|I\b|I'", text) else text
        if call.endswith("?") or "{} " in call:
            body = body.rstrip(" ?!.")
            text = call.format(body)
            if not call.endswith("?"):
                text += " ?" if lang == "fr" and rng.random() < 0.3 else ""
        else:
            text = call.format(body)
    if rng.random() < 0.02 and text.endswith("?"):
        text += " Réponds en une phrase." if lang == "fr" else " Answer in one sentence."
    dice = rng.random()
    if dice < 0.38:
        pass
    elif dice < 0.62:
        text = text.lower()
    else:
        if rng.random() < 0.75:
            text = text.lower()
        if rng.random() < 0.45:
            text = strip_accents(text)
        if rng.random() < 0.45:
            text = text.rstrip(" ?.!")
        if rng.random() < 0.2 and not protect:
            old, new = rng.choice(SLANG[lang])
            text = re.sub(rf"(?<!\w){re.escape(old)}", new, text, flags=re.I)
        if rng.random() < 0.3 and not protect:
            text = typo(rng, text)
        if rng.random() < 0.08:
            text = text.replace("'", "")
        if rng.random() < 0.03:
            text = text.upper()
    if rng.random() < 0.15:
        text = text.replace("'", "’")
    if rng.random() < 0.12:
        text = re.sub(r"\s+([?!])", r"\1", text)
    if rng.random() < 0.06:
        text += " " + rng.choice(EMOJI)
    if rng.random() < 0.03:
        text = re.sub(r"([?!])$", lambda m: m.group(1) * rng.randrange(2, 4), text)
    return text.strip() or "?"
