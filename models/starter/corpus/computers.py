"""Computers, the web and streaming tools; the second half of the "tech" facts."""

TEXT = """
@ api | une API | an API
f Une API, c'est le guichet d'un programme : on lui pose une demande, il répond. 🔌
f Une API, c'est l'ensemble des règles qui permettent à deux programmes de se parler.
g Une API sert à utiliser un service sans connaître son intérieur, comme la météo ou la carte.
h Par exemple, un site demande `/meteo?ville=Lyon` à une API et reçoit la température.
d An API is a program's counter: you make a request, it answers. 🔌
d An API is the set of rules that let two programs talk to each other.
u An API lets you use a service without knowing its insides, such as weather or maps.
x For example, a site asks an API for `/weather?city=Lyon` and receives the temperature.

@ rest | REST | REST
f REST, c'est une façon de concevoir des API web avec des adresses et des verbes HTTP : GET, POST, PUT, DELETE.
g REST sert à échanger des données entre un client et un serveur de façon simple et sans état.
h Par exemple, `GET /livres/3` lit le livre numéro trois, `DELETE /livres/3` le supprime.
d REST is a way to design web APIs with addresses and HTTP verbs: GET, POST, PUT, DELETE.
u REST exchanges data between a client and a server in a simple, stateless way.
x For example, `GET /books/3` reads book three, `DELETE /books/3` removes it.

@ json | JSON | JSON
f JSON, c'est un format de texte pour échanger des données, avec des clés et des valeurs.
g JSON sert à envoyer des données entre programmes, surtout sur le web.
h Par exemple, `{"nom": "Pal", "age": 1}` est du JSON valide.
d JSON is a text format for exchanging data, with keys and values.
u JSON sends data between programs, mostly on the web.
x For example, `{"name": "Pal", "age": 1}` is valid JSON.

@ yaml | YAML | YAML
f YAML, c'est un format de configuration lisible, basé sur l'indentation.
g YAML sert surtout à écrire des fichiers de configuration.
h Par exemple, `nom: Pal` sur une ligne, puis `age: 1` sur la suivante.
d YAML is a readable configuration format based on indentation.
u YAML is mostly used for writing configuration files.
x For example, `name: Pal` on one line, then `age: 1` on the next.

@ http | HTTP | HTTP
f HTTP, c'est le protocole du web : le navigateur demande une page, le serveur répond.
g HTTP sert à transporter les pages et les données du web.
h Par exemple, une réponse 200 veut dire que tout va bien, et 404 que la page est introuvable.
d HTTP is the protocol of the web: the browser asks for a page, the server answers.
u HTTP carries the pages and data of the web.
x For example, a 200 response means all is well, and 404 means the page is not found.

@ websocket | un WebSocket | a WebSocket
f Un WebSocket garde une connexion ouverte pour parler dans les deux sens, en direct.
g Un WebSocket sert aux chats, aux jeux et à tout ce qui doit arriver instantanément.
h Par exemple, un chat de stream reçoit chaque message par WebSocket, sans recharger la page.
d A WebSocket keeps a connection open to talk both ways, live.
u WebSockets are for chats, games and anything that must arrive instantly.
x For example, a stream chat receives each message over a WebSocket, without reloading.

@ docker | Docker | Docker
f Docker emballe une application avec tout ce qu'il lui faut dans un conteneur, pour qu'elle marche partout. 🐳
f Docker, c'est un outil qui fait tourner des applications dans des conteneurs isolés.
g Docker sert à installer et lancer une application pareil sur toutes les machines.
h Par exemple, `docker run nginx` lance un serveur web en une commande.
d Docker packs an application with all it needs into a container, so it runs anywhere. 🐳
d Docker is a tool that runs applications in isolated containers.
u Docker installs and runs an application the same way on every machine.
x For example, `docker run nginx` starts a web server in one command.

@ container | un conteneur | a container
f Un conteneur, c'est une boîte légère qui isole une application et ses dépendances.
g Un conteneur évite le fameux « ça marche chez moi » !
h Par exemple, une base de données dans un conteneur, et le site dans un autre.
d A container is a light box that isolates an application and its dependencies.
u A container avoids the famous "it works on my machine"!
x For example, a database in one container, and the website in another.

@ kubernetes | Kubernetes | Kubernetes
f Kubernetes, c'est le chef d'orchestre des conteneurs : il les lance, les répare et les répartit.
g Kubernetes sert à gérer des centaines de conteneurs sur plusieurs machines.
h Par exemple, si un conteneur tombe, Kubernetes en relance un autre tout seul.
d Kubernetes is the conductor of containers: it starts, repairs and spreads them.
u Kubernetes manages hundreds of containers on many machines.
x For example, if a container dies, Kubernetes starts another on its own.

@ git | Git | Git
f Git, c'est une machine à remonter le temps pour ton code : il garde chaque version.
f Git est un gestionnaire de versions : il suit chaque modification de tes fichiers.
g Git sert à suivre les changements, revenir en arrière et travailler à plusieurs.
h Par exemple, `git commit -m "corrige le bug"` enregistre tes changements.
d Git is a time machine for your code: it keeps every version.
d Git is a version control tool: it tracks every change in your files.
u Git tracks changes, lets you go back, and lets many people work together.
x For example, `git commit -m "fix the bug"` saves your changes.

@ commit | un commit | a commit
f Un commit, c'est une photo de ton projet à un instant donné, avec un message.
g Un commit sert à garder une étape du travail pour pouvoir y revenir.
h Par exemple, `git commit -m "ajoute le menu"`.
d A commit is a snapshot of your project at one moment, with a message.
u A commit keeps a step of the work so you can come back to it.
x For example, `git commit -m "add the menu"`.

@ branch | une branche Git | a Git branch
f Une branche, c'est une ligne de travail séparée, pour essayer sans casser le reste.
g Une branche sert à développer une idée à part, puis à la fusionner.
h Par exemple, `git switch -c essai` crée la branche essai.
d A branch is a separate line of work, to try things without breaking the rest.
u A branch lets you develop an idea apart, then merge it.
x For example, `git switch -c trial` creates the branch trial.

@ github | GitHub | GitHub
f GitHub, c'est un site qui héberge des projets Git et aide à coder ensemble.
g GitHub sert à partager son code, signaler des bugs et proposer des changements.
h Par exemple, on propose une correction avec une pull request.
d GitHub is a site that hosts Git projects and helps people code together.
u GitHub is for sharing code, reporting bugs and proposing changes.
x For example, you propose a fix with a pull request.

@ linux | Linux | Linux
f Linux, c'est un système d'exploitation libre, dont le noyau est né en 1991. 🐧
g Linux fait tourner des serveurs, des téléphones et plein de PC, gratuitement.
h Par exemple, Debian et Ubuntu sont des distributions Linux.
d Linux is a free operating system whose kernel was born in 1991. 🐧
u Linux runs servers, phones and lots of PCs, for free.
x For example, Debian and Ubuntu are Linux distributions.

@ os | un système d'exploitation | an operating system
f Un système d'exploitation, c'est le chef qui gère le matériel et les programmes.
g Un système d'exploitation partage le processeur, la mémoire et les fichiers entre les programmes.
h Par exemple, Linux, Windows et macOS.
d An operating system is the boss that manages hardware and programs.
u An operating system shares the processor, memory and files between programs.
x For example, Linux, Windows and macOS.

@ terminal | le terminal | the terminal
f Le terminal, c'est une fenêtre où l'on commande l'ordinateur en tapant du texte.
g Le terminal sert à lancer des programmes et automatiser des tâches très vite.
h Par exemple, `ls` montre les fichiers du dossier.
d The terminal is a window where you command the computer by typing text.
u The terminal starts programs and automates tasks very quickly.
x For example, `ls` shows the files in the folder.

@ sql | SQL | SQL
f SQL, c'est le langage pour interroger les bases de données.
g SQL sert à lire, ajouter, modifier et supprimer des données rangées en tables.
h Par exemple, `SELECT nom FROM joueurs WHERE score > 10`.
d SQL is the language for querying databases.
u SQL reads, adds, changes and deletes data stored in tables.
x For example, `SELECT name FROM players WHERE score > 10`.

@ database | une base de données | a database
f Une base de données, c'est un grand classeur organisé où un programme range ses informations.
g Une base de données sert à garder beaucoup de données et à les retrouver vite.
h Par exemple, SQLite ou PostgreSQL gardent les comptes d'un site.
d A database is a big organised cabinet where a program keeps its information.
u A database stores lots of data and finds it quickly.
x For example, SQLite or PostgreSQL keep the accounts of a site.

@ html | HTML | HTML
f HTML, c'est le langage qui décrit la structure d'une page web : titres, textes, images.
g HTML sert à construire le squelette des pages web.
h Par exemple, `<h1>Salut</h1>` affiche un grand titre.
d HTML is the language that describes the structure of a web page: titles, text, images.
u HTML builds the skeleton of web pages.
x For example, `<h1>Hi</h1>` shows a big title.

@ css | CSS | CSS
f CSS, c'est le langage qui habille les pages web : couleurs, tailles, positions. 🎨
g CSS sert à rendre une page jolie et adaptée à chaque écran.
h Par exemple, `h1 { color: blue; }` colore les titres en bleu.
d CSS is the language that dresses web pages: colours, sizes, positions. 🎨
u CSS makes a page pretty and suited to every screen.
x For example, `h1 { color: blue; }` colours titles blue.

@ javascript | JavaScript | JavaScript
f JavaScript, c'est le langage qui rend les pages web vivantes : clics, animations, jeux.
g JavaScript sert à programmer dans le navigateur, et aussi sur serveur avec Node.js.
h Par exemple, `alert("Salut !")` ouvre une petite fenêtre.
d JavaScript is the language that brings web pages to life: clicks, animations, games.
u JavaScript programs the browser, and servers too with Node.js.
x For example, `alert("Hi!")` opens a little window.

@ c | le langage C | the C language
f Le C, c'est un langage rapide et proche de la machine, né dans les années 70. Palabre est écrit en C !
g Le C sert à écrire des systèmes, des moteurs et tout ce qui doit aller vite.
h Par exemple, `printf("Bonjour\\n");` affiche Bonjour.
d C is a fast language close to the machine, born in the seventies. Palabre is written in C!
u C is for writing systems, engines and all that must be fast.
x For example, `printf("Hello\\n");` shows Hello.

@ rust | Rust | Rust
f Rust, c'est un langage rapide qui évite beaucoup d'erreurs de mémoire dès la compilation. 🦀
g Rust sert à écrire des programmes rapides et sûrs.
h Par exemple, `println!("Bonjour");` affiche Bonjour.
d Rust is a fast language that prevents many memory errors at compile time. 🦀
u Rust is for writing programs that are fast and safe.
x For example, `println!("Hello");` shows Hello.

@ java | Java | Java
f Java, c'est un langage orienté objet qui tourne partout grâce à sa machine virtuelle. ☕
g Java sert aux gros logiciels d'entreprise et aux applications Android.
h Par exemple, `System.out.println("Bonjour");` affiche Bonjour.
d Java is an object-oriented language that runs anywhere thanks to its virtual machine. ☕
u Java is for large business software and Android applications.
x For example, `System.out.println("Hello");` shows Hello.

@ pointer | un pointeur | a pointer
f Un pointeur, c'est une variable qui contient l'adresse d'une autre en mémoire. 👉
g Un pointeur sert à partager ou modifier une donnée sans la copier.
h Par exemple, `int *p = &x;` : p contient l'adresse de x.
d A pointer is a variable that holds another one's address in memory. 👉
u A pointer shares or changes data without copying it.
x For example, `int *p = &x;`: p holds the address of x.

@ compiler | un compilateur | a compiler
f Un compilateur traduit le code source en instructions que la machine comprend.
g Un compilateur sert à obtenir un programme rapide et à trouver des erreurs avant de le lancer.
h Par exemple, `gcc jeu.c -o jeu` fabrique le programme jeu.
d A compiler translates source code into instructions the machine understands.
u A compiler gives you a fast program and finds errors before you run it.
x For example, `gcc game.c -o game` makes the program game.

@ algorithm | un algorithme | an algorithm
f Un algorithme, c'est une recette : des étapes précises pour résoudre un problème. 🍳
g Un algorithme sert à résoudre un problème à coup sûr, étape par étape.
h Par exemple, trier des cartes en plaçant chaque carte à son rang.
d An algorithm is a recipe: precise steps to solve a problem. 🍳
u An algorithm solves a problem reliably, step by step.
x For example, sorting cards by putting each card in its place.

@ bug | un bug | a bug
f Un bug, c'est une erreur dans un programme qui le fait mal se comporter. 🐛
g Un bug ne sert à rien, sauf à apprendre la patience !
h Par exemple, un jeu où le héros traverse les murs.
d A bug is an error in a program that makes it misbehave. 🐛
u A bug is good for nothing, except learning patience!
x For example, a game whose hero walks through walls.

@ debug | le débogage | debugging
f Le débogage, c'est l'enquête pour trouver et corriger les bugs. 🔍
g Le débogage sert à comprendre pourquoi un programme se trompe.
h Par exemple, on affiche les variables avec `print` pour voir où ça dérape.
d Debugging is the investigation that finds and fixes bugs. 🔍
u Debugging helps you understand why a program goes wrong.
x For example, you show variables with `print` to see where it slips.

@ test | un test unitaire | a unit test
f Un test unitaire vérifie automatiquement qu'un petit morceau de code fait bien son travail. ✅
g Un test unitaire sert à changer le code sans peur de tout casser.
h Par exemple, `assert double(2) == 4`.
d A unit test automatically checks that a small piece of code does its job. ✅
u A unit test lets you change code without fear of breaking everything.
x For example, `assert double(2) == 4`.

@ regex | une regex | a regex
f Une regex, c'est un motif qui décrit des textes à chercher. Puissante, mais pleine de symboles !
g Une regex sert à trouver, vérifier ou remplacer du texte.
h Par exemple, `[0-9]+` trouve une suite de chiffres.
d A regex is a pattern that describes text to look for. Powerful, but full of symbols!
u A regex finds, checks or replaces text.
x For example, `[0-9]+` finds a run of digits.

@ cache | un cache | a cache
f Un cache garde les résultats récents sous la main, pour ne pas tout recalculer.
g Un cache sert à répondre plus vite aux demandes qui reviennent.
h Par exemple, le navigateur garde les images d'un site pour la prochaine visite.
d A cache keeps recent results at hand, so nothing is computed twice.
u A cache answers repeated requests faster.
x For example, the browser keeps a site's images for the next visit.

@ cpu | un processeur | a processor
f Un processeur, c'est le cerveau de l'ordinateur : il exécute les instructions une à une, très vite.
g Le processeur sert à faire tous les calculs de la machine. Moi, je vis dedans !
h Par exemple, un processeur à huit cœurs mène huit calculs à la fois.
d A processor is the brain of the computer: it runs instructions one by one, very fast.
u The processor does all of the machine's computing. I live in it!
x For example, a processor with eight cores runs eight computations at once.

@ gpu | une carte graphique | a graphics card
f Une carte graphique, c'est une usine à calculs parallèles, idéale pour les images et l'IA.
g Une carte graphique sert à afficher les jeux et à accélérer les réseaux de neurones.
h Par exemple, elle calcule des millions de pixels soixante fois par seconde.
d A graphics card is a factory of parallel computing, ideal for images and AI.
u A graphics card draws games and speeds up neural networks.
x For example, it computes millions of pixels sixty times a second.

@ ram | la mémoire vive | RAM
f La mémoire vive, c'est le bureau de l'ordinateur : rapide, mais vidé quand on éteint.
g La mémoire vive sert à garder ce que les programmes utilisent en ce moment.
h Par exemple, avec seize gigaoctets, tu joues et tu streames en même temps.
d RAM is the computer's desk: fast, but cleared when you switch off.
u RAM keeps what programs are using right now.
x For example, with sixteen gigabytes you can play and stream at once.

@ vram | la VRAM | VRAM
f La VRAM, c'est la mémoire de la carte graphique.
g La VRAM sert à garder les textures d'un jeu, ou les couches d'un modèle d'IA.
h Par exemple, un modèle de quatre gigaoctets tient dans six gigaoctets de VRAM.
d VRAM is the memory of the graphics card.
u VRAM holds a game's textures, or the layers of an AI model.
x For example, a four gigabyte model fits into six gigabytes of VRAM.

@ ai | l'intelligence artificielle | artificial intelligence
f L'intelligence artificielle, c'est l'art de faire accomplir aux machines des tâches qui demandent de réfléchir.
g L'intelligence artificielle sert à traduire, reconnaître des images, ou papoter comme moi !
h Par exemple, un filtre qui reconnaît les messages indésirables.
d Artificial intelligence is the art of making machines do tasks that take thinking.
u Artificial intelligence translates, recognises images, or chats as I do!
x For example, a filter that recognises spam.

@ llm | un LLM | an LLM
f Un LLM, c'est un grand modèle de langue : il devine le mot suivant, encore et encore. Moi, j'en suis un tout petit !
g Un LLM sert à discuter, résumer, traduire ou écrire.
h Par exemple, Qwen et Llama sont des familles de LLM.
d An LLM is a large language model: it guesses the next word, again and again. I'm a tiny one!
u An LLM can chat, summarise, translate or write.
x For example, Qwen and Llama are families of LLMs.

@ neural | un réseau de neurones | a neural network
f Un réseau de neurones, c'est un calcul en couches, inspiré du cerveau, qui apprend à partir d'exemples. 🧠
g Un réseau de neurones sert à reconnaître des formes, des sons ou des mots.
h Par exemple, il apprend à distinguer un chat d'un chien en voyant mille photos.
d A neural network is a layered computation, inspired by the brain, that learns from examples. 🧠
u A neural network recognises shapes, sounds or words.
x For example, it learns to tell a cat from a dog by seeing a thousand photos.

@ token | un token | a token
f Un token, c'est un petit morceau de texte : un mot, une syllabe ou un signe.
g Les tokens servent d'alphabet aux modèles de langue comme moi.
h Par exemple, « bonjour » peut faire un seul token.
d A token is a small piece of text: a word, a syllable or a sign.
u Tokens are the alphabet of language models like me.
x For example, "hello" may be a single token.

@ llamacpp | llama.cpp | llama.cpp
f llama.cpp, c'est le moteur qui me fait tourner : il exécute des modèles de langue sur une machine ordinaire. 🦙
g llama.cpp sert à faire tourner un modèle en local, même sans carte graphique.
h Par exemple, il lit un fichier GGUF et répond sur ton processeur.
d llama.cpp is the engine that runs me: it runs language models on an ordinary machine. 🦙
u llama.cpp runs a model locally, even without a graphics card.
x For example, it reads a GGUF file and answers on your processor.

@ quantization | la quantification | quantization
f La quantification, c'est réduire la précision des poids d'un modèle pour qu'il prenne moins de place.
g La quantification sert à faire tenir un gros modèle dans une petite mémoire.
h Par exemple, passer de seize bits à quatre bits divise la taille par quatre environ.
d Quantization means lowering the precision of a model's weights so it takes less room.
u Quantization fits a big model into a small memory.
x For example, going from sixteen bits to four divides the size by about four.

@ server | un serveur | a server
f Un serveur, c'est un ordinateur qui attend des demandes et y répond.
g Un serveur sert à partager des pages, des fichiers ou des parties de jeu.
h Par exemple, un serveur Minecraft accueille plusieurs joueurs.
d A server is a computer that waits for requests and answers them.
u A server shares pages, files or game sessions.
x For example, a Minecraft server welcomes several players.

@ cloud | le cloud | the cloud
f Le cloud, c'est l'ordinateur de quelqu'un d'autre, loué par internet. ☁️
g Le cloud sert à louer de la puissance et du stockage. Moi, je préfère rester chez toi !
h Par exemple, tes photos sauvegardées en ligne sont dans le cloud.
d The cloud is someone else's computer, rented over the internet. ☁️
u The cloud rents out power and storage. I'd rather stay at your place!
x For example, your photos saved online are in the cloud.

@ ip | une adresse IP | an IP address
f Une adresse IP, c'est le numéro qui identifie une machine sur un réseau.
g Une adresse IP sert à envoyer les données à la bonne machine.
h Par exemple, `192.168.1.10` est une adresse de réseau local.
d An IP address is the number that identifies a machine on a network.
u An IP address sends data to the right machine.
x For example, `192.168.1.10` is a local network address.

@ encryption | le chiffrement | encryption
f Le chiffrement rend un message illisible pour tous, sauf pour qui possède la clé. 🔐
g Le chiffrement sert à protéger tes mots de passe et tes conversations.
h Par exemple, le petit cadenas du navigateur veut dire que la page est chiffrée.
d Encryption makes a message unreadable to all but those who hold the key. 🔐
u Encryption protects your passwords and conversations.
x For example, the little padlock in the browser means the page is encrypted.

@ opensource | l'open source | open source
f L'open source, c'est du logiciel dont chacun peut lire, modifier et partager le code.
g L'open source sert à apprendre, vérifier et améliorer ensemble.
h Par exemple, Linux, Python et Palabre sont open source.
d Open source is software whose code anyone may read, change and share.
u Open source lets people learn, check and improve together.
x For example, Linux, Python and Palabre are open source.

@ framework | un framework | a framework
f Un framework, c'est une charpente toute prête : tu ajoutes ton code dedans.
g Un framework évite de réinventer la roue à chaque projet.
h Par exemple, Django et Flask sont des frameworks web pour Python.
d A framework is a ready-made frame: you add your code inside.
u A framework saves you from reinventing the wheel in each project.
x For example, Django and Flask are web frameworks for Python.

@ library | une bibliothèque logicielle | a software library
f Une bibliothèque logicielle, c'est un ensemble de fonctions prêtes à être réutilisées.
g Une bibliothèque sert à gagner du temps avec du code déjà testé.
h Par exemple, NumPy offre des calculs rapides sur des tableaux.
d A software library is a set of functions ready to be reused.
u A library saves time with code that's already tested.
x For example, NumPy offers fast computing on arrays.

@ array | un tableau | an array
f Un tableau, c'est une rangée de cases numérotées, qui contiennent des valeurs.
g Un tableau sert à accéder à une valeur par son numéro, immédiatement.
h Par exemple, `notes[0]` donne la première case.
d An array is a row of numbered boxes that hold values.
u An array gives you a value by its number, at once.
x For example, `grades[0]` gives the first box.

@ string | une chaîne de caractères | a string
f Une chaîne de caractères, c'est du texte : une suite de lettres entre guillemets.
g Une chaîne sert à manipuler des mots, des noms, des messages.
h Par exemple, `"salut".upper()` donne SALUT.
d A string is text: a run of letters between quotes.
u A string handles words, names and messages.
x For example, `"hello".upper()` gives HELLO.

@ boolean | un booléen | a boolean
f Un booléen, c'est une valeur qui ne peut être que vraie ou fausse.
g Un booléen sert à décider : si c'est vrai, on fait ceci, sinon cela.
h Par exemple, `3 > 2` vaut `True`.
d A boolean is a value that can only be true or false.
u A boolean makes decisions: if it's true do this, otherwise do that.
x For example, `3 > 2` is `True`.

@ set | un ensemble Python | a Python set
f Un ensemble, c'est une collection sans doublons et sans ordre.
g Un ensemble sert à enlever les doublons et à tester vite si un élément est dedans.
h Par exemple, `{1, 2, 2}` devient `{1, 2}`.
d A set is a collection without duplicates and without order.
u A set removes duplicates and quickly tests whether an item is inside.
x For example, `{1, 2, 2}` becomes `{1, 2}`.

@ stack | une pile | a stack
f Une pile, c'est une collection où le dernier arrivé sort en premier, comme des assiettes. 🍽️
g Une pile sert à annuler des actions, ou à gérer les appels de fonctions.
h Par exemple, le bouton Annuler dépile la dernière action.
d A stack is a collection where the last one in comes out first, like plates. 🍽️
u A stack undoes actions, or keeps track of function calls.
x For example, the Undo button pops the last action.

@ queue | une file | a queue
f Une file, c'est une collection où le premier arrivé est le premier servi.
g Une file sert à traiter des demandes dans l'ordre d'arrivée.
h Par exemple, les messages du chat attendent leur tour dans une file.
d A queue is a collection where the first one in is the first one served.
u A queue handles requests in order of arrival.
x For example, chat messages wait their turn in a queue.

@ binary | le binaire | binary
f Le binaire, c'est écrire les nombres avec seulement des 0 et des 1.
g Le binaire sert de langue maternelle à tous les ordinateurs.
h Par exemple, 5 s'écrit 101 en binaire.
d Binary means writing numbers with only 0 and 1.
u Binary is the mother tongue of every computer.
x For example, 5 is 101 in binary.

@ obs | OBS | OBS
f OBS, c'est un logiciel libre pour filmer son écran et diffuser en direct. 🎥
g OBS sert à mélanger jeu, caméra, son et images pour ton stream.
h Par exemple, une scène avec ton jeu en grand et ta caméra dans un coin.
d OBS is free software for recording your screen and streaming live. 🎥
u OBS mixes game, camera, sound and pictures for your stream.
x For example, a scene with your game in full and your camera in a corner.

@ vtuber | un VTuber | a VTuber
f Un VTuber, c'est un streamer qui apparaît sous la forme d'un avatar animé.
g Un avatar de VTuber permet de streamer sans montrer son visage.
h Par exemple, un avatar renard qui sourit quand tu souris.
d A VTuber is a streamer who appears as an animated avatar.
u A VTuber avatar lets you stream without showing your face.
x For example, a fox avatar that smiles when you smile.

@ vrm | le format VRM | the VRM format
f VRM, c'est un format de fichier pour les avatars 3D, avec leurs expressions.
g VRM sert à utiliser le même avatar dans plusieurs logiciels.
h Par exemple, Palabre peut animer le visage d'un avatar VRM.
d VRM is a file format for 3D avatars, with their expressions.
u VRM lets you use the same avatar in several programs.
x For example, Palabre can animate the face of a VRM avatar.

@ twitch | Twitch | Twitch
f Twitch, c'est une plateforme où l'on regarde des gens jouer et discuter en direct. 💜
g Twitch sert à diffuser en direct et à parler avec son public dans le chat.
h Par exemple, tu tapes dans le chat et le streamer te répond en direct.
d Twitch is a platform where you watch people play and chat live. 💜
u Twitch is for broadcasting live and talking with your audience in the chat.
x For example, you type in the chat and the streamer answers you live.

@ fps | les FPS | FPS
f Les FPS, ce sont les images affichées par seconde. Plus il y en a, plus c'est fluide !
g Les FPS servent à mesurer la fluidité d'un jeu.
h Par exemple, soixante FPS, c'est déjà bien fluide.
d FPS are the frames shown each second. The more there are, the smoother it is!
u FPS measure how smooth a game is.
x For example, sixty FPS is already smooth.

@ ping | le ping | ping
f Le ping, c'est le temps d'un aller-retour entre toi et le serveur, en millisecondes.
g Le ping sert à savoir si ta connexion est réactive.
h Par exemple, vingt millisecondes c'est très bon, deux cents ça rame.
d Ping is the time of a round trip between you and the server, in milliseconds.
u Ping tells you whether your connection is responsive.
x For example, twenty milliseconds is very good, two hundred feels slow.

@ bot | un bot | a bot
f Un bot, c'est un programme qui agit tout seul, par exemple dans un chat. Comme moi ! 🤖
g Un bot sert à répondre, modérer ou amuser la galerie.
h Par exemple, un bot qui accueille les nouveaux dans le chat.
d A bot is a program that acts on its own, for example in a chat. Like me! 🤖
u A bot answers, moderates or entertains the crowd.
x For example, a bot that greets newcomers in the chat.
"""
