// Persona, temperature and length: what is changed holds from the next answer on, for every page.
import { $, setText } from './dom.js';
import { number, onLanguage, t, tError } from './i18n.js';
import { on, send } from './link.js';

// So long after the last key a persona is taken to be written.
const PERSONA_PAUSE_MS = 600;

let timer = 0;
let isOurs = false; // the next settings answer a change that was made here

function show() {
    setText($('temperature-now'), number(Number($('temperature').value), 2));
    setText($('length-now'), t('tokens', number(Number($('length').value))));
}

function change(fields) {
    isOurs = true;
    send({ type: 'settings', ...fields });
}

function sendPersona() {
    clearTimeout(timer);
    timer = 0;
    change({ persona: $('persona').value });
}

export function start() {
    $('open-settings').addEventListener('click', () => {
        setText($('settings-text'), '');
        $('settings').showModal();
    });
    $('settings').addEventListener('close', () => {
        if (timer !== 0) {
            sendPersona();
        }
        $('open-settings').focus();
    });
    $('persona').addEventListener('input', () => {
        clearTimeout(timer);
        timer = setTimeout(sendPersona, PERSONA_PAUSE_MS);
    });
    for (const id of ['temperature', 'length']) {
        $(id).addEventListener('input', show);
    }
    $('temperature').addEventListener('change', () => change({ temperature: Number($('temperature').value) }));
    $('length').addEventListener('change', () => change({ max_tokens: Number($('length').value) }));
    $('forget').addEventListener('click', () => {
        send({ type: 'forget' });
        setText($('settings-text'), t('forgotten'));
    });
    on('settings', ({ persona, temperature, max_tokens }) => {
        // What somebody is writing here is not overwritten by another page.
        if (timer === 0 && $('persona').value !== persona) {
            $('persona').value = persona;
        }
        $('temperature').value = temperature;
        $('length').value = max_tokens;
        show();
        if (isOurs) {
            setText($('settings-text'), t('saved'));
            isOurs = false;
        }
    });
    on('error', ({ of, code, message }) => {
        if (of === 'settings') {
            isOurs = false;
            setText($('settings-text'), tError(code, message));
        }
    });
    onLanguage(show);
}
