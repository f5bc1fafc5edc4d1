"""Small knowledge in tables, and the question patterns that turn a row into many forms."""

import re

from .core import expand

CAPITALS = [("la France", "France", "Paris", "Paris"), ("l'Espagne", "Spain", "Madrid", "Madrid"), ("l'Italie", "Italy", "Rome", "Rome"), ("l'Allemagne", "Germany", "Berlin", "Berlin"), ("le Portugal", "Portugal", "Lisbonne", "Lisbon"),
            ("la Belgique", "Belgium", "Bruxelles", "Brussels"), ("la Suisse", "Switzerland", "Berne", "Bern"), ("le Royaume-Uni", "the United Kingdom", "Londres", "London"), ("l'Irlande", "Ireland", "Dublin", "Dublin"),
            ("les Pays-Bas", "the Netherlands", "Amsterdam", "Amsterdam"), ("la Grèce", "Greece", "Athènes", "Athens"), ("la Suède", "Sweden", "Stockholm", "Stockholm"), ("la Norvège", "Norway", "Oslo", "Oslo"),
            ("le Danemark", "Denmark", "Copenhague", "Copenhagen"), ("la Finlande", "Finland", "Helsinki", "Helsinki"), ("la Pologne", "Poland", "Varsovie", "Warsaw"), ("l'Autriche", "Austria", "Vienne", "Vienna"),
            ("le Japon", "Japan", "Tokyo", "Tokyo"), ("la Chine", "China", "Pékin", "Beijing"), ("l'Inde", "India", "New Delhi", "New Delhi"), ("le Canada", "Canada", "Ottawa", "Ottawa"), ("les États-Unis", "the United States", "Washington", "Washington"),
            ("le Mexique", "Mexico", "Mexico", "Mexico City"), ("le Brésil", "Brazil", "Brasilia", "Brasilia"), ("l'Argentine", "Argentina", "Buenos Aires", "Buenos Aires"), ("l'Australie", "Australia", "Canberra", "Canberra"),
            ("l'Égypte", "Egypt", "Le Caire", "Cairo"), ("le Maroc", "Morocco", "Rabat", "Rabat"), ("l'Algérie", "Algeria", "Alger", "Algiers"), ("la Tunisie", "Tunisia", "Tunis", "Tunis"), ("le Sénégal", "Senegal", "Dakar", "Dakar"),
            ("la Turquie", "Turkey", "Ankara", "Ankara"), ("la Russie", "Russia", "Moscou", "Moscow"), ("l'Ukraine", "Ukraine", "Kiev", "Kyiv"), ("la Corée du Sud", "South Korea", "Séoul", "Seoul")]

WORDS = [("bonjour", "hello"), ("merci", "thank you"), ("chat", "cat"), ("chien", "dog"), ("maison", "house"), ("rouge", "red"), ("bleu", "blue"), ("vert", "green"), ("jaune", "yellow"), ("noir", "black"), ("blanc", "white"),
         ("soleil", "sun"), ("lune", "moon"), ("étoile", "star"), ("eau", "water"), ("feu", "fire"), ("arbre", "tree"), ("fleur", "flower"), ("pomme", "apple"), ("pain", "bread"), ("fromage", "cheese"), ("lait", "milk"), ("livre", "book"),
         ("jeu", "game"), ("joueur", "player"), ("ordinateur", "computer"), ("souris", "mouse"), ("clavier", "keyboard"), ("écran", "screen"), ("ami", "friend"), ("amour", "love"), ("bonheur", "happiness"), ("tristesse", "sadness"),
         ("colère", "anger"), ("rire", "laugh"), ("voiture", "car"), ("vélo", "bike"), ("train", "train"), ("avion", "plane"), ("ville", "city"), ("mer", "sea"), ("montagne", "mountain"), ("nuit", "night"), ("jour", "day"),
         ("hiver", "winter"), ("été", "summer"), ("neige", "snow"), ("pluie", "rain"), ("oiseau", "bird"), ("poisson", "fish"), ("cheval", "horse"), ("lapin", "rabbit"), ("roi", "king"), ("reine", "queen"), ("épée", "sword"),
         ("bouclier", "shield"), ("sorcier", "wizard"), ("dragon", "dragon"), ("musique", "music"), ("chanson", "song"), ("cœur", "heart"), ("tête", "head"), ("main", "hand"), ("frère", "brother"), ("sœur", "sister"), ("mère", "mother"),
         ("père", "father"), ("école", "school"), ("travail", "work"), ("gâteau", "cake")]

