/* What the users say: 25 lines as a stream about programming hears them. */
#include "bench/chat.h"

#include "util/mem.h"

static const char *const messages[] = {
    "Salut, tu peux m'aider à débuter en Python ?",
    "Quelle version de Python faut-il installer cette année ?",
    "Un tuple et une liste, ça se ressemble : lequel choisir ?",
    "On m'a dit que les tuples ne changent jamais, pourquoi ?",
    "Montre-moi une boucle toute simple.",
    "À quoi reconnaît-on un décorateur dans du code ?",
    "Tu écrirais un décorateur qui mesure le temps comment ?",
    "Merci, et un générateur, c'est quoi l'idée ?",
    "Mon dictionnaire perd des clés, une piste ?",
    "Explique-moi les exceptions en une phrase.",
    "Passons à Docker : une image, c'est un conteneur éteint ?",
    "Mon conteneur s'arrête aussitôt, je regarde où ?",
    "Comment garder mes données quand le conteneur disparaît ?",
    "Docker Compose vaut le coup pour deux services ?",
    "C'est quoi une API REST, sans jargon ?",
    "PUT ou PATCH, tu fais la différence comment ?",
    "Quel code HTTP pour une ressource qui n'existe pas ?",
    "Faut-il un jeton pour chaque requête REST ?",
    "Git me parle de conflit, je panique ou pas ?",
    "Une branche par idée, bonne ou mauvaise habitude ?",
    "Tu préfères les tests avant ou après le code ?",
    "Comment lire un gros fichier sans remplir la mémoire ?",
    "L'asynchrone, ça rend vraiment plus rapide ?",
    "Un conseil pour relire le code des autres ?",
    "Merci pour tout, à demain sur le stream !",
};

const char *
chat_message(uint32_t index)
{
    return messages[index % PAL_COUNT_OF(messages)];
}
