// A stream's chat, live: who said what, who waits for an answer and who has it, what moderators
// removed. Nothing is shown before there is a line, so where no stream is followed there is nothing.
import { $, h, setText } from './dom.js';
import { onLanguage, t } from './i18n.js';
import { on } from './link.js';

const LINES_MAX = 64; // the program keeps as many
// So near to the end one is taken to be reading along.
const NEAR_END_PX = 40;

const lines = new Map(); // by number: { is: the newest message, element and its parts }

function make() {
    const line = { name: h('b'), to: h('span', { class: 'fine' }), said: h('span', { class: 'said' }), chip: h('span') };
    line.element = h('li', {}, line.name, ' ', line.to, ' ', line.said, ' ', line.chip);
    return line;
}

function showLine({ is, element, name, to, said, chip }) {
    const answered = lines.get(is.reply_to)?.is.name;
    element.className = [is.ours ? 'ours' : is.for_us ? 'for-us' : '', is.removed ? 'removed' : ''].join(' ').trim();
    setText(name, is.name);
    setText(to, answered === undefined ? '' : t('room_to', answered));
    setText(said, is.removed ? t('room_removed') : is.text);
    chip.className = is.state === undefined ? '' : `chip ${is.state}`;
    setText(chip, is.state === undefined ? '' : is.removed && is.state === 'cancelled' ? t('room_cancelled') : t(`state_${is.state}`));
}

on('room_line', (message) => {
    const log = $('room-log');
    const follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END_PX;
    let line = lines.get(message.n);
    if (line === undefined) {
        // Held back in a burst, a line may come after newer ones: its number says where it belongs.
        line = make();
        const after = [...lines.keys()].filter((n) => n > message.n).sort((a, b) => a - b)[0];
        log.insertBefore(line.element, after === undefined ? null : lines.get(after).element);
        lines.set(message.n, line);
        if (lines.size > LINES_MAX) {
            const oldest = Math.min(...lines.keys());
            lines.get(oldest).element.remove();
            lines.delete(oldest);
        }
    }
    line.is = message;
    showLine(line);
    $('room').hidden = false;
    if (follows) {
        log.scrollTop = log.scrollHeight;
    }
});

// With a new link all of it is told again.
on('open', () => {
    lines.forEach(({ element }) => element.remove());
    lines.clear();
    $('room').hidden = true;
});

onLanguage(() => lines.forEach(showLine));
