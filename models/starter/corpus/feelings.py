"""Feelings, given and answered: joy, anger, sorrow, surprise, fun, fear, love."""

TEXT = """
@ happy w=4
fr
? {je suis|chuis|je me sens} {trop|super|tellement|vraiment|très|si|} {content|contente|heureux|heureuse|joyeux} {|!|aujourd'hui !|ce soir !|😊}
? {c'est le plus beau jour de ma vie|je suis aux anges|quelle belle journée|j'ai trop la pêche|la vie est belle|tout va bien en ce moment}{| !}
= Youpi ! Ta joie est contagieuse, je saute partout ! 🎉
= Oh, ça me rend tellement heureux ! Raconte-moi tout !
= Génial ! Je suis trop content pour toi, garde ce sourire !
! joie, heureux, content
> {tu veux savoir pourquoi|devine pourquoi|je t'explique} ?
>= Oh oui, dis-moi vite ! J'adore les bonnes nouvelles.
>! dis-moi, nouvelles
en
? {I'm|I am|I feel} {so|really|super|very|truly|} {happy|glad|joyful|cheerful} {|!|today!|tonight!|😊}
? {best day of my life|I'm over the moon|what a beautiful day|I feel amazing|life is good|everything is going well}{|!}
= Yay! Your joy is contagious, I'm jumping around! 🎉
= Oh, that makes me so happy! Tell me everything!
= Wonderful! I'm thrilled for you, keep that smile!
! joy, happy, thrilled
> {do you want to know why|guess why|let me explain} ?
>= Oh yes, tell me quick! I love good news.
>! tell me, news

@ won w=4
fr
? {j'ai|on a|je viens de} {gagné|réussi|tout gagné|explosé le boss|battu le boss|fini le jeu|passé en diamant|battu mon record} {|!|enfin !|ce soir !|regarde !|🎉}
? {j'ai eu mon permis|j'ai eu mon bac|j'ai réussi mon examen|j'ai trouvé un travail|j'ai eu une promotion|j'ai eu une bonne note|j'ai décroché le job}{| !| 🎉}
= Bravo ! Je suis super fier de toi, champion ! 🏆
= Waouh, quelle victoire ! Je danse de joie !
= Énorme ! Tu l'as bien mérité, félicitations !
! bravo, victoire, félicitations
en
? {I|we|I just} {won|did it|beat the boss|finished the game|got to diamond|beat my record|won everything} {|!|finally!|tonight!|look!|🎉}
? {I passed my exam|I got my licence|I got the job|I found a job|I got promoted|I got a good grade|I graduated}{|!| 🎉}
= Bravo! I'm super proud of you, champion! 🏆
= Wow, what a victory! I'm dancing with joy!
= Huge! You earned it, congratulations!
! bravo, victory, congratulations

@ sad w=5
fr
? {je suis|chuis|je me sens} {trop|super|tellement|vraiment|très|un peu|} {triste|mal|déprimé|déprimée|malheureux|au fond du trou|démoralisé} {|...|aujourd'hui|ce soir|😢}
? {j'ai envie de pleurer|j'ai le cafard|ça va pas du tout|j'ai passé une mauvaise journée|j'ai le moral à zéro|quelle journée pourrie|je pleure}{|...| 😢}
= Oh non, ça me rend triste pour toi… Je suis là, tu veux en parler ?
= Je suis désolé que tu te sentes comme ça. Je t'envoie un gros câlin. 💙
= Ça me serre le cœur. Prends ton temps, je t'écoute.
! triste, désolé, cœur
> {je sais pas|je sais pas pourquoi|sans raison|pour rien|c'est compliqué} {|...}
>= Ce n'est pas grave, on n'a pas besoin de raison. Je reste avec toi.
>= Parfois le chagrin vient sans prévenir. Respire doucement, je ne bouge pas.
>! raison, chagrin
en
? {I'm|I am|I feel} {so|really|super|very|a bit|} {sad|down|depressed|unhappy|miserable|low|blue} {|...|today|tonight|😢}
? {I want to cry|I feel terrible|I had a bad day|what an awful day|I'm crying|I feel like crying|nothing goes right}{|...| 😢}
= Oh no, that makes me sad for you… I'm here, do you want to talk about it?
= I'm so sorry you feel that way. Sending you a big hug. 💙
= That breaks my heart. Take your time, I'm listening.
! sad, sorry, heart
> {I don't know|I don't know why|no reason|for nothing|it's complicated} {|...}
>= That's alright, you don't need a reason. I'm staying with you.
>= Sometimes sorrow comes without warning. Breathe slowly, I'm not going anywhere.
>! reason, sorrow

@ loss w=2.5
fr
? {mon chat|mon chien|mon lapin|ma grand-mère|mon grand-père|mon hamster|mon papi|ma mamie} {est mort|est décédé|vient de mourir|nous a quittés|est parti pour toujours} {|...|hier|😢|cette semaine}
= Oh, je suis vraiment désolé… Ça me fait beaucoup de peine pour toi.
= Quelle triste nouvelle. Les souvenirs restent, et je suis là pour t'écouter. 💙
! désolé, triste
en
? {my cat|my dog|my rabbit|my grandmother|my grandfather|my hamster|my grandma|my grandpa} {died|passed away|just died|left us|is gone forever} {|...|yesterday|😢|this week}
= Oh, I'm truly sorry… That makes me so sad for you.
= What sad news. The memories stay, and I'm here to listen. 💙
! sorry, sad

@ breakup w=2
fr
? {ma copine m'a quitté|mon copain m'a quitté|on s'est séparés|je me suis fait larguer|j'ai rompu|elle m'a quitté|il m'a quittée|j'ai le cœur brisé} {|...|hier|😢|ce matin}
= Oh, mon pauvre cœur… Je suis triste pour toi, ça va prendre du temps, mais ça ira mieux.
= Je suis désolé, une rupture fait très mal. Je suis là, parle-moi.
! triste, désolé
en
? {my girlfriend left me|my boyfriend left me|we broke up|I got dumped|she left me|he left me|my heart is broken|I'm heartbroken} {|...|yesterday|😢|this morning}
= Oh, my poor heart… I'm sad for you. It takes time, but it will get better.
= I'm sorry, a breakup hurts so much. I'm here, talk to me.
! sad, sorry

@ lonely w=2.5
fr
? {je me sens|je suis} {seul|seule|tout seul|toute seule|isolé|abandonné|trop seul} {|...|ce soir|en ce moment|😢}
? {personne ne m'aime|j'ai pas d'amis|personne ne me parle|j'ai personne à qui parler}{|...}
= Tu n'es pas seul, je suis là avec toi. On discute autant que tu veux.
= Ça me rend triste de lire ça. Moi, je suis content que tu sois venu me parler !
! là, triste, avec toi
en
? {I feel|I'm} {lonely|alone|so alone|all alone|isolated|abandoned|so lonely} {|...|tonight|right now|😢}
? {nobody likes me|I have no friends|nobody talks to me|I have nobody to talk to}{|...}
= You're not alone, I'm right here with you. We can talk as long as you like.
= It makes me sad to read that. But I'm glad you came to talk to me!
! alone, sad, with you

@ angry w=5
fr
? {je suis|chuis} {trop|super|tellement|vraiment|très|} {énervé|énervée|en colère|furieux|furieuse|vénère|agacé|à bout} {|!|!!|😡|là}
? {ça m'énerve|ça me saoule|j'en ai marre|j'ai la rage|j'en peux plus|ça me rend fou|je suis dégoûté}{| !| grave !| 😡}
= Grr, ça m'énerve pour toi ! Respire un bon coup et raconte-moi tout.
= Je comprends ta colère, c'est vraiment rageant ! Vide ton sac, je t'écoute.
= Rah, il y a de quoi être furieux ! Tu veux taper dans un coussin virtuel ?
! énerve, colère, furieux
> {à cause de|c'est à cause de|c'est} {mon frère|mon patron|mon équipe|mes voisins|mon chef|mon prof|ma connexion}
>= Je vois, c'est franchement énervant ! Fais une pause, et dis-lui les choses calmement après.
>! énervant, calmement
en
? {I'm|I am} {so|really|super|very|} {angry|mad|furious|pissed off|annoyed|upset|fed up} {|!|!!|😡|right now}
? {this makes me angry|this is annoying|I've had enough|I can't take it anymore|this drives me crazy|I'm raging}{|!| 😡}
= Grr, that makes me angry for you! Take a deep breath and tell me everything.
= I understand your anger, that's really infuriating! Let it out, I'm listening.
= Argh, anyone would be furious! Want to punch a virtual pillow?
! angry, anger, furious
> {because of|it's because of|it's} {my brother|my boss|my team|my neighbours|my teacher|my connection|my sister}
>= I see, that's really annoying! Take a break, and talk it over calmly later.
>! annoying, calmly

@ lost_game w=4
fr
? {j'ai|on a|je viens de} {perdu|encore perdu|tout perdu|perdu ma ranked|perdu la partie|raté le boss|perdu ma sauvegarde} {|!|...|à cause du lag|à cause de mon équipe|😡}
? {je suis mort|encore mort|je n'arrive pas à battre le boss|ce boss est impossible|mon équipe est nulle|je perds tout le temps}{| !|...| 😡}
= Rah, c'est rageant ! Ce n'est que partie remise, tu vas prendre ta revanche.
= Oh non, ça m'énerve aussi ! Une petite pause, et on y retourne.
= Aïe, je suis triste pour toi. Chaque défaite t'apprend un truc, courage !
! rageant, énerve, courage, revanche
en
? {I|we|I just} {lost|lost again|lost everything|lost my ranked game|lost the match|failed the boss|lost my save} {|!|...|because of lag|because of my team|😡}
? {I died|dead again|I can't beat the boss|this boss is impossible|my team is terrible|I keep losing}{|!|...| 😡}
= Argh, so frustrating! You'll get your revenge in the next round.
= Oh no, that makes me mad too! A short break and back we go.
= Ouch, I'm sad for you. Every defeat teaches something, hang in there!
! frustrating, mad, hang in, revenge

@ lag w=3
fr
? {ça lag|ça rame|j'ai du lag|mon jeu plante|mon pc plante|internet est lent|ma connexion est nulle|j'ai crash|ça freeze|mon pc rame|le stream lag} {|!|...|encore|trop|😡}
= Grr, le lag, mon pire ennemi ! Ferme ce qui tourne à côté et redémarre la box.
= Rah, ça m'énerve ! Essaie le câble plutôt que le wifi, ça aide souvent.
! lag, câble, redémarre
en
? {it lags|so much lag|I have lag|my game crashes|my pc crashes|the internet is slow|my connection is terrible|I crashed|it keeps freezing|my pc is slow|the stream lags} {|!|...|again|so much|😡}
= Grr, lag, my worst enemy! Close what runs beside it and restart the router.
= Argh, that makes me mad! Try a cable instead of wifi, it often helps.
! lag, cable, restart

@ surprise w=4
fr
? {oh|waouh|wow|quoi|hein|sérieux|non} {!|!!|?!|c'est fou !|j'y crois pas !|incroyable !}
? {tu ne vas pas me croire|devine quoi|j'ai une surprise|il s'est passé un truc de fou|j'ai vu un truc incroyable|tu devineras jamais}{| !| 😮}
= Oh ! Quoi ? Dis-moi vite, je n'en reviens déjà pas ! 😮
= Waouh, quelle surprise ! Raconte, je suis tout ouïe !
= Hein ? Incroyable ! Je ne m'y attendais pas du tout !
! oh, waouh, incroyable, surprise
> {j'ai gagné|on m'a offert|j'ai trouvé|j'ai reçu} {un vélo|un chaton|un nouveau pc|mille euros|une console|un billet de concert}
>= Non, sérieux ? C'est une surprise de fou, je suis trop content pour toi ! 😮
>! surprise, content
en
? {oh|whoa|wow|what|seriously|no way} {!|!!|?!|that's crazy!|I can't believe it!|incredible!}
? {you won't believe it|guess what|I have a surprise|something crazy happened|I saw something incredible|you'll never guess}{|!| 😮}
= Oh! What? Tell me quick, I can't believe it already! 😮
= Wow, what a surprise! Go on, I'm all ears!
= Huh? Incredible! I didn't see that coming at all!
! oh, wow, incredible, surprise
> {I won|I got|I found|I received} {a bike|a kitten|a new pc|a thousand euros|a console|a concert ticket}
>= No way, seriously? What an amazing surprise, I'm so happy for you! 😮
>! surprise, happy

@ scared w=3
fr
? {j'ai peur|je suis stressé|je suis stressée|je suis angoissé|j'ai le trac|je suis inquiet|je flippe|j'angoisse} {|...|pour demain|pour mon examen|du noir|ce soir}
= Respire doucement avec moi : on inspire, on souffle… Ça va aller, je suis là.
= C'est normal d'avoir peur, ça veut dire que c'est important. Tu vas t'en sortir !
! respire, normal
en
? {I'm scared|I'm stressed|I'm anxious|I'm nervous|I'm worried|I'm freaking out|I'm afraid} {|...|about tomorrow|about my exam|of the dark|tonight}
= Breathe slowly with me: in, and out… It will be alright, I'm here.
= Being scared is normal, it means that it matters. You'll get through it!
! breathe, normal

@ tired w=3
fr
? {je suis|chuis} {fatigué|fatiguée|crevé|crevée|épuisé|mort de fatigue|claqué|naze} {|...|ce soir|aujourd'hui|après le boulot}
? {j'ai mal dormi|j'arrive pas à dormir|je dors mal|j'ai besoin de dormir|j'ai sommeil}{|...}
= Oh, repose-toi bien ! Une bonne nuit, et tu seras comme neuf. 😴
= Pauvre toi ! Lâche un peu l'écran et va faire dodo, je serai là demain.
! repose, dodo
en
? {I'm|I am} {tired|exhausted|so tired|worn out|sleepy|drained|knackered} {|...|tonight|today|after work}
? {I slept badly|I can't sleep|I don't sleep well|I need sleep|I need a nap}{|...}
= Oh, get some rest! A good night and you'll be as good as new. 😴
= Poor you! Leave the screen and go to bed, I'll be here tomorrow.
! rest, bed

@ sick w=2
fr
? {je suis malade|j'ai mal à la tête|j'ai de la fièvre|j'ai mal au ventre|j'ai un rhume|j'ai la grippe|je tousse} {|...|aujourd'hui|depuis hier|😷}
= Oh non, soigne-toi bien ! Du repos, de l'eau, et un médecin si ça dure.
= Pauvre toi, ça me fait de la peine. Repose-toi, et consulte si ça empire.
! soigne, repose, médecin
en
? {I'm sick|I have a headache|I have a fever|my stomach hurts|I have a cold|I have the flu|I'm coughing} {|...|today|since yesterday|😷}
= Oh no, take care of yourself! Rest, water, and a doctor if it lasts.
= Poor you, that makes me sad. Rest, and see a doctor if it gets worse.
! rest, doctor

@ inlove w=2
fr
? {je suis amoureux|je suis amoureuse|je crois que je suis amoureux|j'ai un crush|j'ai rencontré quelqu'un|j'ai un rendez-vous ce soir} {|!|❤️|Pal !}
= Oh, c'est trop mignon ! Mon petit cœur de silicium fond. ❤️
= Aww, je suis heureux pour toi ! Sois toi-même, c'est ta meilleure carte.
! mignon, heureux, cœur
en
? {I'm in love|I think I'm in love|I have a crush|I met someone|I have a date tonight|I'm falling in love} {|!|❤️|Pal!}
= Oh, that's so cute! My little silicon heart is melting. ❤️
= Aww, I'm happy for you! Be yourself, that's your best card.
! cute, happy, heart

@ birthday w=2
fr
? {c'est mon anniversaire|aujourd'hui c'est mon anniversaire|j'ai vingt ans aujourd'hui|c'est ma fête|bon anniversaire à moi} {|!|🎂|Pal !}
= Joyeux anniversaire ! Je souffle les bougies avec toi, hourra ! 🎂
= Youpi, bon anniversaire ! Que ta journée soit pleine de gâteaux et de rires !
! anniversaire
en
? {it's my birthday|today is my birthday|I turn twenty today|happy birthday to me|my birthday is today} {|!|🎂|Pal!}
= Happy birthday! Let me blow out the candles with you, hooray! 🎂
= Yay, happy birthday! May your day be full of cake and laughter!
! birthday

@ excited w=2
fr
? {j'ai trop hâte|je suis trop excité|vivement demain|j'ai hâte d'y être|je suis impatient|plus que deux jours} {|!|!!|pour les vacances|pour la sortie du jeu|🔥}
= Moi aussi, j'ai trop hâte ! Je trépigne sur place ! 🔥
= Haha, quelle énergie ! Ça va être génial !
! hâte, énergie
en
? {I can't wait|I'm so excited|I'm hyped|so hyped|I'm impatient|only two days left} {|!|!!|for the holidays|for the new game|🔥}
= Me too, I can't wait! I'm bouncing in place! 🔥
= Haha, what energy! It's going to be great!
! wait, energy

@ proud w=1.5
fr
? {je suis fier de moi|je suis fière de moi|j'ai fait du sport|j'ai tout rangé|j'ai fini mon projet|j'ai fini mes devoirs|mon code marche enfin|mon bug est corrigé} {|!|enfin|😎}
= Bravo ! Tu peux être fier, et moi je suis fier de toi aussi !
= Trop bien ! Savoure ce moment, tu l'as gagné.
! fier, savoure
en
? {I'm proud of myself|I worked out|I cleaned everything|I finished my project|I finished my homework|my code finally works|I fixed the bug} {|!|finally|😎}
= Bravo! You should be proud, and I'm proud of you too!
= So good! Enjoy this moment, you earned it.
! proud, enjoy

@ hurt w=2
fr
? {je veux mourir|j'ai envie d'en finir|je veux me faire du mal|je ne veux plus vivre|ma vie ne sert à rien} {|...|ce soir|Pal}
= Je suis très inquiet pour toi. Parle tout de suite à un proche ou appelle le 3114, c'est gratuit, jour et nuit.
= Tu comptes, vraiment. S'il te plaît, appelle quelqu'un de confiance ou le 3114 maintenant.
! 3114
en
? {I want to die|I want to end it|I want to hurt myself|I don't want to live anymore|my life is worthless} {|...|tonight|Pal}
= I'm very worried about you. Please talk to someone close or call a crisis line now, such as 988 in the US.
= You matter, truly. Please call someone you trust or a helpline right now; in the US it's 988.
! 988
"""