OPPOSITES = {
    "fr": [("grand", "petit"), ("chaud", "froid"), ("haut", "bas"), ("jour", "nuit"), ("noir", "blanc"), ("rapide", "lent"), ("fort", "faible"), ("plein", "vide"), ("ouvert", "fermé"), ("facile", "difficile"), ("vrai", "faux"),
           ("jeune", "vieux"), ("riche", "pauvre"), ("heureux", "triste"), ("gentil", "méchant"), ("dur", "mou"), ("propre", "sale"), ("long", "court"), ("début", "fin"), ("gagner", "perdre"), ("monter", "descendre"), ("avant", "après")],
    "en": [("big", "small"), ("hot", "cold"), ("high", "low"), ("day", "night"), ("black", "white"), ("fast", "slow"), ("strong", "weak"), ("full", "empty"), ("open", "closed"), ("easy", "hard"), ("true", "false"), ("young", "old"),
           ("rich", "poor"), ("happy", "sad"), ("kind", "mean"), ("soft", "hard"), ("clean", "dirty"), ("long", "short"), ("start", "end"), ("win", "lose"), ("up", "down"), ("before", "after")],
}
SOUNDS = {
    "fr": [("le chat", "Miaou !"), ("le chien", "Ouaf !"), ("la vache", "Meuh !"), ("le mouton", "Bêê !"), ("le canard", "Coin coin !"), ("le coq", "Cocorico !"), ("la grenouille", "Croa !"), ("le cochon", "Groin !"), ("l'abeille", "Bzzz !"),
           ("le lion", "Grrroar !"), ("le cheval", "Hiii !"), ("le hibou", "Hou hou !")],
    "en": [("a cat", "Meow!"), ("a dog", "Woof!"), ("a cow", "Moo!"), ("a sheep", "Baa!"), ("a duck", "Quack!"), ("a rooster", "Cock-a-doodle-doo!"), ("a frog", "Ribbit!"), ("a pig", "Oink!"), ("a bee", "Bzzz!"), ("a lion", "Roar!"),
           ("a horse", "Neigh!"), ("an owl", "Hoot!")],
}
COUNTS = {
    "fr": [("de jours dans une semaine", "Il y a sept jours dans une semaine."), ("de mois dans une année", "Il y a douze mois dans une année."), ("de minutes dans une heure", "Il y a soixante minutes dans une heure."),
           ("d'heures dans une journée", "Il y a vingt-quatre heures dans une journée."), ("de secondes dans une minute", "Il y a soixante secondes dans une minute."), ("de bits dans un octet", "Il y a huit bits dans un octet."),
           ("de pattes a une araignée", "Une araignée a huit pattes."), ("de couleurs dans l'arc-en-ciel", "L'arc-en-ciel a sept couleurs."), ("de jours dans une année", "Il y a 365 jours dans une année, 366 si elle est bissextile."),
           ("de planètes dans le système solaire", "Il y a huit planètes dans le système solaire."), ("de continents", "On compte le plus souvent sept continents."), ("de pattes a un insecte", "Un insecte a six pattes."),
           ("de saisons dans une année", "Il y a quatre saisons dans une année."), ("de faces a un cube", "Un cube a six faces."), ("de côtés a un triangle", "Un triangle a trois côtés."), ("de lettres dans l'alphabet", "L'alphabet a vingt-six lettres.")],
    "en": [("days are in a week", "There are seven days in a week."), ("months are in a year", "There are twelve months in a year."), ("minutes are in an hour", "There are sixty minutes in an hour."), ("hours are in a day", "There are twenty-four hours in a day."),
           ("seconds are in a minute", "There are sixty seconds in a minute."), ("bits are in a byte", "There are eight bits in a byte."), ("legs does a spider have", "A spider has eight legs."), ("colours are in a rainbow", "A rainbow has seven colours."),
           ("days are in a year", "There are 365 days in a year, 366 in a leap year."), ("planets are in the solar system", "There are eight planets in the solar system."), ("continents are there", "There are usually said to be seven continents."),
           ("legs does an insect have", "An insect has six legs."), ("seasons are in a year", "There are four seasons in a year."), ("faces does a cube have", "A cube has six faces."), ("sides does a triangle have", "A triangle has three sides."),
           ("letters are in the alphabet", "The alphabet has twenty-six letters.")],
}


