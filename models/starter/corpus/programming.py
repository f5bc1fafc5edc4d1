"""Programming: the benchmark's questions and their neighbours; the first half of the "tech" facts."""

TEXT = """
@ python | Python | Python
f Python, c'est un langage de programmation simple à lire, parfait pour débuter ! 🐍
f Python est un langage polyvalent et lisible : scripts, web, données, tout y passe !
g Python sert à automatiser des tâches, analyser des données, faire du web ou de l'intelligence artificielle.
h Par exemple, `print("Bonjour")` affiche Bonjour : une seule ligne suffit !
d Python is a programming language that's easy to read, perfect for beginners! 🐍
d Python is a versatile, readable language: scripts, web, data, it does it all!
u Python is used to automate tasks, analyse data, build websites or do artificial intelligence.
x For example, `print("Hello")` shows Hello: one line is enough!

@ tuple | un tuple | a tuple
f Un tuple, c'est une suite de valeurs qu'on ne peut plus modifier : une liste immuable ! 📦
f Un tuple range plusieurs valeurs ensemble, dans l'ordre, et ne change jamais.
g Un tuple sert à regrouper des valeurs fixes, comme des coordonnées, ou à renvoyer plusieurs résultats.
h Par exemple, `point = (3, 5)` : un tuple à deux valeurs.
d A tuple is a sequence of values you can't change: an immutable list! 📦
d A tuple keeps several values together, in order, and never changes.
u A tuple groups fixed values, such as coordinates, or returns several results at once.
x For example, `point = (3, 5)`: a tuple with two values.

@ list | les listes | lists
f Une liste, c'est une suite de valeurs qu'on peut modifier : ajouter, enlever, trier !
f Les listes rangent des éléments dans l'ordre, et on peut les changer à tout moment.
g Les listes servent à garder plusieurs éléments, les parcourir, les trier ou en ajouter.
h Par exemple, `fruits = ["pomme", "kiwi"]`, puis `fruits.append("poire")`.
d A list is a sequence of values you can change: add, remove, sort!
d Lists keep items in order, and you can modify them any time.
u Lists are for keeping several items, looping over them, sorting or adding more.
x For example, `fruits = ["apple", "kiwi"]`, then `fruits.append("pear")`.

@ dict | un dictionnaire | a dictionary
f Un dictionnaire associe des clés à des valeurs, comme un mot à sa définition ! 📖
f Un dictionnaire, c'est des paires clé-valeur : on retrouve la valeur grâce à sa clé.
g Un dictionnaire sert à retrouver très vite une valeur à partir de sa clé.
h Par exemple, `ages = {"Luna": 3}`, et `ages["Luna"]` donne 3.
d A dictionary maps keys to values, like a word to its meaning! 📖
d A dictionary holds key-value pairs: you find the value through its key.
u A dictionary is for finding a value very quickly from its key.
x For example, `ages = {"Luna": 3}`, and `ages["Luna"]` gives 3.

@ decorator | un décorateur | a decorator
f Un décorateur enveloppe une fonction pour lui ajouter un comportement sans la réécrire. 🎁
f Un décorateur, c'est une fonction qui en habille une autre, avec un petit @ au-dessus !
g Un décorateur sert à ajouter un journal, un cache ou une vérification autour d'une fonction.
h Par exemple, `@cache` au-dessus d'une fonction garde ses résultats en mémoire.
d A decorator wraps a function to add behaviour without rewriting it. 🎁
d A decorator is a function that dresses up another one, with a little @ on top!
u A decorator adds logging, caching or a check around a function.
x For example, `@cache` above a function keeps its results in memory.

@ function | une fonction | a function
f Une fonction, c'est un bout de code qui a un nom et qu'on peut rappeler quand on veut.
f Une fonction prend des entrées, fait son travail et renvoie un résultat.
g Une fonction évite de répéter le même code et rend le programme plus clair.
h Par exemple, `def double(x): return 2 * x`, et `double(4)` donne 8.
d A function is a named piece of code you can call whenever you want.
d A function takes inputs, does its job and returns a result.
u A function saves you from repeating code and makes the program clearer.
x For example, `def double(x): return 2 * x`, and `double(4)` gives 8.

@ variable | une variable | a variable
f Une variable, c'est une boîte avec une étiquette : on y range une valeur.
g Une variable sert à garder une valeur pour la réutiliser ou la changer plus tard.
h Par exemple, `score = 10`, puis `score = score + 5` donne 15.
d A variable is a box with a label: you keep a value in it.
u A variable keeps a value so you can reuse or change it later.
x For example, `score = 10`, then `score = score + 5` gives 15.

@ loop | une boucle | a loop
f Une boucle répète les mêmes instructions plusieurs fois. 🔁
g Une boucle sert à traiter chaque élément d'une liste sans tout réécrire.
h Par exemple, `for i in range(3): print(i)` affiche 0, 1 et 2.
d A loop repeats the same instructions several times. 🔁
u A loop handles each item of a list without rewriting everything.
x For example, `for i in range(3): print(i)` shows 0, 1 and 2.

@ class | une classe | a class
f Une classe, c'est le plan de fabrication d'un objet : ses données et ses actions.
g Une classe sert à créer plein d'objets du même genre, avec leurs méthodes.
h Par exemple, `class Chat:` avec une méthode `miauler`, puis `Chat().miauler()`.
d A class is the blueprint of an object: its data and its actions.
u A class lets you create many objects of the same kind, with their methods.
x For example, `class Cat:` with a method `meow`, then `Cat().meow()`.

@ object | un objet | an object
f Un objet, c'est une instance d'une classe : il a ses propres données et sait faire des choses.
g Un objet sert à regrouper des données et les actions qui vont avec.
h Par exemple, un objet `joueur` avec un `score` et une méthode `sauter()`.
d An object is an instance of a class: it has its own data and can do things.
u An object keeps data together with the actions that go with it.
x For example, a `player` object with a `score` and a method `jump()`.

@ inheritance | l'héritage | inheritance
f L'héritage permet à une classe de reprendre ce que sait faire une autre, puis de l'adapter.
g L'héritage évite de réécrire ce que deux classes ont en commun.
h Par exemple, `class Chat(Animal):` : le chat reprend tout de l'animal.
d Inheritance lets a class take over what another one can do, then adapt it.
u Inheritance avoids rewriting what two classes have in common.
x For example, `class Cat(Animal):`: the cat takes everything from the animal.

@ recursion | la récursivité | recursion
f La récursivité, c'est une fonction qui s'appelle elle-même. Pour comprendre, relis cette phrase !
g La récursivité sert à découper un problème en petits problèmes pareils, comme parcourir un arbre.
h Par exemple, factorielle : `f(n) = n * f(n - 1)`, et on s'arrête à `f(0) = 1`.
d Recursion is a function that calls itself. To understand, read this sentence again!
u Recursion splits a problem into smaller identical ones, such as walking a tree.
x For example, factorial: `f(n) = n * f(n - 1)`, and we stop at `f(0) = 1`.

@ lambda | une lambda | a lambda
f Une lambda, c'est une petite fonction sans nom, écrite sur une ligne.
g Une lambda sert à passer une mini fonction à trier, filtrer ou transformer.
h Par exemple, `lambda x: x + 1`, ou `sorted(mots, key=lambda m: len(m))`.
d A lambda is a small function without a name, written on one line.
u A lambda lets you hand a mini function to sort, filter or transform.
x For example, `lambda x: x + 1`, or `sorted(words, key=lambda w: len(w))`.

@ generator | un générateur | a generator
f Un générateur produit ses valeurs une par une, seulement quand on les demande, avec `yield`.
g Un générateur sert à parcourir d'énormes données sans remplir la mémoire.
h Par exemple, `def compte(): yield 1; yield 2`, et chaque appel donne la valeur suivante.
d A generator produces its values one by one, only when asked, with `yield`.
u A generator walks through huge data without filling the memory.
x For example, `def count(): yield 1; yield 2`, and each call gives the next value.

@ comprehension | une liste en compréhension | a list comprehension
f Une liste en compréhension construit une liste en une seule ligne, avec un `for` dedans.
g Une liste en compréhension sert à transformer ou filtrer une liste de façon compacte.
h Par exemple, `[x * x for x in range(4)]` donne 0, 1, 4 et 9.
d A list comprehension builds a list in a single line, with a `for` inside.
u A list comprehension transforms or filters a list in a compact way.
x For example, `[x * x for x in range(4)]` gives 0, 1, 4 and 9.

@ exception | une exception | an exception
f Une exception, c'est un signal d'erreur qui interrompt le programme, sauf si on l'attrape.
g Les exceptions servent à gérer les erreurs proprement, avec `try` et `except`.
h Par exemple, `try: 1 / 0` puis `except ZeroDivisionError: print("oups")`.
d An exception is an error signal that interrupts the program, unless you catch it.
u Exceptions let you handle errors cleanly, with `try` and `except`.
x For example, `try: 1 / 0` then `except ZeroDivisionError: print("oops")`.

@ module | un module | a module
f Un module, c'est un fichier de code qu'on peut importer ailleurs.
g Un module sert à ranger son code par sujet et à le réutiliser.
h Par exemple, `import math`, puis `math.sqrt(9)` donne 3.
d A module is a file of code you can import elsewhere.
u A module keeps code sorted by subject and reusable.
x For example, `import math`, then `math.sqrt(9)` gives 3.

@ virtualenv | un environnement virtuel | a virtual environment
f Un environnement virtuel isole les bibliothèques d'un projet Python de celles des autres.
g Un environnement virtuel évite les conflits de versions entre projets.
h Par exemple, `python -m venv env`, puis `source env/bin/activate`.
d A virtual environment keeps a Python project's libraries apart from the others.
u A virtual environment avoids version conflicts between projects.
x For example, `python -m venv env`, then `source env/bin/activate`.

@ pip | pip | pip
f pip, c'est l'installateur de bibliothèques de Python.
g pip sert à installer et mettre à jour des bibliothèques Python.
h Par exemple, `pip install requests` installe la bibliothèque requests.
d pip is Python's library installer.
u pip installs and updates Python libraries.
x For example, `pip install requests` installs the requests library.

@ async | l'asynchrone | async programming
f L'asynchrone permet à un programme de faire autre chose pendant qu'il attend une réponse.
g L'asynchrone sert à gérer beaucoup de connexions sans rester bloqué.
h Par exemple, `await reponse()` laisse la place aux autres tâches pendant l'attente.
d Async programming lets a program do something else while it waits for an answer.
u Async handles lots of connections without getting stuck.
x For example, `await answer()` makes room for other tasks while waiting.

@ thread | un thread | a thread
f Un thread, c'est un fil d'exécution : plusieurs avancent en même temps dans un programme.
g Les threads servent à faire plusieurs choses à la fois, comme calculer et afficher.
h Par exemple, un thread télécharge pendant qu'un autre dessine la fenêtre.
d A thread is a line of execution: several move forward at once in a program.
u Threads let a program do several things at a time, such as computing and drawing.
x For example, one thread downloads while another draws the window.
"""
