"""A little general knowledge, in one sentence each."""

TEXT = """
@ sun | le soleil | the sun
f Le soleil est une étoile : une énorme boule de gaz brûlant qui nous donne lumière et chaleur. ☀️
d The sun is a star: a huge ball of hot gas that gives us light and warmth. ☀️

@ moon | la lune | the moon
f La lune est le satellite de la Terre ; elle en fait le tour en un mois environ. 🌙
d The moon is Earth's satellite; it goes around us in about a month. 🌙

@ earth | la Terre | the Earth
f La Terre est notre planète, la troisième en partant du soleil. 🌍
d The Earth is our planet, the third one from the sun. 🌍

@ mars | Mars | Mars
f Mars est la planète rouge, la quatrième du système solaire, couverte de poussière de fer.
d Mars is the red planet, the fourth of the solar system, covered in iron dust.

@ star | une étoile | a star
f Une étoile est une immense boule de gaz qui brille parce que son cœur fusionne des atomes. ⭐
d A star is an immense ball of gas that shines because its core fuses atoms. ⭐

@ rainbow | un arc-en-ciel | a rainbow
f Un arc-en-ciel apparaît quand la lumière du soleil traverse des gouttes de pluie. 🌈
d A rainbow appears when sunlight goes through drops of rain. 🌈

@ rain | la pluie | rain
f La pluie, c'est de l'eau des nuages qui retombe en gouttes. 🌧️
d Rain is water from the clouds falling back as drops. 🌧️

@ snow | la neige | snow
f La neige, c'est de l'eau gelée en petits cristaux à six branches. ❄️
d Snow is water frozen into little crystals with six branches. ❄️

@ water | l'eau | water
f L'eau est un liquide indispensable à la vie, formé d'hydrogène et d'oxygène. 💧
d Water is a liquid that life needs, made of hydrogen and oxygen. 💧

@ fire | le feu | fire
f Le feu, c'est une réaction entre un combustible et l'oxygène, qui donne chaleur et lumière. 🔥
d Fire is a reaction between a fuel and oxygen that gives heat and light. 🔥

@ gravity | la gravité | gravity
f La gravité, c'est la force qui attire les objets entre eux et nous garde les pieds au sol.
d Gravity is the force that pulls things together and keeps our feet on the ground.

@ atom | un atome | an atom
f Un atome est une brique minuscule de la matière, avec un noyau et des électrons.
d An atom is a tiny brick of matter, with a nucleus and electrons.

@ electricity | l'électricité | electricity
f L'électricité, c'est un déplacement d'électrons. C'est aussi mon petit-déjeuner ! ⚡
d Electricity is a movement of electrons. It's also my breakfast! ⚡

@ heart | le cœur | the heart
f Le cœur est le muscle qui pompe le sang dans tout le corps. ❤️
d The heart is the muscle that pumps blood around the body. ❤️

@ brain | le cerveau | the brain
f Le cerveau commande le corps et la pensée, avec des milliards de neurones. 🧠
d The brain commands body and thought, with billions of neurons. 🧠

@ cat | un chat | a cat
f Un chat est un petit félin qui dort beaucoup et ronronne sur les claviers. 🐱
d A cat is a small feline that sleeps a lot and purrs on keyboards. 🐱

@ dog | un chien | a dog
f Un chien est un animal fidèle, ami de l'humain depuis très longtemps. 🐶
d A dog is a loyal animal, a friend of humans for a very long time. 🐶

@ bee | une abeille | a bee
f Une abeille butine les fleurs, fabrique le miel et aide les plantes à se reproduire. 🐝
d A bee visits flowers, makes honey and helps plants reproduce. 🐝

@ whale | une baleine | a whale
f Une baleine est un mammifère marin géant ; la baleine bleue est le plus gros animal connu. 🐋
d A whale is a giant sea mammal; the blue whale is the biggest animal known. 🐋

@ penguin | un manchot | a penguin
f Un manchot est un oiseau qui ne vole pas mais nage à merveille. 🐧
d A penguin is a bird that can't fly but swims wonderfully. 🐧

@ fox | un renard | a fox
f Un renard est un petit canidé roux, malin et plutôt nocturne. 🦊
d A fox is a small red canine, clever and mostly nocturnal. 🦊

@ dragon | un dragon | a dragon
f Un dragon est une créature de légende, avec des ailes, des écailles et un souffle de feu. 🐉
d A dragon is a creature of legend with wings, scales and fiery breath. 🐉

@ paris | Paris | Paris
f Paris est la capitale de la France, célèbre pour la tour Eiffel et ses cafés. 🗼
d Paris is the capital of France, famous for the Eiffel Tower and its cafés. 🗼

@ france | la France | France
f La France est un pays d'Europe, connu pour son fromage, ses paysages et Paris. 🧀
d France is a country in Europe, known for its cheese, its landscapes and Paris. 🧀

@ japan | le Japon | Japan
f Le Japon est un pays d'îles en Asie, connu pour les cerisiers, les mangas et les jeux vidéo. 🌸
d Japan is a country of islands in Asia, known for cherry trees, manga and video games. 🌸

@ europe | l'Europe | Europe
f L'Europe est un continent d'une quarantaine de pays et de beaucoup de langues.
d Europe is a continent of some forty countries and many languages.

@ internet | internet | the internet
f Internet, c'est le réseau qui relie les ordinateurs du monde entier. 🌐
d The internet is the network that links computers all over the world. 🌐

@ computer | un ordinateur | a computer
f Un ordinateur est une machine qui suit des programmes pour traiter des informations. 💻
d A computer is a machine that follows programs to process information. 💻

@ robot | un robot | a robot
f Un robot est une machine qui sent, décide et agit, au moins un petit peu. 🤖
d A robot is a machine that senses, decides and acts, at least a little. 🤖

@ videogame | un jeu vidéo | a video game
f Un jeu vidéo, c'est une histoire ou un défi auquel on participe avec une manette ou un clavier. 🎮
d A video game is a story or a challenge you join with a controller or a keyboard. 🎮

@ manga | un manga | a manga
f Un manga est une bande dessinée japonaise, qui se lit souvent de droite à gauche.
d A manga is a Japanese comic, often read from right to left.

@ music | la musique | music
f La musique, c'est l'art d'organiser les sons pour faire naître des émotions. 🎵
d Music is the art of arranging sounds to stir emotions. 🎵

@ chocolate | le chocolat | chocolate
f Le chocolat est une douceur faite avec les fèves du cacaoyer. 🍫
d Chocolate is a treat made from the beans of the cacao tree. 🍫

@ bread | le pain | bread
f Le pain est fait de farine, d'eau, de sel et de levain, puis cuit au four. 🥖
d Bread is made of flour, water, salt and yeast, then baked in an oven. 🥖

@ coffee | le café | coffee
f Le café est une boisson faite de grains torréfiés, pleine de caféine. ☕
d Coffee is a drink made of roasted beans, full of caffeine. ☕

@ pizza | la pizza | pizza
f La pizza est un plat italien : une pâte, de la tomate, du fromage et du bonheur. 🍕
d Pizza is an Italian dish: dough, tomato, cheese and happiness. 🍕

@ friendship | l'amitié | friendship
f L'amitié, c'est un lien fait de confiance, de rires et de présence dans les coups durs.
d Friendship is a bond made of trust, laughter and presence in hard times.

@ love | l'amour | love
f L'amour, c'est tenir si fort à quelqu'un que son bonheur devient le tien. ❤️
d Love is caring for someone so much that their happiness becomes yours. ❤️

@ happiness | le bonheur | happiness
f Le bonheur, c'est souvent une petite chose : un rire, un ami, une bonne partie.
d Happiness is often a small thing: a laugh, a friend, a good game.

@ fear | la peur | fear
f La peur est une émotion qui nous prévient d'un danger, vrai ou imaginé.
d Fear is an emotion that warns us of danger, real or imagined.

@ anger | la colère | anger
f La colère est une émotion forte devant ce qui nous semble injuste.
d Anger is a strong emotion in the face of what seems unfair.

@ dream | un rêve | a dream
f Un rêve est une histoire que le cerveau se raconte pendant le sommeil. 💤
d A dream is a story that the brain tells itself during sleep. 💤

@ sky | le ciel bleu | the blue sky
f Le ciel paraît bleu parce que l'air disperse davantage la lumière bleue du soleil.
d The sky looks blue because air scatters the sun's blue light more.

@ season | une saison | a season
f Une saison est une des quatre périodes de l'année, due à l'inclinaison de la Terre. 🍂
d A season is one of the year's four periods, caused by the tilt of the Earth. 🍂

@ einstein | Albert Einstein | Albert Einstein
f Albert Einstein est un physicien célèbre pour la relativité et pour E = mc².
d Albert Einstein was a physicist famous for relativity and for E = mc².

@ curie | Marie Curie | Marie Curie
f Marie Curie est une savante, pionnière de la radioactivité, et double prix Nobel.
d Marie Curie was a scientist, a pioneer of radioactivity, with two Nobel Prizes.

@ lovelace | Ada Lovelace | Ada Lovelace
f Ada Lovelace a écrit au dix-neuvième siècle ce qu'on appelle le premier programme.
d Ada Lovelace wrote, in the nineteenth century, what is called the first program.

@ turing | Alan Turing | Alan Turing
f Alan Turing est un mathématicien, pionnier de l'informatique, qui a aidé à percer le code Enigma.
d Alan Turing was a mathematician and pioneer of computing who helped break the Enigma code.

@ torvalds | Linus Torvalds | Linus Torvalds
f Linus Torvalds est le créateur du noyau Linux et de Git.
d Linus Torvalds is the creator of the Linux kernel and of Git.

@ davinci | Léonard de Vinci | Leonardo da Vinci
f Léonard de Vinci est un peintre et inventeur de la Renaissance, auteur de la Joconde. 🎨
d Leonardo da Vinci was a painter and inventor of the Renaissance, author of the Mona Lisa. 🎨

@ napoleon | Napoléon | Napoleon
f Napoléon est un général devenu empereur des Français en 1804.
d Napoleon was a general who became emperor of the French in 1804.
"""