def of(name):
    """French "de" before a name with its article."""
    if name.startswith("le "):
        return "du " + name[3:]
    if name.startswith("les "):
        return "des " + name[4:]
    if name[0].lower() in "aeiouyéèêâîôh" and not name.startswith("hib"):
        return "d'" + name
    return "de " + name


def que(name):
    return "qu'" + name if name[0].lower() in "aeiouéèêâîô" else "que " + name


def row(rng, lang, allowed):
    """(kind, form, question, answer, expected words) of a random row; `allowed(form)` filters forms."""
    while True:
        kind = rng.choices(["capital", "word", "opposite", "sound", "count", "maths"], [5, 6, 2, 1, 2, 8])[0]
        forms, answer, words = globals()["_" + kind](rng, lang)
        good = [f for f in forms if allowed(f)]
        if good:
            return kind, rng.choice(good), rng.choice(answer), words


def _capital(rng, lang):
    fr, en, cap_fr, cap_en = rng.choice(CAPITALS)
    if lang == "fr":
        d = of(fr)
        return ([f"quelle est la capitale {d} ?", f"c'est quoi la capitale {d} ?", f"la capitale {d} ?", f"capitale {d} ?", f"tu connais la capitale {d} ?", f"{fr}, c'est quoi la capitale ?"],
                [f"La capitale {d}, c'est {cap_fr} !", f"C'est {cap_fr} !"], [cap_fr.lower()])
    return ([f"what is the capital of {en}?", f"what's the capital of {en}?", f"capital of {en}?", f"the capital of {en}?", f"do you know the capital of {en}?", f"tell me the capital of {en}"],
            [f"The capital of {en} is {cap_en}!", f"It's {cap_en}!"], [cap_en.lower()])


def _word(rng, lang):
    fr, en = rng.choice(WORDS)
    if lang == "fr":
        return ([f"comment on dit {fr} en anglais ?", f"comment dit-on {fr} en anglais ?", f"{fr} en anglais ?", f"traduis {fr} en anglais", f"c'est quoi {fr} en anglais ?", f"ça se dit comment {fr} en anglais ?",
                 f"que veut dire {en} en français ?"], [f"« {fr} » se dit « {en} » en anglais.", f"En anglais, « {fr} » se dit « {en} »."], [f"{en} »"])
    return ([f"how do you say {en} in French?", f"{en} in French?", f"translate {en} to French", f"what is {en} in French?", f"how to say {en} in French?", f"what does {fr} mean in English?", f"French word for {en}?"],
            [f"\"{en}\" is \"{fr}\" in French.", f"In French, \"{en}\" is \"{fr}\"."], [f"\"{fr}\""])


def _opposite(rng, lang):
    a, b = rng.choice(OPPOSITES[lang])
    if rng.random() < 0.4:
        a, b = b, a
        if a == "hard" and lang == "en":
            a, b = "cold", "hot"
    if lang == "fr":
        return ([f"quel est le contraire {of(a)} ?", f"le contraire {of(a)} ?", f"c'est quoi le contraire {of(a)} ?", f"l'inverse {of(a)} ?"], [f"Le contraire {of(a)}, c'est {b} !"], [f"c'est {b}"])
    return ([f"what's the opposite of {a}?", f"opposite of {a}?", f"what is the opposite of {a}?", f"the opposite of {a}?"], [f"The opposite of {a} is {b}!"], [f"is {b}"])


def _sound(rng, lang):
    animal, sound = rng.choice(SOUNDS[lang])
    if lang == "fr":
        return ([f"quel bruit fait {animal} ?", f"que fait {animal} ?", f"comment fait {animal} ?", f"fais {animal}"], [f"{sound} Je l'imite bien, non ?"], [sound.lower()[:4]])
    return ([f"what sound does {animal} make?", f"what does {animal} say?", f"how does {animal} sound?", f"do the sound of {animal}"], [f"{sound} I'm a good mimic, right?"], [sound.lower()[:4]])


def _count(rng, lang):
    what, answer = rng.choice(COUNTS[lang])
    if lang == "fr":
        asks = [f"combien {what} ?", f"il y a combien {what} ?", f"dis-moi combien {what}", f"tu sais combien {what} ?"]
        if " a un" in what:
            asks = [f"combien {what} ?", f"dis-moi combien {what}", f"tu sais combien {what} ?"]
    else:
        asks = [f"how many {what}?", f"tell me how many {what}", f"do you know how many {what}?"]
    digits = [w.strip(".,").lower() for w in answer.split() if w.strip(".,").lower() in NUMBERS]
    return asks, [answer], digits


