// What the avatar's module says to people: [English, French].
const TEXTS = {
    not_vrm: ['this is not a VRM avatar (a .vrm file)', 'ce n’est pas un avatar VRM (un fichier .vrm)'],
    broken: ['the file is broken: {0}', 'le fichier est abîmé : {0}'],
    too_big: ['the file has {0} MB; {1} MB is the most', 'le fichier fait {0} Mo ; le maximum est {1} Mo'],
    too_many_vertices: ['it has {0} vertices; {1} is the most', 'il a {0} sommets ; le maximum est {1}'],
    too_many_morphs: ['its expressions are too large for a page', 'ses expressions sont trop lourdes pour une page'],
    too_many_textures: ['it has {0} textures; {1} is the most', 'il a {0} textures ; le maximum est {1}'],
    texture_too_big: ['a texture has {0} pixels a side; {1} is the most', 'une texture fait {0} pixels de côté ; le maximum est {1}'],
    outside: ['it refers to other files; an avatar must be in one piece', 'il renvoie à d’autres fichiers ; un avatar doit être d’un seul tenant'],
    unreachable: ['the avatar could not be fetched', 'l’avatar n’a pas pu être chargé'],
    no_webgl: ['This browser can’t draw in 3D (WebGL): here is a picture instead.',
        'Ce navigateur ne sait pas dessiner en 3D (WebGL) : voici une image à la place.'],
    avatar: ['The companion’s face', 'Le visage du compagnon'],
};

export function say(lang, code, ...values) {
    const text = TEXTS[code][lang?.startsWith('fr') ? 1 : 0];
    return text.replace(/\{(\d)\}/g, (_, i) => String(values[i]));
}

// Its message is for people; `code` is for programs.
export class AvatarError extends Error {
    constructor(lang, code, ...values) {
        super(say(lang, code, ...values));
        this.code = code;
    }
}
