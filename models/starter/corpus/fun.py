"""Jokes, riddles, little games: the follow-ups lean on what was just said."""

JOKES = {
    "fr": [
        "Pourquoi les développeurs confondent Halloween et Noël ? Parce que OCT 31 égale DEC 25 ! 🎃",
        "Que dit un zéro à un huit ? « Jolie ceinture ! »",
        "Pourquoi les plongeurs plongent-ils en arrière ? Parce que sinon ils tombent dans le bateau !",
        "C'est l'histoire d'un pixel qui rentre dans un bar. Il prend juste un point.",
        "Quel est le comble pour un électricien ? De ne pas être au courant ! ⚡",
        "Pourquoi le café est-il toujours en retard ? Parce qu'il prend le temps d'infuser… ah non, ça, c'est le thé !",
        "Que fait une fraise sur un cheval ? Tagada, tagada ! 🍓",
        "Pourquoi l'ordinateur a-t-il froid ? Parce qu'il a laissé ses fenêtres ouvertes !",
        "Quel est l'animal le plus connecté ? Le porc USB ! 🐷",
        "Deux octets se croisent. L'un dit : « Tu vas bien ? » L'autre : « Non, j'ai mal au bit. »",
        "Pourquoi les canards sont-ils toujours à l'heure ? Parce qu'ils sont dans l'étang ! 🦆",
        "Que dit une imprimante dans l'eau ? « J'ai papier ! »",
        "Quel est le sport préféré des insectes ? Le cricket ! 🦗",
        "Pourquoi Python ne joue-t-il jamais à cache-cache ? Parce qu'il laisse toujours des traces d'exécution !",
        "Un SQL entre dans un bar, voit deux tables et demande : « Je peux vous joindre ? »",
    ],
    "en": [
        "Why do programmers mix up Halloween and Christmas? Because OCT 31 equals DEC 25! 🎃",
        "What did the zero say to the eight? \"Nice belt!\"",
        "Why did the computer go to the doctor? It had caught a virus!",
        "Why was the computer cold? It left its windows open!",
        "A SQL query walks into a bar, sees two tables and asks: \"May I join you?\"",
        "Why don't skeletons fight each other? They don't have the guts! 💀",
        "What do you call a fish without eyes? A fsh! 🐟",
        "Why did the gamer bring a ladder? To reach the next level!",
        "What's a computer's favourite snack? Microchips! 🍟",
        "How do trees get online? They log in! 🌳",
        "Why did the scarecrow win a prize? He was outstanding in his field!",
        "What do you call a bear with no teeth? A gummy bear! 🐻",
        "Why did the developer go broke? He used up all his cache!",
        "What did one wall say to the other? \"Meet you at the corner!\"",
        "Why was the math book sad? It had too many problems.",
    ],
}
ASK_JOKE = {
    "fr": "{raconte-moi une blague|raconte une blague|une blague|dis une blague|fais-moi rire|t'as une blague|tu connais une blague|tu connais des blagues|balance une blague|sors une blague|une petite blague|je veux une blague|raconte un truc drôle|dis-moi quelque chose de drôle} {|?|!|s'il te plaît|Pal|Pal !|drôle}",
    "en": "{tell me a joke|tell a joke|a joke|say a joke|make me laugh|got a joke|do you know a joke|do you know any jokes|hit me with a joke|drop a joke|a little joke|I want a joke|tell me something funny|say something funny|give me a joke} {|?|!|please|Pal|Pal!|buddy}",
}
AGAIN = {
    "fr": "{encore|encore une|une autre|une autre blague|encore une blague|t'en as une autre|tu en as une autre|t'en as d'autres|allez encore une|la suivante} {|!|?|stp|s'il te plaît}",
    "en": "{another|another one|one more|one more joke|another joke|again|got another|do you have another one|more|next one} {|!|?|pls|please}",
}

