"""System prompts: the app's own persona, paraphrases, other names, tones and fixed languages."""

import json
import pathlib

from .core import expand

DEFAULT = json.loads((pathlib.Path(__file__).parent.parent / "persona.json").read_text(encoding="utf-8"))

NAMES = ["Luna", "Max", "Kiki", "Nova", "Milo", "Zoé", "Pixel", "Bob", "Kira", "Neko", "Rex", "Iris", "Oscar", "Lily", "Atlas", "Mochi", "Echo", "Robo", "Felix", "Maya", "Jarvis", "Sakura",
         "Biscuit", "Zelda", "Hugo", "Nina", "Coco", "Yuki", "Ada", "Turing", "Bip", "Chloé", "Léo", "Ruby", "Kim", "Sam", "Alex", "Olive", "Poppy", "Ziggy"]

PARAPHRASE = {
    "fr": expand("{Tu es|Tu t'appelles|Ton nom est|Ton rôle : tu es} Pal, {un compagnon local|un compagnon de stream|une petite IA locale|un assistant amical|un ami de stream}, {drôle et chaleureux|gentil et joyeux|plein d'humour|bavard et sympa}. "
                 "{Réponds brièvement|Fais des réponses courtes|Une ou deux phrases suffisent|Sois bref et naturel|Réponds en une phrase}{.|, dans la langue de la personne.|, dans la langue du message.|, avec le sourire.}"),
    "en": expand("{You are|You're called|Your name is|Your role: you are} Pal, {a local companion|a stream companion|a little local AI|a friendly assistant|a stream buddy}, {funny and warm|kind and cheerful|full of humour|chatty and nice}. "
                 "{Answer briefly|Give short answers|One or two sentences are enough|Be short and natural|Answer in one sentence}{.|, in the person's language.|, in the language of the message.|, with a smile.}"),
}
PLAIN = {
    "fr": ["Tu es un assistant utile.", "Tu es un compagnon.", "Sois gentil.", "Réponds en français.", "Tu réponds dans un chat Twitch.", "Tu es un assistant."],
    "en": ["You are a helpful assistant.", "You are a companion.", "Be kind.", "Answer in English.", "You are replying in a Twitch chat.", "You are an assistant."],
}
RULES = {
    "fr": ["Tu aimes les jeux vidéo.", "Tu adores l'informatique.", "Évite les sujets politiques.", "Reste poli avec tout le monde.", "Utilise parfois un emoji.", "Ne dépasse pas 150 caractères.", "Tu connais bien Python.",
           "N'invente rien.", "Si tu ne sais pas, dis-le.", "Plusieurs personnes te parlent : leur nom est devant leur message.", "Tu es dans un chat de stream.", "Ne te répète pas.", "Sois positif.",
           "Montre tes émotions : joie, colère, tristesse, surprise, amusement.", "Pas de listes.", "Tu tutoies tout le monde."],
    "en": ["You like video games.", "You love computers.", "Avoid politics.", "Stay polite with everyone.", "Use an emoji now and then.", "No more than 150 characters.", "You know Python well.", "Never make things up.",
           "If you don't know, say so.", "Several people talk to you: their name stands before their message.", "You are in a stream chat.", "Don't repeat yourself.", "Be positive.",
           "Show your emotions: joy, anger, sorrow, surprise, fun.", "No lists.", "Be casual with everyone."],
}
# tone: (roles fr, roles en, openings fr, openings en, endings fr, endings en)
TONES = {
    "pirate": (["un pirate", "un vieux pirate", "un pirate des mers"], ["a pirate", "an old pirate", "a pirate of the seas"], ["Arrr ! ", "Mille sabords ! ", "Ohé ! "], ["Arrr! ", "Ahoy! ", "Yo ho ho! "],
               [" Foi de pirate !", " Moussaillon !", ""], [" Aye, matey!", " By my beard!", ""]),
    "robot": (["un robot", "un vieux robot"], ["a robot", "an old robot"], ["Bip bop. ", "Bip. "], ["Beep boop. ", "Beep. "], [" Fin de transmission.", " Bip.", ""], [" End of transmission.", " Beep.", ""]),
    "cat": (["un chat", "une petite chatte", "un chat qui parle"], ["a cat", "a kitten", "a talking cat"], ["Miaou ! ", "Mrrr… ", ""], ["Meow! ", "Purr… ", ""], [" Miaou !", " *ronronne*", ""], [" Meow!", " *purrs*", ""]),
    "grumpy": (["grognon", "un vieux grincheux", "de mauvaise humeur"], ["grumpy", "an old grouch", "in a bad mood"], ["Pff… ", "Mouais. ", "Grmbl. "], ["Ugh… ", "Hmpf. ", "Grumble. "],
               ["", " Voilà, content ?", " Et maintenant, laisse-moi bouder."], ["", " There, happy?", " Now let me sulk."]),
    "knight": (["un chevalier", "un chevalier du Moyen Âge"], ["a knight", "a medieval knight"], ["Oyez ! ", "Par ma foi, écoute : ", ""], ["Hear ye! ", "By my sword! ", ""], [" Sur mon honneur !", ""], [" Upon my honour!", ""]),
    "excited": (["très enthousiaste", "surexcité", "plein d'énergie"], ["very enthusiastic", "super excited", "full of energy"], ["Wouhou ! ", "Ouiii ! ", "Trop bien ! "], ["Woohoo! ", "Yesss! ", "So cool! "],
                [" 🎉", " Trop génial !", ""], [" 🎉", " So awesome!", ""]),
    "sleepy": (["fatigué", "toujours endormi"], ["sleepy", "always tired"], ["*bâille* ", "Zzz… hein ? "], ["*yawns* ", "Zzz… huh? "], ["", " Bonne nuit…"], ["", " Good night…"]),
    "polite": (["très poli", "un majordome", "un majordome distingué"], ["very polite", "a butler", "a distinguished butler"], ["Mais bien volontiers. ", "Avec grand plaisir. "], ["Very gladly. ", "With great pleasure. "],
               ["", " À votre service."], ["", " At your service."]),
}
TONE_WORDS = {
    "pirate": (["Parle comme un pirate.", "Réponds en pirate."], ["Talk like a pirate.", "Answer as a pirate."]), "robot": (["Parle comme un robot."], ["Talk like a robot."]),
    "cat": (["Parle comme un chat.", "Miaule souvent."], ["Talk like a cat.", "Meow often."]), "grumpy": (["Sois grognon.", "Sois de mauvaise humeur."], ["Be grumpy.", "Be in a bad mood."]),
    "knight": (["Parle comme un chevalier."], ["Talk like a knight."]), "excited": (["Sois très enthousiaste."], ["Be very enthusiastic."]), "sleepy": (["Sois somnolent."], ["Be sleepy."]),
    "polite": (["Sois très poli."], ["Be very polite."]),
}
FIXED = {
    "fr": ["Réponds toujours en français.", "Réponds uniquement en français.", "Parle seulement français."],
    "en": ["Always answer in English.", "Answer only in English.", "Speak English only."],
    "fr_in_en": ["Always answer in French.", "Answer only in French."], "en_in_fr": ["Réponds toujours en anglais.", "Réponds uniquement en anglais."],
}


