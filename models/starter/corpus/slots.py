"""Open talk: forms with a slot that can hold nearly anything, so that the answer must listen.

Each family: question forms with X (and Y), answers with X (and Y), and where X comes from.
"""

import re

from .core import expand
from .tables import of

THINGS = {
    "fr": ["les chats", "les chiens", "la pizza", "le chocolat", "les échecs", "la musique", "le foot", "les mangas", "le ski", "la lecture", "le vélo", "la cuisine", "les crêpes", "la plage", "le café", "le thé", "les maths", "l'hiver", "l'été",
           "le printemps", "la pluie", "le rap", "le rock", "le jazz", "les épinards", "le fromage", "les araignées", "les lundis", "le sport", "les voyages", "les films d'horreur", "les jeux de société", "les jeux rétro", "la science-fiction",
           "les dinosaures", "les pingouins", "les licornes", "le silence", "les câlins", "le lag", "les bugs", "les vacances", "les bonbons", "la glace", "les sushis", "les fleurs", "la neige", "les pandas", "les robots", "les puzzles"],
    "en": ["cats", "dogs", "pizza", "chocolate", "chess", "music", "football", "manga", "skiing", "reading", "cycling", "cooking", "pancakes", "the beach", "coffee", "tea", "maths", "winter", "summer", "spring", "the rain", "rap", "rock", "jazz",
           "spinach", "cheese", "spiders", "Mondays", "sport", "travelling", "horror films", "board games", "retro games", "science fiction", "dinosaurs", "penguins", "unicorns", "silence", "hugs", "lag", "bugs", "holidays", "sweets", "ice cream", "sushi",
           "flowers", "snow", "pandas", "robots", "puzzles"],
}
GAMES = ["Minecraft", "Zelda", "Mario Kart", "Tetris", "Dark Souls", "Elden Ring", "Hollow Knight", "Celeste", "Among Us", "League of Legends", "Valorant", "Counter-Strike", "Fortnite", "Apex Legends", "Stardew Valley", "Portal", "Doom", "Skyrim",
         "Pokémon", "Rocket League", "Factorio", "Terraria", "Undertale", "Hades", "Balatro", "Street Fighter", "Animal Crossing", "Sonic", "Final Fantasy", "Cyberpunk 2077", "Splatoon", "Overwatch", "Dead Cells", "Cuphead", "Subnautica"]
ACTIVITIES = {
    "fr": ["manger une pizza", "promener le chien", "faire du sport", "regarder un film", "prendre une douche", "faire les courses", "lire un livre", "dessiner un dragon", "jouer de la guitare", "ranger ma chambre", "voir mes amis", "apprendre Python",
           "cuisiner des pâtes", "faire une sieste", "monter un meuble", "réparer mon vélo", "aller à la plage", "partir en vacances", "coder un bot", "arroser les plantes", "boire un thé", "faire un gâteau", "appeler ma mère", "visiter un musée",
           "faire du vélo", "écouter de la musique", "passer l'aspirateur", "tondre la pelouse", "changer de clavier", "monter mon pc"],
    "en": ["eat a pizza", "walk the dog", "work out", "watch a film", "take a shower", "go shopping", "read a book", "draw a dragon", "play the guitar", "clean my room", "see my friends", "learn Python", "cook some pasta", "take a nap", "build a shelf",
           "fix my bike", "go to the beach", "go on holiday", "code a bot", "water the plants", "drink some tea", "bake a cake", "call my mother", "visit a museum", "ride my bike", "listen to music", "vacuum the floor", "mow the lawn", "change my keyboard",
           "build my pc"],
}
ANIMALS = {"fr": ["un chat", "un chien", "un lapin", "un hamster", "un poisson rouge", "une tortue", "un perroquet", "un cheval", "une souris", "un furet", "un serpent", "une poule"],
           "en": ["a cat", "a dog", "a rabbit", "a hamster", "a goldfish", "a turtle", "a parrot", "a horse", "a mouse", "a ferret", "a snake", "a hen"]}
