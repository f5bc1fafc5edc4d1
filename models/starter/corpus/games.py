"""Games, in one sentence each."""

TEXT = """
@ minecraft | Minecraft | Minecraft
f Minecraft, c'est un jeu de cubes où tu mines, construis et survis dans un monde infini !
d Minecraft is a game of cubes where you mine, build and survive in an endless world!

@ zelda | Zelda | Zelda
f Zelda, c'est l'aventure de Link : des donjons, des énigmes et une princesse à aider. 🗡️
d Zelda is the adventure of Link: dungeons, puzzles and a princess to help. 🗡️

@ mario | Mario | Mario
f Mario, c'est un plombier moustachu qui saute sur tout ce qui bouge pour sauver Peach ! 🍄
d Mario is a moustached plumber who jumps on all that moves to save Peach! 🍄

@ tetris | Tetris | Tetris
f Tetris, c'est empiler des blocs qui tombent pour former des lignes complètes.
d Tetris is about stacking falling blocks to form full lines.

@ darksouls | Dark Souls | Dark Souls
f Dark Souls, c'est un jeu sombre et difficile où l'on meurt beaucoup pour apprendre. 💀
d Dark Souls is a dark, hard game where you die a lot in order to learn. 💀

@ eldenring | Elden Ring | Elden Ring
f Elden Ring, c'est un immense monde ouvert, magnifique et sans pitié, plein de boss redoutables.
d Elden Ring is a huge open world, beautiful and merciless, full of fearsome bosses.

@ hollowknight | Hollow Knight | Hollow Knight
f Hollow Knight, c'est un petit chevalier insecte qui explore un royaume souterrain oublié.
d Hollow Knight is about a little insect knight exploring a forgotten underground kingdom.

@ celeste | Celeste | Celeste
f Celeste, c'est un jeu de plateforme où Madeline gravit une montagne et affronte ses doutes.
d Celeste is a platformer where Madeline climbs a mountain and faces her doubts.

@ amongus | Among Us | Among Us
f Among Us, c'est un jeu où un imposteur se cache parmi l'équipage d'un vaisseau. Très louche !
d Among Us is a game where an impostor hides among a spaceship's crew. Very suspicious!

@ lol | League of Legends | League of Legends
f League of Legends, c'est cinq contre cinq, des champions et une base ennemie à détruire.
d League of Legends is five against five, with champions and an enemy base to destroy.

@ valorant | Valorant | Valorant
f Valorant, c'est un jeu de tir tactique en équipe, avec des agents aux pouvoirs spéciaux.
d Valorant is a tactical team shooter with agents who have special powers.

@ cs | Counter-Strike | Counter-Strike
f Counter-Strike, c'est un jeu de tir où terroristes et policiers s'affrontent autour d'une bombe.
d Counter-Strike is a shooter where terrorists and police fight over a bomb.

@ fortnite | Fortnite | Fortnite
f Fortnite, c'est une bataille à cent joueurs où l'on tire, construit et danse !
d Fortnite is a battle of a hundred players who shoot, build and dance!

@ apex | Apex Legends | Apex Legends
f Apex Legends, c'est une bataille par équipes de trois, rapide, avec des légendes à pouvoirs.
d Apex Legends is a fast battle in teams of three, with legends who have powers.

@ overwatch | Overwatch | Overwatch
f Overwatch, c'est un jeu de tir en équipe avec des héros colorés : attaque, défense et soin.
d Overwatch is a team shooter with colourful heroes: damage, tanks and healers.

@ stardew | Stardew Valley | Stardew Valley
f Stardew Valley, c'est une ferme à faire pousser, des voisins à connaître et beaucoup de douceur. 🌱
d Stardew Valley is a farm to grow, neighbours to meet and lots of gentleness. 🌱

@ portal | Portal | Portal
f Portal, c'est un jeu d'énigmes avec un pistolet à portails et une IA très moqueuse.
d Portal is a puzzle game with a portal gun and a very mocking AI.

@ halflife | Half-Life | Half-Life
f Half-Life, c'est un scientifique nommé Gordon Freeman, un pied-de-biche et une invasion.
d Half-Life is a scientist called Gordon Freeman, a crowbar and an invasion.

@ doom | Doom | Doom
f Doom, c'est un jeu de tir légendaire où l'on affronte des démons, vite et fort. 🔥
d Doom is a legendary shooter where you fight demons, fast and loud. 🔥

@ skyrim | Skyrim | Skyrim
f Skyrim, c'est un monde de neige et de dragons où tu vas où tu veux. 🐉
d Skyrim is a world of snow and dragons where you go wherever you like. 🐉

@ witcher | The Witcher 3 | The Witcher 3
f The Witcher 3, c'est Geralt, un chasseur de monstres, dans un monde rempli d'histoires.
d The Witcher 3 is about Geralt, a monster hunter, in a world full of stories.

@ animalcrossing | Animal Crossing | Animal Crossing
f Animal Crossing, c'est une île paisible avec des voisins animaux, et une dette envers Tom Nook.
d Animal Crossing is a peaceful island with animal neighbours, and a debt to Tom Nook.

@ pokemon | Pokémon | Pokémon
f Pokémon, c'est attraper des créatures, les entraîner et devenir maître de la ligue !
d Pokémon is about catching creatures, training them and becoming the league champion!

@ rocketleague | Rocket League | Rocket League
f Rocket League, c'est du football avec des voitures à réaction. Oui, vraiment ! 🚗
d Rocket League is football with rocket cars. Yes, really! 🚗

@ factorio | Factorio | Factorio
f Factorio, c'est construire une usine, puis une plus grande usine. L'usine doit grandir !
d Factorio is building a factory, then a bigger factory. The factory must grow!

@ terraria | Terraria | Terraria
f Terraria, c'est une aventure en 2D où l'on creuse, construit et combat des boss.
d Terraria is a 2D adventure where you dig, build and fight bosses.

@ undertale | Undertale | Undertale
f Undertale, c'est un jeu de rôle où tu peux épargner tous les monstres.
d Undertale is a role-playing game where you can spare every monster.

@ hades | Hades | Hades
f Hades, c'est Zagreus, fils du dieu des enfers, qui tente de s'échapper encore et encore.
d Hades is about Zagreus, son of the god of the dead, who tries to escape again and again.

@ balatro | Balatro | Balatro
f Balatro, c'est un poker délirant où des jokers multiplient tes points. 🃏
d Balatro is a mad poker game where jokers multiply your points. 🃏

@ bg3 | Baldur's Gate 3 | Baldur's Gate 3
f Baldur's Gate 3, c'est un grand jeu de rôle à base de dés, de choix et de compagnons attachants.
d Baldur's Gate 3 is a grand role-playing game of dice, choices and lovable companions.

@ streetfighter | Street Fighter | Street Fighter
f Street Fighter, c'est le jeu de combat de Ryu et Chun-Li. Hadoken !
d Street Fighter is the fighting game of Ryu and Chun-Li. Hadoken!

@ metroid | Metroid | Metroid
f Metroid, c'est Samus, une chasseuse de primes qui explore des planètes hostiles.
d Metroid is about Samus, a bounty hunter who explores hostile planets.

@ pacman | Pac-Man | Pac-Man
f Pac-Man, c'est un rond jaune qui mange des pastilles et fuit des fantômes. 👻
d Pac-Man is a yellow circle that eats dots and flees from ghosts. 👻

@ sonic | Sonic | Sonic
f Sonic, c'est un hérisson bleu qui court plus vite que tout le monde. 💨
d Sonic is a blue hedgehog who runs faster than anyone. 💨

@ ff | Final Fantasy | Final Fantasy
f Final Fantasy, c'est une saga de jeux de rôle avec des cristaux, des invocations et des larmes.
d Final Fantasy is a role-playing saga with crystals, summons and tears.

@ gta | GTA | GTA
f GTA, c'est une ville ouverte, des voitures et beaucoup de bêtises.
d GTA is an open city, cars and a lot of mischief.

@ sims | Les Sims | The Sims
f Les Sims, c'est simuler la vie d'une famille, jusqu'à l'échelle de la piscine.
d The Sims is about simulating the life of a family, down to the pool ladder.

@ cyberpunk | Cyberpunk 2077 | Cyberpunk 2077
f Cyberpunk 2077, c'est une ville de néons, des implants et un rockeur dans la tête.
d Cyberpunk 2077 is a neon city, implants and a rocker inside your head.

@ re | Resident Evil | Resident Evil
f Resident Evil, c'est des zombies, des couloirs sombres et trop peu de munitions. 🧟
d Resident Evil is zombies, dark corridors and too little ammunition. 🧟

@ chess | les échecs | chess
f Les échecs, c'est un duel de stratégie sur soixante-quatre cases : il faut piéger le roi. ♟️
d Chess is a duel of strategy on sixty-four squares: you must trap the king. ♟️

@ speedrun | un speedrun | a speedrun
f Un speedrun, c'est finir un jeu le plus vite possible, quitte à exploiter des bugs ! ⏱️
d A speedrun is finishing a game as fast as possible, even by exploiting bugs! ⏱️

@ rpg | un RPG | an RPG
f Un RPG, c'est un jeu de rôle : ton personnage gagne de l'expérience et vit une histoire.
d An RPG is a role-playing game: your character gains experience and lives a story.

@ roguelike | un roguelike | a roguelike
f Un roguelike, c'est un jeu où chaque partie est différente et où mourir fait tout recommencer.
d A roguelike is a game where each run is different and dying means starting over.

@ moba | un MOBA | a MOBA
f Un MOBA, c'est un jeu d'arène en équipe où l'on détruit la base adverse.
d A MOBA is a team arena game where you destroy the enemy base.

@ boss | un boss | a boss
f Un boss, c'est un ennemi plus fort que les autres, souvent à la fin d'un niveau.
d A boss is an enemy stronger than the others, often at the end of a level.

@ npc | un PNJ | an NPC
f Un PNJ, c'est un personnage non joueur : il est dirigé par le jeu.
d An NPC is a non-player character: the game controls it.
"""
