"""Puts single exchanges together into dialogues: personas, several speakers, follow-ups, memory."""

from dataclasses import dataclass, field

from . import computers, facts as fact_module, feelings, fun, games, persona as persona_text, programming, slots, smalltalk, stream, tables, unknown, world
from .core import content_words, expand, held_out, keywords, parse
from .noise import noisy
from .prompts import Persona, persona

SPEAKERS = ["alice", "bob", "Kevin_42", "luna", "xX_Dark_Xx", "marie", "Tom", "zoe", "nico", "GamerGirl", "le_renard", "sam", "Théo", "lea", "captain_fox", "mina", "yuki", "user0", "user1", "user2", "Jules", "emma", "karim", "noob_master",
            "PixelCat", "oceane", "max", "Sarah", "bilal", "cosmic_owl", "titi", "viewer1", "Nora", "hugo", "lulu77", "rex", "Ines", "paul", "Chloé", "shadow"]
LIKES = {
    "fr": ["les chats", "les chiens", "la pizza", "le chocolat", "Minecraft", "Zelda", "les échecs", "la musique", "le foot", "la danse", "le dessin", "les mangas", "la randonnée", "le piano", "la guitare", "les sushis", "le ski", "Tetris", "la lecture",
           "les étoiles", "le vélo", "la natation", "la cuisine", "les crêpes", "la photo", "le jardinage", "les dragons", "le tennis", "la plage", "le café"],
    "en": ["cats", "dogs", "pizza", "chocolate", "Minecraft", "Zelda", "chess", "music", "football", "dancing", "drawing", "manga", "hiking", "the piano", "the guitar", "sushi", "skiing", "Tetris", "reading", "stars", "cycling", "swimming", "cooking",
           "pancakes", "photography", "gardening", "dragons", "tennis", "the beach", "coffee"],
}
TELL_NAME = {"fr": expand("{je m'appelle|moi c'est|mon nom est|mon prénom c'est|salut, je m'appelle|coucou, moi c'est|salut moi c'est|appelle-moi} X{|, et toi ?| !}"),
             "en": expand("{my name is|I'm called|call me|hi, my name is|hello, I'm|hey, my name is|you can call me} X{|, and you?|!}")}
MEET = {"fr": ["Enchanté, X ! Moi, c'est {me}.", "Salut X ! Ravi de te connaître, je suis {me}.", "X, quel joli prénom ! Moi, c'est {me}."],
        "en": ["Nice to meet you, X! I'm {me}.", "Hi X! Lovely to meet you, I'm {me}.", "X, what a lovely name! I'm {me}."]}
ASK_NAME = {"fr": expand("{comment je m'appelle|c'est quoi mon nom|tu te souviens de mon nom|c'est quoi mon prénom|quel est mon nom|tu sais comment je m'appelle|qui suis-je|je suis qui} {?|déjà ?}"),
            "en": expand("{what's my name|what is my name|do you remember my name|who am I|do you know my name|tell me my name|what was my name} {?|again?}")}
KNOW_NAME = {"fr": ["Tu t'appelles X, bien sûr !", "C'est X ! Je n'oublie pas mes amis."], "en": ["Your name is X, of course!", "It's X! I don't forget my friends."]}
NO_NAME = {"fr": ["Tu ne me l'as pas encore dit ! Comment tu t'appelles ?", "Je ne sais pas encore. Dis-moi ton nom !"], "en": ["You haven't told me yet! What's your name?", "I don't know yet. Tell me your name!"]}
TELL_LIKE = {"fr": expand("{j'adore|j'aime|moi j'adore|j'aime beaucoup|ma passion c'est|mon truc préféré c'est} X{| !|, c'est ma vie}"), "en": expand("{I love|I like|I really love|I really like|my passion is|my favourite thing is} X{|!|, it's my life}")}
NICE_LIKE = {"fr": ["Oh, X ? Très bon goût, j'adore l'enthousiasme !", "X, génial ! Raconte-moi ce qui te plaît.", "Trop bien, X ! Ça me donne le sourire."],
             "en": ["Oh, X? Great taste, I love the enthusiasm!", "X, wonderful! Tell me what you like about it.", "So nice, X! That makes me smile."]}