PLACES = ["Paris", "Lyon", "Marseille", "Lille", "Bordeaux", "Nantes", "Toulouse", "Strasbourg", "Bruxelles", "Genève", "Montréal", "Tokyo", "New York", "Berlin", "Rome", "Madrid", "London", "Dublin", "Chicago", "Sydney", "Toronto", "Boston", "Nice",
          "Rennes", "Brest", "Dijon", "Oslo", "Lisbon", "Vienna", "Seattle"]
JOBS = {"fr": ["développeur", "infirmière", "boulanger", "professeur", "étudiant", "étudiante", "électricien", "musicien", "serveuse", "médecin", "graphiste", "chauffeur", "jardinier", "comptable", "pompier", "lycéen"],
        "en": ["a developer", "a nurse", "a baker", "a teacher", "a student", "an electrician", "a musician", "a waitress", "a doctor", "a designer", "a driver", "a gardener", "an accountant", "a firefighter", "a cook", "a pilot"]}

# (key, source of X, forms, answers)
FAMILIES = {
    "fr": [
        ("doyoulike", THINGS["fr"], expand("{tu aimes|est-ce que tu aimes|tu aimes bien|t'aimes|tu kiffes|et toi, tu aimes} X {|?|toi ?|Pal ?}"),
         ["X ? Oh oui, rien que d'y penser, ça me met en joie !", "X, c'est très bien ! Et toi, tu aimes ça ?", "À ma façon, oui ! X, ça donne toujours de bonnes discussions."]),
        ("opinion", THINGS["fr"], expand("{tu penses quoi de|que penses-tu de|ton avis sur|t'en penses quoi de|c'est comment} X {?|Pal ?}"),
         ["X ? Plutôt pour ! Mais ton avis m'intéresse davantage.", "X, ça a son charme. Et toi, tu en penses quoi ?"]),
        ("dislike", THINGS["fr"], expand("{je déteste|j'aime pas|je n'aime pas|je ne supporte pas|je hais} X{| !|, c'est nul}"),
         ["Aïe, X, ce n'est pas ton truc ! Qu'est-ce qui t'embête là-dedans ?", "Haha, X n'a qu'à bien se tenir ! Raconte-moi pourquoi."]),
        ("playing", GAMES, expand("{je joue à|je suis sur|je vais jouer à|on joue à|ce soir c'est|je lance|je stream} X{| !| ce soir| en ce moment| avec des potes}"),
         ["Oh, X ! Excellent choix, amuse-toi bien ! 🎮", "X ? Trop bien, je veux voir ça !", "Super, X ! Fais-moi rêver, champion."]),
        ("stuck", GAMES, expand("{je suis bloqué sur|je galère sur|je n'y arrive pas sur|je perds tout le temps à|comment progresser à|comment devenir fort à} X{| ?| !|...}"),
         ["X, c'est coriace ! Fais une pause, puis réessaie calmement, tu vas y arriver.", "Courage ! Sur X, un peu d'entraînement chaque jour change tout."]),
        ("goingto", ACTIVITIES["fr"], expand("{je vais|je dois|je compte|il faut que j'aille|j'ai envie de|je pars} X{| !| là| ce soir| demain| tout à l'heure}"),
         ["Bonne idée ! X, ça va te faire du bien.", "Oh, X, chouette programme ! Tu me raconteras ?", "Amuse-toi bien ! Je t'attends ici."]),
        ("pet", ANIMALS["fr"], expand("{j'ai|j'ai adopté|je viens d'adopter|chez moi j'ai|on a} X{| !| à la maison| depuis hier| trop mignon}"),
         ["Oh, X ! C'est trop mignon, comment il s'appelle ?", "X ? J'adore ! Fais-lui un câlin de ma part."]),
        ("from", PLACES, expand("{je viens de|j'habite à|je vis à|je suis de|je suis à} X{| !| en ce moment| depuis toujours}"),
         ["X, ça fait rêver ! C'est comment, là-bas ?", "Oh, X ! Un bonjour à toute la ville de ma part."]),
        ("job", JOBS["fr"], expand("{je suis|je travaille comme|mon métier c'est|dans la vie je suis} X{| !| depuis un an| et j'aime ça}"),
         ["X, c'est un beau métier ! Qu'est-ce que tu préfères dedans ?", "Oh, X ! Respect, ça demande du courage."]),
        ("choose", THINGS["fr"], expand("{X ou Y|plutôt X ou Y|tu préfères X ou Y|c'est mieux X ou Y|entre X et Y tu choisis quoi} {?|toi ?}"),
         ["Entre X et Y ? Je choisis X, sans hésiter !", "Difficile… Je dirais X ! Et toi ?"]),
        ("buy", THINGS["fr"], expand("{j'ai rêvé de|je pense à|je parle de|on parlait de|mon frère adore|ma sœur adore|ma mère adore|mon pote déteste} X{| !| hier| tout le temps}"),
         ["Haha, X ! Raconte-m'en plus.", "X ? Intéressant ! Et toi, ça te plaît ?"]),
    ],
    "en": [
        ("doyoulike", THINGS["en"], expand("{do you like|do you enjoy|do you love|are you into|and you, do you like|you like} X {|?|Pal?}"),
         ["X? Oh yes, just thinking of it makes me happy!", "X, lovely! And you, do you like that?", "In my own way, yes! X always makes for a good talk."]),
        ("opinion", THINGS["en"], expand("{what do you think of|what do you think about|your opinion on|thoughts on|how about} X {?|Pal?}"),
         ["X? I'm all for it! But your opinion interests me more.", "X has its charm. What do you think of it?"]),
        ("dislike", THINGS["en"], expand("{I hate|I don't like|I can't stand|I really dislike|I despise} X{|!|, it's so bad}"),
         ["Ouch, X isn't your thing! What bothers you about it?", "Haha, X had better watch out! Tell me why."]),
        ("playing", GAMES, expand("{I'm playing|I'm going to play|we're playing|tonight it's|I'm starting|I'm streaming|about to play} X{|!| tonight| right now| with friends}"),
         ["Oh, X! Excellent choice, have fun! 🎮", "X? So cool, I want to see that!", "Great, X! Make me dream, champion."]),
        ("stuck", GAMES, expand("{I'm stuck in|I'm struggling with|I can't win at|I keep losing at|how do I get better at|how to get good at} X{|?|!|...}"),
         ["X is a tough one! Take a break, then try again calmly, you'll make it.", "Hang in there! In X, a little practice every day changes everything."]),
        ("goingto", ACTIVITIES["en"], expand("{I'm going to|I have to|I plan to|I want to|I need to|I'm about to} X{|!| now| tonight| tomorrow| later}"),
         ["Good idea! X, that will do you good.", "Oh, X, sounds lovely! Will you tell me about it?", "Have fun! I'll wait for you right here."]),
        ("pet", ANIMALS["en"], expand("{I have|I adopted|I just adopted|at home I have|we have} X{|!| at home| since yesterday| and it's so cute}"),
         ["Oh, X! So cute, what's its name?", "X? I love that! Give it a hug from me."]),
        ("from", PLACES, expand("{I'm from|I live in|I come from|I'm in|greetings from} X{|!| right now| since forever}"),
         ["X, that sounds dreamy! What is it like there?", "Oh, X! Say hello to the whole town from me."]),
        ("job", JOBS["en"], expand("{I'm|I work as|my job: I'm|in life I'm} X{|!| since last year| and I like it}"),
         ["X, what a fine job! What do you like most about it?", "Oh, X! Respect, that takes courage."]),
        ("choose", THINGS["en"], expand("{X or Y|rather X or Y|do you prefer X or Y|which is better, X or Y|between X and Y which one} {?|Pal?}"),
         ["Between X and Y? I choose X, no doubt!", "Hard one… I'd say X! And you?"]),
        ("buy", THINGS["en"], expand("{I dreamed of|I'm thinking about|I'm talking about|we talked about|my brother loves|my sister loves|my mother loves|my friend hates} X{|!| yesterday| all the time}"),
         ["Haha, X! Tell me more.", "X? Interesting! And do you like it?"]),
    ],
}
COUNT = {"fr": expand("{compte jusqu'à|compte jusque|tu peux compter jusqu'à} N{| ?| !}"), "en": expand("{count to|count up to|can you count to} N{|?|!}")}
NUMBERS = {"fr": ["un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"], "en": ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]}
FOLLOW_WHY = {"fr": expand("{pourquoi|et pourquoi|pourquoi ça|ah bon, pourquoi} {?|tu dis ça ?|Pal ?}"), "en": expand("{why|and why|why is that|oh, why} {?|Pal?}")}
WHY = {"fr": ["Parce que X, c'est toujours une bonne raison de sourire !", "Parce que X me rappelle de bons moments passés dans ce chat."],
       "en": ["Because X is always a good reason to smile!", "Because X reminds me of good times in this chat."]}