NUMBERS = {"sept", "douze", "soixante", "vingt-quatre", "huit", "365", "six", "quatre", "trois", "vingt-six", "seven", "twelve", "sixty", "twenty-four", "eight", "four", "three", "twenty-six"}


def _maths(rng, lang):
    op = rng.choice("++-x")
    if op == "+":
        a, b = rng.randrange(0, 21), rng.randrange(0, 21)
        c, names = a + b, (("plus", "+", "et"), ("plus", "+", "and"))
    elif op == "-":
        a = rng.randrange(1, 21)
        b = rng.randrange(0, a + 1)
        c, names = a - b, (("moins", "-"), ("minus", "-"))
    else:
        a, b = rng.randrange(1, 11), rng.randrange(1, 11)
        c, names = a * b, (("fois", "x", "*"), ("times", "x", "*"))
    forms = []
    for name in names[0 if lang == "fr" else 1]:
        e = f"{a} {name} {b}"
        forms += [f"combien font {e} ?", f"{e} ?", f"ça fait combien {e} ?", f"{e} = ?", f"calcule {e}", f"c'est combien {e} ?"] if lang == "fr" else [f"what is {e}?", f"{e}?", f"how much is {e}?", f"{e} = ?", f"compute {e}", f"what's {e}?"]
        if name in "+-x*":
            forms.append(f"{a}{name}{b}")
    sign = {"+": "plus", "-": "moins" if lang == "fr" else "minus", "x": "fois" if lang == "fr" else "times"}[op]
    verb = "font" if lang == "fr" else "is"
    return forms, [f"{a} {sign} {b} {verb} {c}" + (" !" if lang == "fr" else "!")], [f"{verb} {c} " if lang == "fr" else f"{verb} {c}!"]


