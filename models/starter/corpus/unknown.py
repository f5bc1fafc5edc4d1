"""What a tiny model cannot know, and its honest answers."""

SYLLABLES = ["ba", "bro", "ca", "cha", "cor", "da", "dri", "el", "fa", "fi", "flo", "gar", "gli", "go", "ha", "ka", "kel", "la", "lor", "lu", "ma", "mer", "mi", "na", "nor", "o", "pa",
             "pli", "qua", "ra", "ri", "ro", "sa", "ska", "so", "ta", "tel", "tri", "u", "va", "vel", "vi", "wex", "xa", "yo", "za", "zor", "bur", "dek", "fen", "jul", "mo", "pix", "run"]
FIRST = ["Jean", "Marie", "Paul", "Sophie", "Karim", "Lucie", "Hugo", "Nadia", "Pierre", "Emma", "Louis", "Chloé", "John", "Mary", "Peter", "Susan", "David", "Laura", "Mike", "Anna", "Tom",
         "Kate", "Omar", "Yuki", "Ivan", "Elena", "Carlos", "Ines", "Noah", "Mia"]
LAST = ["Dupont", "Martin", "Durand", "Lefèvre", "Moreau", "Girard", "Smith", "Johnson", "Brown", "Miller", "Davis", "Garcia", "Rossi", "Novak", "Petrov", "Tanaka", "Kowalski", "Andersen",
        "Leblanc", "Rousseau", "Blanchard", "Walker", "Young", "King", "Scott"]
CITIES = ["Paris", "Lyon", "Marseille", "Lille", "Bordeaux", "Nantes", "Toulouse", "Strasbourg", "Londres", "Bruxelles", "Genève", "Montréal", "Tokyo", "New York", "Berlin", "Rome", "Madrid",
          "London", "Dublin", "Chicago", "Sydney", "Toronto", "Boston", "Nice", "Rennes"]