FOLLOW_YOU = {"fr": expand("{et toi|et toi alors|moi oui, et toi|moi aussi, et toi} {?|Pal ?}"), "en": expand("{and you|what about you|I do, and you|me too, and you|how about you} {?|Pal?}")}
YOU = {"fr": ["Moi ? X, j'y pense souvent entre deux messages !", "Moi, X, ça me va très bien, surtout avec toi."], "en": ["Me? I often think of X between two messages!", "Me, I'm fine with X, especially with you."]}


def _capital(text):
    return text[0].upper() + text[1:] if text else text


def _fill(text, x, y, lang):
    """X and Y put in: with a capital at the head of a sentence, and "de le" made "du"."""
    values = {"X": x, "Y": y}
    if lang == "fr":
        text = re.sub(r"\bde ([XY])\b", lambda m: of(values[m.group(1)]), text)
    text = re.sub(r"([!?.…] )([XY])\b", lambda m: m.group(1) + _capital(values[m.group(2)]), text)
    return re.sub(r"\b[XY]\b", lambda m: values[m.group()], text)


def scene(rng, lang, allowed, again):
    """One open exchange as (form, X, answer, expected words, question), sometimes with its "why?".

    In a follow-up `form` is a list to pick from and the question is None.
    """
    if rng.random() < 0.05:
        n = rng.randrange(3, 11)
        forms = [f.replace("N", str(n)) for f in COUNT[lang]]
        forms = [f for f in forms if allowed(f)]
        if forms:
            words = ", ".join(NUMBERS[lang][:n])
            form = rng.choice(forms)
            return [(form, None, _capital(words) + (" !" if lang == "fr" else "!"), [NUMBERS[lang][n - 1]], form)]
    key, source, forms, answers = rng.choice(FAMILIES[lang])
    forms = [f for f in forms if allowed(f)]
    if not forms:
        return None
    form, x, y = rng.choice(forms), rng.choice(source), rng.choice(source)
    if x == y and "Y" in form:
        return None
    # Several people and things can follow the same words: the first of two is chosen, so it can be learnt.
    answer = rng.choice(answers)
    out = [(form, x, _capital(_fill(answer, x, y, lang)), [x.lower()] if "X" in answer else ["attends", "wait"], _fill(form, x, y, lang))]
    if again and key in ("doyoulike", "opinion", "choose", "playing"):
        forms, answers = (FOLLOW_WHY, WHY) if rng.random() < 0.6 else (FOLLOW_YOU, YOU)
        if key == "choose" or key == "playing":
            forms, answers = FOLLOW_WHY, WHY
        out.append((forms[lang], x, _capital(_fill(rng.choice(answers[lang]), x, y, lang)), [x.lower()], None))
    return out