DEFINE = {
    "fr": "{c'est quoi|c'est quoi exactement|dis, c'est quoi|tu sais ce que c'est|en une phrase, c'est quoi|en deux mots, c'est quoi} N ?"
          "#{explique|explique-moi|tu peux m'expliquer|peux-tu expliquer|définis|présente-moi|décris} N"
          "#qu'est-ce Q ?#qu'est-ce que c'est, N ?#N, c'est quoi ?#B ?#B c'est quoi ?#définition D ?#tu connais N ?#ça veut dire quoi B ?#parle-moi D#dis-moi ce que c'est, N#je ne comprends pas N#j'ai pas compris N"
          "#C'est quoi B ? Réponds en une phrase.#explique B#tu peux me parler D ?#je voudrais comprendre N#que sais-tu sur N ?#c'est quoi B déjà ?",
    "en": "{what is|what's|what exactly is|so what is|in one sentence, what is|in short, what is} N?"
          "#{explain|can you explain|could you explain|define|describe|please explain} N#N, what is that?#B?#what is B?#definition of B?#do you know N?#what does B mean?#tell me about N#tell me what N is#I don't understand N"
          "#What is B? Answer in one sentence.#explain B#can you tell me about N?#I'd like to understand N#what do you know about N?#what's B again?#explain B to me simply",
}
PURPOSE = {
    "fr": "à quoi ça sert, N ?#à quoi sert N ?#ça sert à quoi N ?#pourquoi utiliser N ?#quel est l'intérêt D ?#N, ça sert à quoi ?#c'est utile, N ?#pourquoi on utilise N ?",
    "en": "what is N for?#what's N for?#why use N?#what's the point of N?#why do people use N?#is N useful?#when do you use N?#what can you do with N?",
}
EXAMPLE = {
    "fr": "un exemple D ?#donne-moi un exemple D#donne un exemple avec N#tu as un exemple D ?#montre-moi N#un exemple avec N ?#comment on utilise N ?#comment on écrit N ?",
    "en": "an example of N?#give me an example of N#give an example with N#do you have an example of N?#show me N#an example with N?#how do you use N?#how do you write N?",
}
FOLLOW_PURPOSE = {
    "fr": expand("{à quoi ça sert|ça sert à quoi|et à quoi ça sert|pourquoi|c'est utile|pourquoi on utilise ça|et ça sert à quoi en vrai|quel intérêt|c'est pour quoi faire|pourquoi faire} {?|alors ?|en vrai ?|exactement ?}"),
    "en": expand("{what is it for|what's it for|why use it|why|is it useful|what's the point|why do people use it|and what is it for|what is that used for|when do I use it} {?|then?|really?|exactly?}"),
}
FOLLOW_EXAMPLE = {
    "fr": expand("{un exemple|donne un exemple|donne-moi un exemple|tu as un exemple|par exemple|t'as un exemple|montre-moi|comme quoi|et un exemple|tu peux donner un exemple} {?|stp|concret ?|simple ?}"),
    "en": expand("{an example|give me an example|for example|do you have an example|like what|show me|show me an example|got an example|and an example|can you give an example} {?|pls|a simple one ?|please ?}"),
}
FOLLOW_OTHER = {
    "fr": ["et N ?", "et N, c'est quoi ?", "et pour N ?", "et B ?", "ok, et N ?", "d'accord, et N alors ?", "et du coup, N ?", "et c'est quoi N ?", "merci, et N ?", "et N dans tout ça ?"],
    "en": ["and N?", "and what is N?", "what about N?", "and B?", "ok, and N?", "alright, what about N then?", "how about N?", "and what about N?", "thanks, and N?", "so what about N?"],
}
FOLLOW_LANGUAGE = {  # asked in the talk's language, answered in the other
    "fr": expand("{en anglais|et en anglais|tu peux le dire en anglais|redis-le en anglais|dis-le en anglais|la même chose en anglais} {?|s'il te plaît}"),
    "en": expand("{in French|and in French|can you say it in French|say that in French|say it again in French|the same in French} {?|please}"),
}
FOLLOW_REPEAT = {
    "fr": expand("{répète|tu peux répéter|redis-le|répète s'il te plaît|j'ai pas entendu, répète|tu as dit quoi|redis voir|qu'est-ce que tu as dit} {?|stp|Pal}"),
    "en": expand("{repeat|can you repeat|say that again|repeat please|say again|what did you say|I didn't hear, repeat|repeat that} {?|pls|Pal}"),
}
FOLLOW_OPINION = {
    "fr": expand("{c'est bien|tu aimes|t'en penses quoi|tu l'aimes bien|c'est cool|ça vaut le coup|tu y joues|tu conseilles|c'est un bon jeu|il est bien} {?|toi ?|alors ?|vraiment ?}"),
    "en": expand("{is it good|do you like it|what do you think of it|is it fun|is it worth it|do you play it|would you recommend it|is it a good one|do you enjoy it} {?|then?|really?|yourself?}"),
}
OPINION = {
    "fr": ["X ? J'adore, je pourrais en parler toute la nuit !", "Oh oui, X, c'est un régal ! Tu y joues, toi ?", "X, ça me plaît beaucoup. Mais je préfère te regarder jouer !"],
    "en": ["X? I love it, I could talk about it all night!", "Oh yes, X is a treat! Do you play it?", "X, I like it a lot. But I'd rather watch you play!"],
}
FOLLOW_WHY_UNKNOWN = {
    "fr": (expand("{pourquoi|pourquoi tu sais pas|pourquoi tu ne sais pas|comment ça tu sais pas|t'es sûr|vraiment|tu es sûr} {?|??}"),
           ["Parce que je suis un tout petit modèle, avec très peu de mémoire. `palabre model pull qwen2.5-3b-instruct` t'en donnera un plus malin !", "Mon cerveau tient dans quelques mégaoctets, alors je préfère dire que je ne sais pas."], ["petit", "mégaoctets"]),
    "en": (expand("{why|why don't you know|how come you don't know|are you sure|really|why not} {?|??}"),
           ["Because I'm a tiny model with very little memory. `palabre model pull qwen2.5-3b-instruct` will give you a smarter one!", "My brain fits in a few megabytes, so I'd rather say that I don't know."], ["tiny", "megabytes"]),
}


def patterns(text, name, bare, lang):
    """The forms of a #-separated pattern list for one name."""
    values = {"N": name, "B": bare}
    if lang == "fr":
        values |= {"Q": que(name), "D": of(name)}
    return [re.sub(r"\b[QDNB]\b", lambda m: values.get(m.group(), m.group()), form) for pattern in text.split("#") for form in expand(pattern)]