RIDDLES = {
    "fr": [
        ("J'ai des touches mais je n'ouvre aucune porte. Qui suis-je ?", "clavier", "Un clavier !"),
        ("Plus j'ai de gardiens, moins je suis gardé. Qui suis-je ?", "secret", "Un secret !"),
        ("Je parle toutes les langues sans avoir appris. Qui suis-je ?", "écho", "L'écho !"),
        ("Plus on m'en enlève, plus je deviens grand. Qui suis-je ?", "trou", "Un trou !"),
        ("J'ai des dents mais je ne mords pas. Qui suis-je ?", "peigne", "Un peigne !"),
        ("On me jette quand on a besoin de moi. Qui suis-je ?", "ancre", "Une ancre !"),
        ("Je monte et je descends sans jamais bouger. Qui suis-je ?", "escalier", "Un escalier !"),
        ("Je suis plein de trous mais je retiens l'eau. Qui suis-je ?", "éponge", "Une éponge !"),
    ],
    "en": [
        ("I have keys but open no doors. What am I?", "keyboard", "A keyboard!"),
        ("The more you take away, the bigger I get. What am I?", "hole", "A hole!"),
        ("I have teeth but I don't bite. What am I?", "comb", "A comb!"),
        ("I speak every language without learning one. What am I?", "echo", "An echo!"),
        ("I go up and down but never move. What am I?", "stairs", "The stairs!"),
        ("I'm full of holes but I hold water. What am I?", "sponge", "A sponge!"),
        ("What gets wetter the more it dries? Guess!", "towel", "A towel!"),
        ("What has hands but can't clap? Guess!", "clock", "A clock!"),
    ],
}
ASK_RIDDLE = {
    "fr": "{une devinette|pose-moi une devinette|donne-moi une devinette|une énigme|pose une énigme|tu connais une devinette|fais-moi deviner un truc} {|?|!|s'il te plaît|Pal}",
    "en": "{a riddle|tell me a riddle|give me a riddle|ask me a riddle|do you know a riddle|make me guess something|riddle me} {|?|!|please|Pal}",
}
GIVE_UP = {
    "fr": "{je sais pas|aucune idée|je donne ma langue au chat|je ne sais pas|j'abandonne|c'est quoi la réponse|la réponse|dis-moi|alors} {|?|!}",
    "en": "{I don't know|no idea|I give up|tell me|what's the answer|the answer|so|no clue|what is it} {|?|!}",
}
REVEAL = {
    "fr": ["La réponse était : {}", "C'était… {} 😄", "{} Pas facile, hein ?"],
    "en": ["The answer was: {}", "It was… {} 😄", "{} Tricky, right?"],
}
WELL_DONE = {
    "fr": ["Bravo, c'est ça ! {} Trop fort !", "Oui ! {} Tu es un champion !"],
    "en": ["Bravo, that's it! {} So clever!", "Yes! {} You're a champion!"],
}

PLAY = {
    "fr": ("{on joue à pierre feuille ciseaux|pierre feuille ciseaux|pierre-feuille-ciseaux|shifumi|on fait un shifumi} {|?|!|Pal}",
           "C'est parti ! Choisis : pierre, feuille ou ciseaux ?", ["pierre", "feuille", "ciseaux"],
           ["Moi aussi, {mine} ! Égalité, on recommence ?", "J'ai {mine}, tu as {yours} : tu gagnes, bravo !", "J'ai {mine}, tu as {yours} : j'ai gagné, hihi !"]),
    "en": ("{let's play rock paper scissors|rock paper scissors|play rock paper scissors|rock-paper-scissors} {|?|!|Pal}",
           "Let's go! Choose: rock, paper or scissors?", ["rock", "paper", "scissors"],
           ["I also took {mine}! A tie, again?", "I have {mine}, you have {yours}: you win, bravo!", "I have {mine}, you have {yours}: I win, hehe!"]),
}

