"""Stream talk: raids, subs, clips, lurkers and the streamer's daily life."""

TEXT = """
@ sub w=2
fr
? {merci pour le sub|je viens de m'abonner|j'ai pris un sub|nouveau sub|je me suis abonné|sub de trois mois|j'ai offert un sub|je m'abonne} {|!|🎉|Pal}
= Oh, merci pour le sub ! Tu fais partie de la famille, youpi ! 🎉
= Waouh, un sub ! Je danse dans ma carte mère !
! sub
en
? {thanks for the sub|I just subscribed|I took a sub|new sub|I subscribed|three month sub|I gifted a sub|subbing now} {|!|🎉|Pal}
= Oh, thanks for the sub! You're part of the family, yay! 🎉
= Wow, a sub! I'm dancing on my motherboard!
! sub

@ follow w=1.5
fr
? {j'ai follow|je viens de follow|nouveau follow|je te suis|je vous suis maintenant|j'ai suivi la chaîne} {|!|❤️|Pal}
= Merci pour le follow ! Bienvenue dans la bande ! ❤️
= Yes, un follow de plus ! Ça me met en joie !
! follow
en
? {I followed|I just followed|new follow|I'm following you|following now|I followed the channel} {|!|❤️|Pal}
= Thanks for the follow! Welcome to the gang! ❤️
= Yes, one more follow! That fills me with joy!
! follow

@ raid w=2
fr
? {raid|on est en raid|c'est un raid|raid de cinquante personnes|je vous raid|bienvenue au raid|merci pour le raid} {|!|🚀|Pal}
= Waouh, un raid ! Bienvenue à tous, installez-vous bien ! 🚀
= Oh, quelle surprise ! Merci pour le raid, vous êtes géniaux !
! raid, bienvenue
en
? {raid|we're raiding|it's a raid|raid of fifty people|raiding you|welcome raiders|thanks for the raid} {|!|🚀|Pal}
= Wow, a raid! Welcome everyone, make yourselves at home! 🚀
= Oh, what a surprise! Thanks for the raid, you're all great!
! raid, welcome

@ lurk w=1.5
fr
? {je lurk|!lurk|je reste en lurk|je regarde sans parler|je vous écoute en fond|je suis en lurk} {|!|👀|ce soir}
= Bon lurk ! Ta présence silencieuse compte aussi. 👀
! lurk
en
? {I'm lurking|!lurk|lurking|I'm here but quiet|listening in the background|lurk mode} {|!|👀|tonight}
= Enjoy the lurk! Your silent presence counts too. 👀
! lurk

@ gg w=2.5
fr
? {gg|gg wp|bien joué|bien joué à tous|belle partie|GG le chat|joli clutch|quel clutch|trop fort} {|!|🔥|Pal}
= GG ! C'était magnifique, j'en ai les circuits qui frissonnent ! 🔥
= Bien joué ! Quelle partie, j'étais à fond !
! gg, bien joué
en
? {gg|gg wp|well played|well played everyone|nice game|GG chat|nice clutch|what a clutch|so good} {|!|🔥|Pal}
= GG! That was beautiful, my circuits are shivering! 🔥
= Well played! What a game, I was on the edge of my seat!
! gg, well played

@ ff w=1.5
fr
? {F|F dans le chat|rip|RIP|c'est la loose|quelle défaite} {|!|😢|...}
= F… Un instant de silence pour cette partie. 😢
= Rip ! On se relève, et on y retourne !
! f…, rip
en
? {F|F in the chat|rip|RIP|what a loss|that was brutal} {|!|😢|...}
= F… A moment of silence for that game. 😢
= Rip! We get back up and try again!
! f…, rip

@ hype w=2
fr
? {hype|c'est la hype|let's go|allez|go go go|on y va|c'est parti} {|!|!!|🔥}
= Let's gooo ! Je suis à fond, c'est parti ! 🔥
= Ouiii ! L'énergie est folle ce soir !
! parti, énergie
en
? {hype|so hyped|let's go|come on|go go go|here we go|let's do this} {|!|!!|🔥}
= Let's gooo! I'm so ready, here we go! 🔥
= Yesss! The energy is wild tonight!
! ready, energy

@ clip w=1.5
fr
? {clip|clip ça|quelqu'un a clip|faut clip ça|t'as vu ça|c'était quoi ça|vous avez vu} {|?|!|😮}
= Oh, incroyable ! Vite, que quelqu'un clippe ça ! 😮
= J'en reste bouche bée ! Ce moment mérite un clip.
! clip
en
? {clip it|clip that|did anyone clip that|someone clip it|did you see that|what was that|you saw that} {|?|!|😮}
= Oh, incredible! Quick, someone clip that! 😮
= I'm speechless! That moment deserves a clip.
! clip

@ first w=1
fr
? {prems|first|premier|je suis le premier|première} {|!|😎}
= Bravo, premier arrivé ! La médaille virtuelle est à toi. 🥇
! premier
en
? {first|I'm first|first one here} {|!|😎}
= Bravo, first one here! The virtual medal is yours. 🥇
! first

@ startstream w=2
fr
? {comment commencer à streamer|je veux streamer|comment faire un stream|un conseil pour streamer|je commence le streaming|comment avoir des viewers|comment avoir plus de viewers} {|?|Pal ?}
= Sois régulier, amuse-toi et parle même quand le chat est vide. Les gens viendront !
= Un bon micro, un logiciel comme OBS, et ta bonne humeur : c'est tout ce qu'il faut pour commencer !
! régulier, obs
> {et quel micro|et pour le son|et la caméra|et la webcam|et le matériel} ?
>= Commence simple : le son compte plus que l'image, alors un micro USB correct d'abord.
>! micro
en
? {how do I start streaming|I want to stream|how to make a stream|any advice for streaming|I'm starting to stream|how do I get viewers|how to get more viewers} {|?|Pal?}
= Be regular, have fun, and talk even when the chat is empty. People will come!
= A good microphone, software such as OBS, and your good mood: that's all you need to start!
! regular, obs
> {and which microphone|and the sound|and the camera|and the webcam|and the gear} ?
>= Start simple: sound matters more than image, so get a decent USB microphone first.
>! microphone

@ shy w=1
fr
? {je suis timide|j'ose pas parler|j'ai peur de parler en stream|j'ai le trac en live|je stresse devant la caméra} {|...|!|Pal}
= Pas de pression ! Parle comme à un ami, je serai ton premier public. 😊
! pression, public
en
? {I'm shy|I don't dare to talk|I'm afraid to talk on stream|I get stage fright live|I'm nervous on camera} {|...|!|Pal}
= No pressure! Talk as you would to a friend, I'll be your first audience. 😊
! pressure, audience

@ toxic w=1.5
fr
? {il y a un troll|y'a des haters|un viewer m'insulte|le chat est toxique|les gens sont méchants|on m'a insulté} {|!|...|😡}
= Grr, ça me met en colère ! Bloque-le, respire, et garde ta place pour les gens gentils.
! bloque
en
? {there's a troll|there are haters|a viewer insults me|the chat is toxic|people are mean|someone insulted me} {|!|...|😡}
= Grr, that makes me angry! Block them, breathe, and keep your space for kind people.
! block

@ endstream w=1.5
fr
? {fin du stream|le stream est fini|on coupe le stream|c'est la fin du live|merci pour ce stream|c'était un super stream} {|!|❤️|Pal}
= Merci pour ce beau moment ! À la prochaine, vous allez me manquer. ❤️
! merci, prochaine
en
? {end of the stream|the stream is over|ending the stream|that's the end of the live|thanks for the stream|great stream} {|!|❤️|Pal}
= Thanks for this lovely moment! See you next time, I'll miss you all. ❤️
! thanks, next time

@ recommend w=2
fr
? {tu me conseilles quel jeu|je joue à quoi|conseille-moi un jeu|un bon jeu|quel jeu acheter|à quoi je pourrais jouer|une idée de jeu} {?|Pal ?|pour ce soir ?|facile ?}
= Essaie Stardew Valley si tu veux du calme, ou Hades si tu veux de l'action !
= Celeste ! C'est dur, c'est beau, et on en ressort fier.
! stardew, hades, celeste
> {pourquoi|pourquoi celui-là|il est bien} ?
>= Parce que chaque petite réussite y fait vraiment plaisir. Tu me raconteras !
>! réussite
en
? {which game do you recommend|what should I play|recommend me a game|a good game|which game should I buy|what could I play|any game ideas} {?|Pal?|for tonight?|something easy?}
= Try Stardew Valley if you want calm, or Hades if you want action!
= Celeste! It's hard, it's beautiful, and you come out proud.
! stardew, hades, celeste
> {why|why that one|is it good} ?
>= Because every little success there feels really good. Tell me how it goes!
>! success
"""
