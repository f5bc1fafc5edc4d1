// Both languages of the page. The browser's own list decides (what it sends as Accept-Language),
// until somebody presses the button.
const TEXTS = {
    skip: ['Skip to the message field', 'Aller au champ de message'],
    views: ['Views', 'Vues'],
    chat: ['Chat', 'Discussion'],
    board: ['Dashboard', 'Tableau de bord'],
    settings: ['Settings', 'Réglages'],
    theme: ['Dark or light', 'Sombre ou clair'],
    language: ['Français', 'English'],
    avatar: ['The avatar', 'L’avatar'],
    drop: ['Drop a .vrm file here to use your own avatar', 'Déposez ici un fichier .vrm pour utiliser votre avatar'],
    avatar_bad: ['This file can’t be shown: {0}', 'Ce fichier ne peut pas être affiché : {0}'],
    conversation: ['Conversation', 'Conversation'],
    hello: ['Hello, I’m {0}!', 'Bonjour, je suis {0} !'],
    empty: ['Say something: everything stays on this machine.', 'Dites quelque chose : tout reste sur cette machine.'],
    your_line: ['Your message', 'Votre message'],
    line_hint: ['Write a message', 'Écrivez un message'],
    send: ['Send', 'Envoyer'],
    stop: ['Stop', 'Arrêter'],
    keys: ['Enter sends, Shift+Enter starts a new line, Esc stops the answer.', 'Entrée envoie, Maj+Entrée va à la ligne, Échap arrête la réponse.'],
    you: ['You', 'Vous'],
    copy: ['Copy', 'Copier'],
    copied: ['Copied', 'Copié'],
    retry: ['Try again', 'Réessayer'],
    thinking: ['{0} is thinking…', '{0} réfléchit…'],
    writing: ['{0} is writing…', '{0} écrit…'],
    waiting_turn: ['Waiting for a free place…', 'En attente d’une place…'],
    stopped: ['stopped', 'arrêté'],
    cut: ['cut at its maximum length', 'coupé à sa longueur maximale'],
    late: ['cut at its deadline', 'coupé à son échéance'],
    connecting: ['connecting…', 'connexion…'],
    ready: ['ready', 'prêt'],
    lost: ['link lost, trying again…', 'lien perdu, nouvel essai…'],
    engine_starting: ['engine starting…', 'démarrage du moteur…'],
    engine_loading: ['loading the model: {0} %', 'chargement du modèle : {0} %'],
    engine_failed: ['the engine has failed', 'le moteur a échoué'],
    engine_leaving: ['about to be followed by another', 'bientôt remplacé'],
    engine_stopped: ['stopping', 'arrêt en cours'],
    paused: ['paused', 'en pause'],
    starter: ['This is the small starter model: quick, and quickly out of its depth. A larger one talks better.', 'Voici le petit modèle de départ : rapide, mais vite dépassé. Un plus grand parle mieux.'],
    model_name: ['Model', 'Modèle'],
    download: ['Download', 'Télécharger'],
    cancel: ['Cancel', 'Annuler'],
    close: ['Close', 'Fermer'],
    pull_asking: ['{0}: asking the server…', '{0} : question au serveur…'],
    pull_checking: ['{0}: checking what is there…', '{0} : vérification de ce qui est là…'],
    pull_running: ['{0}: {1} of {2}', '{0} : {1} sur {2}'],
    pull_waiting: ['{0}: the line was cut, trying again…', '{0} : ligne coupée, nouvel essai…'],
    pull_done: ['{0} is here. To use it: palabre run --model {0}', '{0} est là. Pour l’utiliser : palabre run --model {0}'],
    pull_failed: ['{0}: {1}', '{0} : {1}'],
    pull_cancelled: ['{0}: cancelled; what came so far is kept.', '{0} : annulé ; ce qui est arrivé est gardé.'],
    persona: ['Persona', 'Personnalité'],
    persona_hint: ['Who the companion is. It holds from the next answer, for everyone, until Palabre is restarted; bot.persona in the configuration keeps it.', 'Qui est le compagnon. Vaut dès la prochaine réponse, pour tous, jusqu’au redémarrage de Palabre ; bot.persona dans la configuration la conserve.'],
    temperature: ['Temperature', 'Température'],
    temperature_hint: ['Low: steady. High: surprising.', 'Basse : régulier. Haute : surprenant.'],
    length: ['Length of an answer', 'Longueur d’une réponse'],
    tokens: ['{0} tokens', '{0} jetons'],
    saved: ['In effect.', 'En vigueur.'],
    forget_me: ['Forget our conversation', 'Oublier notre conversation'],
    done: ['Done', 'Terminé'],
    needs_key: ['This Palabre asks for its key', 'Ce Palabre demande sa clé'],
    key: ['API key', 'Clé d’API'],
    enter: ['Enter', 'Entrer'],
    over_time: ['Over the last ten minutes', 'Ces dix dernières minutes'],
    plot_wait: ['Seconds: first token and queue wait', 'Secondes : premier jeton et attente'],
    plot_speed: ['Tokens a second', 'Jetons par seconde'],
    room: ['The stream’s chat', 'Le chat de la diffusion'],
    room_to: ['to {0}', 'à {0}'],
    room_removed: ['removed by a moderator', 'retiré par la modération'],
    room_cancelled: ['cancelled by moderation', 'annulé par la modération'],
    who: ['Who waits, who is answered', 'Qui attend, qui est servi'],
    nobody: ['Nobody yet.', 'Personne encore.'],
    pause: ['Pause', 'Pause'],
    profile_performance: ['graphics card', 'carte graphique'],
    profile_balanced: ['card and processor', 'carte et processeur'],
    profile_cpu: ['processor', 'processeur'],
    profile_auto: ['the best that fits', 'le meilleur qui tient'],
    switch_profile: ['Switch', 'Changer'],
    reload_model: ['Load the model again', 'Recharger le modèle'],
    switch_loading: ['Loading beside the present one, which goes on answering: {0} %', 'Chargement à côté de l’actuel, qui continue de répondre : {0} %'],
    switch_room: ['Too little memory for two: the present one ends, then the new one is loaded; lines wait: {0} %', 'Trop peu de mémoire pour deux : l’actuel finit, puis le nouveau est chargé ; les lignes attendent : {0} %'],
    switch_ending: ['The new one answers; the old one ends its replies.', 'Le nouveau répond ; l’ancien finit ses réponses.'],
    switch_failed: ['It could not be loaded, the present one goes on: {0}', 'Chargement impossible, l’actuel continue : {0}'],
    resume: ['Go on', 'Reprendre'],
    from: ['From', 'De'],
    says: ['Says', 'Dit'],
    is: ['Is', 'État'],
    waited: ['Waited', 'Attente'],
    took: ['Took', 'Durée'],
    actions: ['Actions', 'Actions'],
    forget: ['Forget', 'Oublier'],
    forgotten: ['Forgotten', 'Oublié'],
    state_waiting: ['waiting', 'en attente'],
    state_running: ['being answered', 'en cours'],
    state_done: ['answered', 'répondu'],
    state_failed: ['failed', 'échoué'],
    state_cancelled: ['cancelled', 'annulé'],
    someone: ['without a name', 'sans nom'],
    memory: ['Memory', 'Mémoire'],
    plan: ['What runs where, and why', 'Quoi tourne où, et pourquoi'],
    no_plan: ['No plan: no model is run.', 'Pas de plan : aucun modèle ne tourne.'],
    card_engine: ['Engine', 'Moteur'],
    card_first: ['First token', 'Premier jeton'],
    card_reply: ['Reply', 'Réponse'],
    card_wait: ['Queue wait', 'Attente'],
    card_speed: ['Speed', 'Vitesse'],
    card_turns: ['Answers', 'Réponses'],
    card_threads: ['Threads', 'Fils'],
    card_links: ['Avatars', 'Avatars'],
    links_pages: ['{0} of them pages', 'dont {0} pages'],
    round_trip: ['{0} there and back', '{0} aller-retour'],
    no_links: ['no link', 'aucun lien'],
    median: ['median', 'médiane'],
    p95: ['95 % under {0}', '95 % sous {0}'],
    no_data: ['no turn yet', 'aucun tour encore'],
    tok_s: ['{0} tok/s', '{0} jet./s'],
    card_speed_sub: ['{0} tokens so far', '{0} jetons jusqu’ici'],
    card_turns_sub: ['{0} failed, {1} cancelled', '{0} échouées, {1} annulées'],
    n_waiting: ['{0} waiting, {1} running', '{0} en attente, {1} en cours'],
    pace_wanted: ['others want the cores', 'd’autres veulent les cœurs'],
    pace_idle: ['cores are idle again', 'des cœurs sont de nouveau libres'],
    of_ceiling: ['of {0} at most', 'sur {0} au plus'],
    first_token: ['first token', 'premier jeton'],
    queue_wait: ['queue wait', 'attente'],
    mem_card_weights: ['card: weights', 'carte : poids'],
    mem_card_kv: ['card: KV cache', 'carte : cache KV'],
    mem_card_compute: ['card: computing', 'carte : calcul'],
    mem_ram_mapped: ['RAM: weights', 'RAM : poids'],
    mem_ram_repacked: ['RAM: weights rearranged', 'RAM : poids réarrangés'],
    mem_ram_kv: ['RAM: KV cache', 'RAM : cache KV'],
    mem_ram_compute: ['RAM: computing', 'RAM : calcul'],
    mem_ram_output: ['RAM: output', 'RAM : sortie'],
    mem_front: ['the front, measured', 'la façade, mesuré'],
    mem_engine: ['the engine, measured', 'le moteur, mesuré'],
    mem_free: ['RAM free for all', 'RAM libre pour tous'],
    plan_profile: ['profile', 'profil'],
    plan_n_gpu_layers: ['layers on the card', 'couches sur la carte'],
    plan_n_threads: ['threads', 'fils'],
    plan_n_threads_batch: ['threads for prompts', 'fils pour les invites'],
    plan_n_ctx_tokens: ['context, tokens', 'contexte, jetons'],
    plan_n_batch_tokens: ['batch, tokens', 'lot, jetons'],
    plan_n_messages: ['messages kept of each', 'messages gardés par personne'],
    plan_kv_type: ['type of the KV cache', 'type du cache KV'],
    plan_flash_attn: ['flash attention', 'attention flash'],
    plan_extra_bufts: ['weights rearranged', 'poids réarrangés'],
    plan_variant: ['CPU variant', 'variante de processeur'],
    yes: ['yes', 'oui'],
    no: ['no', 'non'],
    why_asked: ['your choice', 'votre choix'],
    why_default: ['the default', 'par défaut'],
    why_measured: ['palabre tune measured it', 'mesuré par palabre tune'],
    why_no_gpu: ['there is no graphics card', 'il n’y a pas de carte graphique'],
    why_no_backend: ['nothing here can drive the card', 'rien ici ne sait piloter la carte'],
    why_gpu_too_small: ['the card is too small', 'la carte est trop petite'],
    why_all_fit: ['all of them fit', 'toutes tiennent'],
    why_some_fit: ['so many fit', 'autant tiennent'],
    why_profile: ['the profile says so', 'le profil le veut'],
    why_cores: ['physical cores', 'cœurs physiques'],
    why_fast_cores: ['the fast cores', 'les cœurs rapides'],
    why_one_node: ['the cores of one memory node', 'les cœurs d’un nœud mémoire'],
    why_quota: ['the container gives no more', 'le conteneur n’en donne pas plus'],
    why_busy: ['others keep cores busy', 'd’autres occupent des cœurs'],
    why_all_on_gpu: ['the card does the work', 'la carte fait le travail'],
    why_model_limit: ['the model was trained for no more', 'le modèle n’a pas appris plus'],
    why_memory: ['less would not fit', 'moins ne tiendrait pas'],
    why_old_gpu: ['the card is too old for it', 'la carte est trop ancienne'],
    why_card: ['with a card they stay as they are', 'avec une carte ils restent tels quels'],
    err_busy: ['Too many are waiting: try again soon.', 'Trop de monde attend : réessayez bientôt.'],
    err_limit: ['That is too long.', 'C’est trop long.'],
    err_argument: ['That can’t be: {0}', 'C’est impossible : {0}'],
    err_timeout: ['No answer came in time.', 'Aucune réponse n’est venue à temps.'],
    err_engine: ['The engine broke down while answering; it starts again by itself.', 'Le moteur est tombé pendant la réponse ; il redémarre tout seul.'],
    err_model: ['The model can’t be used.', 'Le modèle ne peut pas être utilisé.'],
    err_context: ['The conversation is longer than the model can hold.', 'La conversation dépasse ce que le modèle peut contenir.'],
    err_lost: ['The link was lost before this was sent.', 'Le lien a été perdu avant l’envoi.'],
    err_other: ['It failed: {0}', 'Échec : {0}'],
};