ASK_LIKE = {"fr": expand("{qu'est-ce que j'aime|j'aime quoi|tu te souviens de ce que j'aime|c'est quoi ma passion|de quoi je t'ai parlé|j'ai dit que j'aimais quoi} {?|déjà ?}"),
            "en": expand("{what do I like|what did I say I like|do you remember what I like|what's my passion|what did I tell you about|what do I love} {?|again?}")}
KNOW_LIKE = {"fr": ["Tu aimes X, tu me l'as dit !", "X ! Je m'en souviens très bien."], "en": ["You like X, you told me!", "X! I remember it well."]}
WHO_LIKES = {"fr": expand("{qui aime|qui a dit qu'il aimait|c'est qui qui aime|qui adore} X ?"), "en": expand("{who likes|who said they like|who loves|which of us likes} X?")}
SPEAKER_LIKES = {"fr": ["C'est § qui aime X !", "§ ! C'est § qui l'a dit."], "en": ["It's § who likes X!", "§! § said so."]}
HELLO_NAMED = {"fr": ["Salut § ! Content de te voir, ça va ?", "Coucou § ! Bienvenue, installe-toi !", "Hey § ! Quoi de neuf ?"], "en": ["Hi §! Happy to see you, how are you?", "Hello §! Welcome, make yourself at home!", "Hey §! What's new?"]}
SAY = {"fr": expand("{dis|répète après moi :|écris|dis juste} « X »"), "en": expand("{say|repeat after me:|write|just say} \"X\"")}
SAID = {"fr": ["Tu as dit : « X »", "Tu viens de dire : « X »"], "en": ["You said: \"X\"", "You just said: \"X\""]}
ASK_SAID = {"fr": expand("{j'ai dit quoi|qu'est-ce que j'ai dit|qu'est-ce que je viens de dire|je disais quoi|tu peux répéter ce que j'ai dit|c'était quoi mon message} {?|Pal ?|déjà ?}"),
            "en": expand("{what did I say|what did I just say|what was I saying|can you repeat what I said|what was my message|what did I write} {?|Pal?|again?}")}


@dataclass
class Exchange:
    user: str
    reply: str
    lang: str
    words: list
    form: str
    kind: str = "answer"  # answer, follow, name, memory, unknown
    who: str = ""


@dataclass
class Dialogue:
    persona: Persona
    exchanges: list
    multi: bool = False
    text: list = field(default_factory=list)