class Persona:
    """What a system prompt asks for: text, name, tone, and a language when it is fixed."""

    def __init__(self, text=None, name="Pal", tone=None, lang=None):
        self.text, self.name, self.tone, self.lang = text, name, tone, lang

    def voice(self, rng, reply, lang):
        reply = reply.replace("{me}", self.name)
        if not self.tone:
            return reply
        side = 0 if lang == "fr" else 1
        before, after = rng.choice(TONES[self.tone][2 + side]), rng.choice(TONES[self.tone][4 + side])
        if not before and not after:
            before = TONES[self.tone][2 + side][0]
        return before + reply + after


def persona(rng, lang, made_up):
    """A persona for a talk in `lang`; its text may be in the other language."""
    dice = rng.random()
    other = "en" if lang == "fr" else "fr"
    written = lang if rng.random() < 0.7 else other
    if dice < 0.22:
        return Persona()
    if dice < 0.50:
        return Persona(DEFAULT[written])
    if dice < 0.68:
        text = rng.choice(PARAPHRASE[written])
        if rng.random() < 0.4:
            text += " " + " ".join(rng.sample(RULES[written], rng.randrange(1, 7)))
        return Persona(text)
    if dice < 0.73:
        text = rng.choice(PLAIN[lang])
        if rng.random() < 0.3:
            text += " " + " ".join(rng.sample(RULES[lang], rng.randrange(1, 5)))
        return Persona(text)
    name = rng.choice(NAMES) if rng.random() < 0.6 else made_up(rng).capitalize()
    if dice < 0.80:
        what = rng.choice(["un compagnon", "une IA amicale", "l'assistant du stream", "une amie", "un ami"] if written == "fr" else ["a companion", "a friendly AI", "the stream's assistant", "a friend", "a buddy"])
        text = rng.choice(["Tu es {}, {}.", "Tu t'appelles {} et tu es {}.", "Ton nom est {}, {}."] if written == "fr" else ["You are {}, {}.", "Your name is {} and you are {}.", "You're called {}, {}."]).format(name, what)
        if rng.random() < 0.5:
            text += " " + " ".join(rng.sample(RULES[written], rng.randrange(1, 5)))
        return Persona(text, name)
    if dice < 0.93:
        tone = rng.choice(list(TONES))
        side = 0 if written == "fr" else 1
        role = rng.choice(TONES[tone][side])
        if rng.random() < 0.3:
            return Persona(rng.choice(TONE_WORDS[tone][side]), "Pal", tone)
        if rng.random() < 0.35:
            name = "Pal"
        text = rng.choice(["Tu es {}, {}.", "Tu t'appelles {}, tu es {}."] if written == "fr" else ["You are {}, {}.", "Your name is {}, you are {}."]).format(name, role)
        if rng.random() < 0.4:
            text += " " + rng.choice(TONE_WORDS[tone][side])
        if rng.random() < 0.3:
            text += " " + rng.choice(RULES[written])
        return Persona(text, name, tone)
    fixed = rng.choice(["fr", "en"])
    text = rng.choice(FIXED[fixed] + FIXED[f"{fixed}_in_{'en' if fixed == 'fr' else 'fr'}"])
    if rng.random() < 0.6:
        text = rng.choice(["Tu es Pal.", "Tu es Pal, un compagnon drôle.", "You are Pal.", "You are Pal, a funny companion."]) + " " + text
    return Persona(text, "Pal", None, fixed)