const first = navigator.languages.find((one) => /^(en|fr)\b/i.test(one)) ?? 'en';
let lang = localStorage.getItem('lang') ?? first.slice(0, 2).toLowerCase();

export const language = () => lang;

// The text of that name; {0} and {1} are replaced.
export function t(name, ...values) {
    const text = TEXTS[name][lang === 'fr' ? 1 : 0];
    return text.replace(/\{(\d)\}/g, (_, i) => values[i]);
}

export const has = (name) => name in TEXTS;

// What an error's code means to a person; `message` is the program's own, in English.
export function tError(code, message) {
    return has(`err_${code}`) ? t(`err_${code}`, message) : t('err_other', message || code);
}

export function number(value, digits = 0) {
    return value.toLocaleString(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function bytes(value) {
    const units = lang === 'fr' ? ['o', 'ko', 'Mo', 'Go'] : ['B', 'kB', 'MB', 'GB'];
    let unit = 0;
    while (value >= 1000 && unit < 3) {
        value /= 1000;
        unit++;
    }
    return `${number(value, value < 10 && unit > 1 ? 1 : 0)}\u00a0${units[unit]}`;
}

export function duration(ms) {
    return ms < 1000 ? `${number(ms)}\u00a0ms` : `${number(ms / 1000, ms < 10000 ? 1 : 0)}\u00a0s`;
}

// Puts the language into what index.html holds.
export function translate() {
    document.documentElement.lang = lang;
    for (const element of document.querySelectorAll('[data-t]')) {
        element.textContent = t(element.dataset.t);
    }
    for (const element of document.querySelectorAll('[data-label]')) {
        element.setAttribute('aria-label', t(element.dataset.label));
        if (element.matches('button')) {
            element.title = t(element.dataset.label);
        }
    }
    for (const element of document.querySelectorAll('[data-hint]')) {
        element.placeholder = t(element.dataset.hint);
    }
}

const listeners = [];
export const onLanguage = (listener) => listeners.push(listener);

export function toggleLanguage() {
    lang = lang === 'fr' ? 'en' : 'fr';
    localStorage.setItem('lang', lang);
    translate();
    listeners.forEach((listener) => listener());
}