class Writer:
    """Writes dialogues. In training no held-out form is ever asked; see probe() for validation."""

    def __init__(self, rng):
        self.rng = rng
        self.intents = []
        for module, name in ((smalltalk, "small"), (persona_text, "self"), (feelings, "feel"), (fun, "fun"), (stream, "stream")):
            self.intents += parse(module.TEXT, name)
        keywords(self.intents)
        self.groups = {name: fact_module.parse(text, name) for text, name in ((programming.TEXT + computers.TEXT, "tech"), (games.TEXT, "game"), (world.TEXT, "world"))}
        self.facts = [fact for group in self.groups.values() for fact in group]
        fact_module.keywords(self.facts)
        self.joke_words = {lang: sorted(set().union(*map(content_words, jokes))) for lang, jokes in fun.JOKES.items()}
        self.riddle_words = {lang: sorted(set().union(*(content_words(r[0]) for r in riddles))) for lang, riddles in fun.RIDDLES.items()}
        self.held = False  # whether the next exchange must use a held-out form

    def allowed(self, form):
        return held_out(form) == self.held

    def pick(self, forms):
        """A form this split may ask, or None."""
        good = [f for f in forms if self.allowed(f)]
        if not self.held and not good:
            good = forms  # a side is never left without trained forms; see core.Side.split
        return self.rng.choice(good) if good else None

    def exchange(self, form, lang, answers, words, kind="answer", x=None, protect=False, who=None):
        if form is None:
            return None
        answer = self.rng.choice(answers)
        user = form
        if x is not None:
            user, answer = user.replace("X", x), answer.replace("X", x)
            answer = answer[0].upper() + answer[1:]
            words = [w.replace("X", x.lower()) for w in words]
        user = noisy(self.rng, user, lang, protect or x is not None)
        return Exchange(user, answer, lang, words, form, kind)

    def ask_side(self, side, lang, kind="answer"):
        train, valid = side.split()
        forms = valid if self.held else train
        if not forms or not side.answers:
            return None
        return self.exchange(self.rng.choice(forms), lang, side.answers, side.words, kind)

    # Scenes: each returns a list of exchanges, or None when this split has no form for it.

    def talk(self, lang, held_follow=False):
        intent = self.rng.choices(self.intents, [i.weight for i in self.intents])[0]
        side = intent.side[lang]
        if held_follow:
            options = [f for f in side.follow if f.split()[1]]
            if not options:
                return None
            self.held = False
            first = self.ask_side(side, lang)
            self.held = True
            return [first, self.ask_side(self.rng.choice(options), lang, "follow")]
        out = [self.ask_side(side, lang)]
        if side.follow and not self.held and self.rng.random() < 0.6:
            out.append(self.ask_side(self.rng.choice(side.follow), lang, "follow"))
        return out

    def fact(self, lang, held_follow=False):
        group = self.rng.choices(list(self.groups.values()), [6, 3, 3])[0]
        fact = self.rng.choice(group)
        sides = [s[lang] for s in (fact.side, fact.purpose, fact.example) if s[lang].answers]
        weights = [7, 2, 2][: len(sides)]
        if held_follow:
            self.held = False
            first = self.ask_side(fact.side[lang], lang)
            self.held = True
            follow = self.fact_follow(fact, group, lang, first)
            return [first, follow[0]] if follow else None
        side = self.rng.choices(sides, weights)[0]
        first = self.ask_side(side, lang)
        out = [first]
        if self.held or first is None:
            return out
        for _ in range(self.rng.choice([0, 0, 1, 1, 1, 2, 2, 3])):
            follow = self.fact_follow(fact, group, lang, out[-1])
            if follow:
                out.append(follow[0])
                fact = follow[1]
        return out

    def fact_follow(self, fact, group, lang, last):
        """(exchange, fact now spoken of) leaning on `fact`."""
        kind = self.rng.choices(["purpose", "example", "other", "language", "repeat"], [4, 4, 5, 1.2, 1.2])[0]
        if fact.topic == "game" and kind in ("purpose", "example"):
            name = fact.name[lang]
            answers = [a.replace("X", name[0].upper() + name[1:]) for a in tables.OPINION[lang]]
            out = self.exchange(self.pick(tables.FOLLOW_OPINION[lang]), lang, answers, [name.lower()], "follow")
            return (out, fact) if out else None
        if kind == "other":
            other = self.rng.choice(group)
            form = self.pick(tables.patterns("#".join(tables.FOLLOW_OTHER[lang]), other.name[lang], other.bare(lang), lang))
            if other is fact or not form:
                return None
            return self.exchange(form, lang, other.side[lang].answers, other.side[lang].words, "follow"), other
        if kind in ("purpose", "example"):
            side = (fact.purpose if kind == "purpose" else fact.example)[lang]
            form = self.pick((tables.FOLLOW_PURPOSE if kind == "purpose" else tables.FOLLOW_EXAMPLE)[lang])
            if not side.answers or not form:
                return None
            return self.exchange(form, lang, side.answers, side.words, "follow"), fact
        if kind == "language":
            other = "en" if lang == "fr" else "fr"
            form = self.pick(tables.FOLLOW_LANGUAGE[lang])
            if not form or last.reply not in fact.side[lang].answers:
                return None
            out = self.exchange(form, lang, fact.side[other].answers, fact.side[other].words, "follow")
            out.lang = other
            return out, fact
        form = self.pick(tables.FOLLOW_REPEAT[lang])
        if not form:
            return None
        return self.exchange(form, lang, [last.reply], [last.reply.lower()], "follow"), fact

    def unknown(self, lang, held_follow=False):
        held = self.held
        if held_follow:
            self.held = False
        kind, form, text, answer = unknown.question(self.rng, lang, held_out, self.held)
        out = [Exchange(noisy(self.rng, text, lang, kind in ("noun", "person", "maths")), answer, lang, unknown.WORDS[lang], form, "unknown")]
        self.held = held
        if held_follow or (not held and self.rng.random() < 0.15):
            forms, answers, words = tables.FOLLOW_WHY_UNKNOWN[lang]
            form = self.pick(forms)
            if not form:
                return None
            out.append(self.exchange(form, lang, answers, words, "follow"))
        return out

    def row(self, lang):
        kind, form, answer, words = tables.row(self.rng, lang, self.allowed)
        return [Exchange(noisy(self.rng, form, lang, True), answer, lang, words, form)]

    def joke(self, lang, held_follow=False):
        held, jokes = self.held, list(fun.JOKES[lang])
        self.rng.shuffle(jokes)
        if held_follow:
            self.held = False
        form = self.pick(expand(fun.ASK_JOKE[lang]))
        out = [self.exchange(form, lang, [jokes.pop()], self.joke_words[lang])]
        self.held = held
        for _ in range(1 if held_follow else 0 if held else self.rng.choice([0, 0, 1, 1, 2])):
            out.append(self.exchange(self.pick(expand(fun.AGAIN[lang])), lang, [jokes.pop()], self.joke_words[lang], "follow"))
        return out

    def riddle(self, lang, held_follow=False):
        held = self.held
        question, key, answer = self.rng.choice(fun.RIDDLES[lang])
        if held_follow:
            self.held = False
        out = [self.exchange(self.pick(expand(fun.ASK_RIDDLE[lang])), lang, [question], self.riddle_words[lang])]
        self.held = held
        if held and not held_follow:
            return out
        if self.rng.random() < 0.6 or held_follow:
            replies = [r.format(answer) for r in fun.REVEAL[lang]]
            out.append(self.exchange(self.pick(expand(fun.GIVE_UP[lang])), lang, replies, [key], "follow"))
        else:
            guess = self.rng.choice([key, answer.rstrip(" !").lower(), f"c'est {answer.rstrip(' !').lower()}" if lang == "fr" else f"it's {answer.rstrip(' !').lower()}"])
            out.append(self.exchange(guess, lang, [r.format(answer) for r in fun.WELL_DONE[lang]], [key], "follow"))
        return out

    def hands(self, lang):
        pattern, start, names, results = fun.PLAY[lang]
        mine, yours = self.rng.randrange(3), self.rng.randrange(3)
        result = results[0 if mine == yours else 1 if (yours - mine) % 3 == 1 else 2].replace("{mine}", names[mine]).replace("{yours}", names[yours])
        return [self.exchange(self.pick(expand(pattern)), lang, [start], names), self.exchange(names[yours], lang, [result], names, "follow")]

    def say(self, lang):
        form = self.pick(SAY[lang])
        column = 0 if lang == "fr" else 1
        what = " ".join(self.rng.choice(tables.WORDS)[column] if self.rng.random() < 0.7 else unknown.made_up(self.rng) for _ in range(self.rng.choice([1, 2, 2, 3, 4])))
        return [self.exchange(form, lang, [what[0].upper() + what[1:] + (" !" if lang == "fr" else "!")], [what.lower()], x=what)]

    def name(self, lang, held_follow=False):
        held = self.held
        x = self.rng.choice(unknown.FIRST + [s.capitalize() for s in SPEAKERS]) if self.rng.random() < 0.5 else unknown.made_up(self.rng).capitalize()
        if held_follow:
            self.held = False
        out = [self.exchange(self.pick(TELL_NAME[lang]), lang, MEET[lang], ["X"], "name", x)]
        self.held = held
        if held and not held_follow:
            return out
        between = self.small(lang) if self.rng.random() < 0.6 else []
        self.held = held
        form = self.pick(ASK_NAME[lang])
        return out + between + [self.exchange(form, lang, KNOW_NAME[lang], ["X"], "follow", x)]

    def nameless(self, lang):
        return [self.exchange(self.pick(ASK_NAME[lang]), lang, NO_NAME[lang], ["encore", "yet"])]

    def like(self, lang, held_follow=False):
        held = self.held
        x = self.rng.choice(LIKES[lang])
        if held_follow:
            self.held = False
        out = [self.exchange(self.pick(TELL_LIKE[lang]), lang, NICE_LIKE[lang], ["X"], "memory", x)]
        self.held = held
        if held and not held_follow:
            return out
        between = self.small(lang) if self.rng.random() < 0.5 else []
        self.held = held
        return out + between + [self.exchange(self.pick(ASK_LIKE[lang]), lang, KNOW_LIKE[lang], ["X"], "follow", x)]

    def open(self, lang, held_follow=False):
        held = self.held
        if held_follow:
            self.held = False
        got = slots.scene(self.rng, lang, self.allowed, held_follow or (not held and self.rng.random() < 0.3))
        self.held = held
        if not got or (held_follow and len(got) < 2):
            return None
        form, x, answer, words, text = got[0]
        out = [Exchange(noisy(self.rng, text, lang, True), answer, lang, words, form)]
        for form, x, answer, words, text in got[1:]:
            out.append(self.exchange(self.pick(form), lang, [answer], words, "follow"))
        return out

    def echo(self, lang, last):
        """A question about the words just exchanged: Pal's, or the person's own."""
        if self.rng.random() < 0.6:
            return self.exchange(self.pick(tables.FOLLOW_REPEAT[lang]), lang, [last.reply], [last.reply.lower()], "follow")
        answer = self.rng.choice(SAID[lang]).replace("X", last.user)
        return self.exchange(self.pick(ASK_SAID[lang]), lang, [answer], [last.user.lower()], "follow")

    def small(self, lang):
        """One or two exchanges to put between a thing said and the question about it."""
        self.held = False
        out = self.rng.choice([self.talk, self.fact, self.row, self.joke])(lang)
        return [e for e in out if e][: self.rng.choice([1, 1, 2])]

    SCENES = [("talk", 40), ("fact", 34), ("unknown", 12), ("open", 14), ("row", 11), ("joke", 7), ("riddle", 4), ("hands", 1), ("say", 4), ("name", 9), ("nameless", 0.4), ("like", 6)]

    def scene(self, lang, translatable=False):
        while True:
            name = self.rng.choices([s for s, _ in self.SCENES], [w for _, w in self.SCENES])[0]
            if translatable and name not in ("talk", "fact"):
                continue
            out = getattr(self, name)(lang)
            if out and all(out):
                return out

    def crowd(self, lang):
        """A chat with several speakers: each line is "name: text", some talk about one another."""
        cast = self.rng.sample(SPEAKERS, self.rng.randrange(2, 5))
        out = []
        said = {}
        for _ in range(self.rng.randrange(1, 6)):
            who = self.rng.choice(cast)
            dice = self.rng.random()
            if dice < 0.15:
                form = self.rng.choice(["salut", "coucou", "hello", "bonjour", "yo"] if lang == "fr" else ["hi", "hello", "hey", "yo", "hi Pal"])
                lines = [Exchange(noisy(self.rng, form, lang), self.rng.choice(HELLO_NAMED[lang]).replace("§", who), lang, [who.lower()], form)]
            elif dice < 0.30:
                x = self.rng.choice(LIKES[lang])
                said[who] = x
                lines = [self.exchange(self.pick(TELL_LIKE[lang]), lang, NICE_LIKE[lang], ["X"], "memory", x)]
            elif dice < 0.42 and said:
                name, x = self.rng.choice(list(said.items()))
                form = self.pick(WHO_LIKES[lang])
                lines = [Exchange(noisy(self.rng, form.replace("X", x), lang, True), self.rng.choice(SPEAKER_LIKES[lang]).replace("§", name).replace("X", x), lang, [name.lower()], form, "follow")]
            elif dice < 0.50:
                form = self.pick(ASK_NAME[lang])
                lines = [Exchange(noisy(self.rng, form, lang, True), self.rng.choice(KNOW_NAME[lang]).replace("X", who), lang, [who.lower()], form, "follow")]
            else:
                lines = [e for e in self.scene(lang) if e.kind not in ("name",)][:2]
            for line in lines:
                line.who = who
            out += lines
        return out

    def dialogue(self):
        """A training dialogue: mostly up to six exchanges (twelve messages), a few longer."""
        self.held = False
        lang = "fr" if self.rng.random() < 0.54 else "en"
        who = persona(self.rng, lang, unknown.made_up)
        multi = not who.lang and self.rng.random() < 0.14
        want = self.rng.choices([1, 2, 3, 4, 5, 6, 14], [28, 21, 16, 12, 10, 10, 3])[0]
        out = []
        while len(out) < want:
            out += self.crowd(lang) if multi else self.scene(lang, bool(who.lang))
            if not multi and not who.lang and self.rng.random() < 0.10:
                out.append(self.echo(out[-1].lang, out[-1]))
            if not multi and self.rng.random() < 0.06:
                lang = "en" if lang == "fr" else "fr"
        out = out[: max(6, want)]
        if who.lang:  # up to the first answer that the material does not have in that language
            good = 0
            while good < len(out) and (out[good].lang == who.lang or self.translations(out[good])) and out[good].form not in tables.FOLLOW_REPEAT[lang]:
                good += 1
            out = out[:good]
            if not out:
                return self.dialogue()
        return self.finish(Dialogue(who, out, multi))

    def probe(self, follow):
        """A validation dialogue: its last question is a held-out form, what came before is trained."""
        while True:
            lang = self.rng.choice(["fr", "en"])
            self.held = True
            names = ["talk", "fact", "fact", "unknown", "joke", "riddle", "name", "like", "open"] if follow else ["talk", "talk", "fact", "fact", "unknown", "row", "open", "joke", "riddle", "name", "like"]
            scene = getattr(self, self.rng.choice(names))
            out = scene(lang, held_follow=True) if follow else scene(lang)
            if not out or not all(out) or not held_out(out[-1].form):
                continue
            before = []
            if self.rng.random() < 0.3:
                self.held = False
                before = self.scene(lang)
            who = persona(self.rng, lang, unknown.made_up)
            if who.lang:  # a fixed language is trained, not probed here
                who = Persona()
            return self.finish(Dialogue(who, (before + out)[-6:]))

    def finish(self, d):
        for e in d.exchanges:
            lang = e.lang
            if d.persona.lang and d.persona.lang != e.lang:
                reply = self.translated(e, d.persona.lang)
                if reply:
                    e.reply, lang = reply, d.persona.lang
            e.words = [w.replace("{me}", d.persona.name.lower()) for w in e.words]
            reply = d.persona.voice(self.rng, e.reply, lang)
            d.text.append((f"{e.who}: {e.user}" if d.multi and e.who else e.user, reply))
        return d

    def translated(self, e, lang):
        """The answer to the same question in another language, when the material has one."""
        group = self.translations(e)
        if group and lang in group and group[lang].answers:
            e.lang, e.words = lang, group[lang].words
            return self.rng.choice(group[lang].answers)
        return None

    def translations(self, e):
        """{language: Side} of an exchange's answer, or None."""
        index = getattr(self, "_index", None)
        if index is None:
            index = {}
            for intent in self.intents:
                for code, side in intent.side.items():
                    for a in side.answers:
                        index[a] = intent.side
                    for i, follow in enumerate(side.follow):
                        for a in follow.answers:
                            index[a] = {c: s.follow[i] for c, s in intent.side.items() if i < len(s.follow)}
            for fact in self.facts:
                for group in (fact.side, fact.purpose, fact.example):
                    for side in group.values():
                        for a in side.answers:
                            index[a] = group
            self._index = index
        return index.get(e.reply)