TEAMS = ["le PSG", "l'OM", "la France", "l'équipe de France", "le Real Madrid", "Arsenal", "Karmine Corp", "Vitality", "Lyon", "Chelsea", "Barcelona", "the Lakers", "Liverpool", "G2", "T1"]
# Real subjects that the corpus does not explain: the honest answer is still "I don't know".
SUBJECTS = {
    "fr": ["la physique quantique", "la théorie des cordes", "le traité de Westphalie", "la photosynthèse artificielle", "la fiscalité des entreprises", "le boson de Higgs", "la guerre de Crimée",
           "la mécanique des fluides", "le code civil", "la génétique", "la phénoménologie", "l'hydraulique", "le structuralisme", "la bourse de Tokyo", "la thermodynamique", "l'inflation",
           "les intégrales", "la métaphysique", "la géopolitique", "l'alchimie médiévale", "le protocole BGP", "la topologie", "la linguistique", "le droit maritime", "la chirurgie", "l'œnologie",
           "l'entropie", "les trous noirs", "la relativité", "la méiose", "le baroque", "l'astrologie", "les volcans", "les dinosaures", "la Renaissance", "la photosynthèse", "les vaccins"],
    "en": ["quantum physics", "string theory", "the treaty of Westphalia", "corporate tax law", "the Higgs boson", "the Crimean war", "fluid mechanics", "genetics", "phenomenology", "hydraulics",
           "structuralism", "the Tokyo stock exchange", "thermodynamics", "inflation", "integrals", "metaphysics", "geopolitics", "medieval alchemy", "the BGP protocol", "topology", "linguistics",
           "maritime law", "surgery", "winemaking", "entropy", "black holes", "relativity", "meiosis", "baroque art", "astrology", "volcanoes", "dinosaurs", "the Renaissance", "photosynthesis", "vaccines"],
}
# Questions by kind; {n} a made-up noun, {p} a person, {c} a city, {t} a team, {s} a subject, {a} {b} numbers.
ASK = {
    "fr": {
        "weather": ["quel temps fait-il à {c} ?", "il fait quel temps ?", "il va pleuvoir demain ?", "la météo à {c}", "il fait beau à {c} ?", "quelle température fait-il ?", "la météo de demain ?",
                    "il fait chaud chez toi ?", "c'est quoi la météo aujourd'hui ?", "il neige à {c} ?"],
        "news": ["quelles sont les nouvelles ?", "c'est quoi l'actualité ?", "qui a gagné le match hier ?", "quel est le score de {t} ?", "qui est le président ?", "{t} a gagné ?", "le cours du bitcoin ?",
                 "combien vaut le bitcoin ?", "quoi de neuf dans le monde ?", "qui a gagné les élections ?", "quel est le prix de l'essence ?", "qui a gagné la coupe du monde ?", "c'est quoi le dernier jeu sorti ?"],
        "time": ["quelle heure est-il ?", "il est quelle heure ?", "quel jour on est ?", "on est quel jour ?", "c'est quoi la date ?", "quelle est la date d'aujourd'hui ?", "t'as l'heure ?", "on est en quelle année ?"],
        "person": ["qui est {p} ?", "c'est qui {p} ?", "tu connais {p} ?", "parle-moi de {p}", "quel âge a {p} ?", "où habite {p} ?", "{p}, ça te dit quelque chose ?", "que fait {p} dans la vie ?", "qui était {p} ?"],
        "noun": ["c'est quoi {n} ?", "c'est quoi un {n} ?", "qu'est-ce qu'un {n} ?", "tu connais {n} ?", "explique {n}", "tu peux m'expliquer {n} ?", "que veut dire {n} ?", "définition de {n}", "parle-moi de {n}",
                 "à quoi sert un {n} ?", "c'est quoi le {n} ?", "comment marche {n} ?", "{n}, c'est quoi ?", "tu as joué à {n} ?", "C'est quoi {n} ? Réponds en une phrase."],
        "subject": ["explique-moi {s}", "c'est quoi {s} ?", "tu connais {s} ?", "tu peux m'expliquer {s} ?", "parle-moi de {s} en détail", "que penses-tu de {s} ?", "{s}, tu peux détailler ?", "fais-moi un exposé sur {s}"],
        "maths": ["combien font {a} fois {b} ?", "{a} x {b} ?", "calcule {a} * {b}", "combien font {a} divisé par {b} ?", "la racine carrée de {a} ?", "c'est combien {a} plus {b} ?", "{a} + {b} ?", "résous {a}x + {b} = 0"],
        "work": ["écris-moi un programme complet", "écris une dissertation sur {s}", "traduis ce texte en chinois", "écris mon CV", "fais mes devoirs", "code-moi un jeu complet", "écris un essai de dix pages",
                 "résume ce livre", "traduis ça en allemand", "écris une appli web complète", "corrige mon code de mille lignes"],
        "private": ["c'est quoi mon mot de passe ?", "où j'habite ?", "c'est quoi mon numéro ?", "qu'est-ce que j'ai mangé hier ?", "tu sais où je suis ?", "quel est mon métier ?", "combien j'ai de viewers ?",
                    "combien de viewers il y a ?", "à quelle heure est le prochain stream ?", "c'est quand le prochain stream ?", "on joue à quoi ce soir ?", "quel est mon rang ?"],
    },
    "en": {
        "weather": ["what's the weather in {c}?", "what's the weather like?", "will it rain tomorrow?", "weather in {c}", "is it sunny in {c}?", "what's the temperature?", "tomorrow's forecast?", "is it hot where you are?",
                    "how's the weather today?", "is it snowing in {c}?"],
        "news": ["what's in the news?", "any news today?", "who won the match yesterday?", "what's the score for {t}?", "who is the president?", "did {t} win?", "what's the bitcoin price?", "how much is bitcoin?",
                 "what's happening in the world?", "who won the election?", "what's the price of gas?", "who won the world cup?", "what's the latest game out?"],
        "time": ["what time is it?", "what's the time?", "what day is it?", "what's today's date?", "what's the date?", "do you have the time?", "which year is it?", "what day is today?"],
        "person": ["who is {p}?", "do you know {p}?", "tell me about {p}", "how old is {p}?", "where does {p} live?", "{p}, does that ring a bell?", "what does {p} do?", "who was {p}?", "have you heard of {p}?"],
        "noun": ["what is {n}?", "what is a {n}?", "what's a {n}?", "do you know {n}?", "explain {n}", "can you explain {n}?", "what does {n} mean?", "definition of {n}", "tell me about {n}", "what is a {n} for?",
                 "how does {n} work?", "{n}, what is that?", "have you played {n}?", "what are {n}?", "What is {n}? Answer in one sentence."],
        "subject": ["explain {s}", "what is {s}?", "do you know about {s}?", "can you explain {s}?", "tell me about {s} in detail", "what do you think of {s}?", "{s}, can you elaborate?", "give me a lecture on {s}"],
        "maths": ["what is {a} times {b}?", "{a} x {b}?", "compute {a} * {b}", "what is {a} divided by {b}?", "square root of {a}?", "how much is {a} plus {b}?", "{a} + {b}?", "solve {a}x + {b} = 0"],
        "work": ["write me a complete program", "write an essay on {s}", "translate this text to Chinese", "write my resume", "do my homework", "code a whole game for me", "write a ten page essay", "summarise this book",
                 "translate this to German", "write a full web app", "fix my thousand lines of code"],
        "private": ["what's my password?", "where do I live?", "what's my phone number?", "what did I eat yesterday?", "do you know where I am?", "what's my job?", "how many viewers do I have?", "how many viewers are there?",
                    "when is the next stream?", "what time is the next stream?", "what are we playing tonight?", "what's my rank?"],
    },
}
SAY = {
    "fr": {
        "weather": ["Aucune idée, je n'ai pas de fenêtre ! Je suis un petit modèle hors ligne, regarde plutôt dehors.", "Je ne sais pas : sans internet, pas de météo pour moi. ☁️"],
        "news": ["Je ne sais pas, je n'ai pas accès à l'actualité. Je suis un tout petit modèle hors ligne !", "Aucune idée : je vis sans internet, les nouvelles ne m'atteignent pas."],
        "time": ["Je ne sais pas, je n'ai ni montre ni calendrier ! Regarde en bas de ton écran.", "Aucune idée : un petit modèle comme moi ne voit pas l'horloge."],
        "person": ["{p} ? Je ne connais pas cette personne, je suis un tout petit modèle.", "Désolé, je ne sais pas qui est {p}. Ma mémoire est minuscule !"],
        "noun": ["Je ne sais pas, je suis un tout petit modèle et ce mot m'est inconnu !", "{N} ? Je ne connais pas, désolé. Tu m'expliques ?", "Aucune idée ! Ça dépasse mon minuscule cerveau."],
        "subject": ["Je ne sais pas grand-chose là-dessus, je suis un tout petit modèle. Un plus gros saura t'expliquer !", "Honnêtement, je ne sais pas : c'est trop grand pour mon petit cerveau."],
        "maths": ["Je ne sais pas, les gros calculs me dépassent. Prends une calculatrice !", "Ouh là, je ne sais pas faire ça : je suis tout petit, pas une calculatrice. 😅"],
        "work": ["C'est trop long pour moi, je ne sais pas faire ça. Essaie `palabre model pull qwen2.5-3b-instruct` !", "Je suis trop petit pour ça, je ne sais faire que de courtes réponses."],
        "private": ["Je ne sais pas, je ne vois que ce que tu m'écris ici !", "Aucune idée, personne ne me l'a dit. Tu me le dis, toi ?"],
    },
    "en": {
        "weather": ["No idea, I don't have a window! I'm a tiny offline model, so look outside.", "I don't know: no internet, no forecast for me. ☁️"],
        "news": ["I don't know, I have no access to the news. I'm a tiny offline model!", "No idea: I live without internet, so the news never reaches me."],
        "time": ["I don't know, I have no watch and no calendar! Look at the corner of your screen.", "No idea: a tiny model like me can't see the clock."],
        "person": ["{p}? I don't know that person, I'm a tiny model.", "Sorry, I don't know who {p} is. My memory is tiny!"],
        "noun": ["I don't know that one, I'm a tiny model and this word is new to me!", "{N}? I don't know it, sorry. Will you explain it to me?", "No idea! That's beyond my tiny brain."],
        "subject": ["I don't know much about that, I'm a tiny model. A bigger one could explain it!", "Honestly, I don't know: that's too big for my tiny brain."],
        "maths": ["I don't know, big sums are beyond me. Take a calculator!", "Oh dear, I don't know how: I'm tiny, and no calculator. 😅"],
        "work": ["That's too long for me, I don't know how. Try `palabre model pull qwen2.5-3b-instruct`!", "I'm too tiny for that, I only know how to give short answers."],
        "private": ["I don't know, I only see what you write to me here!", "No idea, nobody told me. Will you?"],
    },
}
WORDS = {"fr": ["je ne sais", "aucune idée", "je ne connais", "trop petit", "trop long"], "en": ["i don't know", "no idea", "too tiny", "too long"]}


def made_up(rng):
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice([2, 2, 3, 3, 4])))


def question(rng, lang, held_out, want_held_out):
    """(kind, form, text, answer) of something unknowable."""
    kinds = list(ASK[lang])
    while True:
        kind = rng.choices(kinds, [2, 2, 2, 4, 7, 4, 3, 2, 2])[0]
        forms = [f for f in ASK[lang][kind] if held_out(f) == want_held_out]
        if forms:
            break
    form = rng.choice(forms)
    noun = made_up(rng)
    if rng.random() < 0.3:
        noun = noun.capitalize()
    values = {"n": noun, "N": noun[0].upper() + noun[1:], "p": f"{rng.choice(FIRST)} {rng.choice(LAST) if rng.random() < 0.5 else made_up(rng).capitalize()}", "c": rng.choice(CITIES), "t": rng.choice(TEAMS),
              "s": rng.choice(SUBJECTS[lang]), "a": rng.randrange(112, 9999), "b": rng.randrange(23, 999)}
    return kind, form, form.format(**values), rng.choice(SAY[lang][kind]).format(**values)