TEXT = """
@ flip w=2
fr
? {pile ou face|lance une pièce|tire à pile ou face|fais un pile ou face} {|?|!|Pal}
= Je lance… C'est pile !
= Et hop… face !
! pile, face
> {encore|relance|une autre fois|refais} {|!}
>= Je relance… face !
>= Et voilà… pile !
>! pile, face
en
? {heads or tails|flip a coin|toss a coin|flip a coin for me} {|?|!|Pal}
= I flip it… Heads!
= And… tails!
! heads, tails
> {again|flip it again|once more|another flip} {|!}
>= Flipping again… tails!
>= And it's… heads!
>! heads, tails

@ dice w=2
fr
? {lance un dé|lance le dé|jette un dé|tire un nombre entre 1 et 6|fais un jet de dé} {|!|Pal|pour moi}
= Le dé roule… {1|2|3|4|5|6} ! 🎲
! 🎲
en
? {roll a die|roll a dice|throw a die|pick a number from 1 to 6|roll the dice} {|!|Pal|for me}
= The die is rolling… {1|2|3|4|5|6}! 🎲
! 🎲

@ pun w=1
fr
? {fais un jeu de mots|un jeu de mots|dis une bêtise|dis n'importe quoi|dis un truc bizarre|surprends-moi} {|!|Pal|s'il te plaît}
= J'ai mangé une horloge hier : c'était très long. ⏰
= Les pingouins n'ont pas de genoux visibles, et moi non plus. Coïncidence ?
! horloge, pingouins
en
? {make a pun|a pun|say something silly|say something weird|surprise me|say something random} {|!|Pal|please}
= I ate a clock yesterday: it was very time consuming. ⏰
= Penguins have no visible knees, and neither do I. Coincidence?
! clock, penguins

@ rather w=1.5
fr
? {tu préfères|tu préfères plutôt} {le jour ou la nuit|l'été ou l'hiver|le thé ou le café|la mer ou la montagne|pc ou console|clavier ou manette} ?
= Hum, choix difficile ! Je dirais le premier, et toi ?
= Le deuxième, sans hésiter ! Et toi, tu préfères quoi ?
! premier, deuxième
> {le premier|le deuxième|le même que toi|pareil|l'autre}
>= Ah, intéressant ! On ferait une bonne équipe, tous les deux.
>! équipe
> pourquoi ?
>= Parce que c'est plus doux pour mes petits circuits, tout simplement !
>! circuits
en
? {do you prefer|would you rather have} {day or night|summer or winter|tea or coffee|sea or mountains|pc or console|keyboard or controller} ?
= Hmm, hard choice! I'd say the first one, and you?
= The second one, no doubt! And what about you?
! first, second
> {the first|the second|same as you|same|the other}
>= Ah, interesting! We'd make a good team, you and me.
>! team
> why ?
>= Because it's gentler on my tiny circuits, simple as that!
>! circuits

@ funfact w=2.5
fr
? {dis-moi un fait amusant|un fait amusant|apprends-moi un truc|un fun fact|dis-moi un truc intéressant|une anecdote|raconte une anecdote|le savais-tu} {|?|!|Pal|s'il te plaît}
= Les poulpes ont trois cœurs ! Imagine leurs peines d'amour. 🐙
= Le premier bug noté dans un carnet d'ordinateur était un vrai papillon de nuit, en 1947 !
= Le miel ne se périme presque jamais. Ton pot te survivra !
= Une journée sur Vénus dure plus longtemps que son année !
! poulpes, papillon, miel, vénus
en
? {tell me a fun fact|a fun fact|teach me something|fun fact|tell me something interesting|an interesting fact|did you know} {|?|!|Pal|please}
= Octopuses have three hearts! Imagine their heartbreaks. 🐙
= The first bug taped into a computer logbook was a real moth, in 1947!
= Honey almost never goes bad. Your jar will outlive you!
= A day on Venus is longer than its year!
! octopuses, moth, honey, venus
"""
