// Text becomes mouth shapes, at the pace of speech. French and English share one table: what is
// written is close enough to what lips do. Pure; time is handed in.

export const SHAPES = ['aa', 'ih', 'ou', 'ee', 'oh'];

// Letters, longest first; [shape, how far open, milliseconds] each. No shape: the lips meet.
const SOUNDS = [
    ['eau', ['oh', 0.7, 110]], ['oeu', ['oh', 0.5, 110]], ['œu', ['oh', 0.5, 110]],
    ['oin', ['ou', 0.5, 60], ['ee', 0.6, 100]], ['ain', ['ee', 0.6, 120]], ['ein', ['ee', 0.6, 120]],
    ['ou', ['ou', 0.7, 110]], ['oo', ['ou', 0.7, 120]], ['oi', ['ou', 0.6, 60], ['aa', 0.8, 90]],
    ['oy', ['oh', 0.6, 80], ['ih', 0.5, 70]], ['ow', ['aa', 0.6, 80], ['ou', 0.5, 60]],
    ['au', ['oh', 0.7, 110]], ['ai', ['ee', 0.7, 110]], ['ay', ['ee', 0.7, 110]], ['ei', ['ee', 0.6, 110]],
    ['ey', ['ee', 0.6, 110]], ['ee', ['ih', 0.7, 120]], ['ea', ['ih', 0.7, 110]], ['ie', ['ih', 0.6, 110]],
    ['eu', ['oh', 0.5, 100]], ['an', ['aa', 0.7, 120]], ['am', ['aa', 0.7, 120]], ['en', ['aa', 0.6, 110]],
    ['on', ['oh', 0.6, 120]], ['om', ['oh', 0.6, 120]], ['in', ['ee', 0.6, 110]], ['un', ['oh', 0.5, 110]],
    ['a', ['aa', 0.85, 105]], ['à', ['aa', 0.85, 105]], ['â', ['aa', 0.9, 120]],
    ['e', ['ee', 0.45, 75]], ['é', ['ee', 0.7, 95]], ['è', ['ee', 0.8, 105]], ['ê', ['ee', 0.8, 115]],
    ['ë', ['ee', 0.7, 95]], ['i', ['ih', 0.65, 90]], ['î', ['ih', 0.65, 95]], ['ï', ['ih', 0.65, 95]],
    ['y', ['ih', 0.5, 80]], ['o', ['oh', 0.75, 100]], ['ô', ['oh', 0.85, 115]], ['œ', ['oh', 0.6, 105]],
    ['u', ['ou', 0.55, 95]], ['ù', ['ou', 0.55, 95]], ['û', ['ou', 0.6, 105]],
    ['m', [null, 0, 70]], ['b', [null, 0, 60]], ['p', [null, 0, 60]],
    ['f', ['ih', 0.12, 60]], ['v', ['ih', 0.12, 60]], ['w', ['ou', 0.5, 50]],
];
const CONSONANT_MS = 32; // the others: the shape before goes on, smaller
const DIGIT = [['ee', 0.5, 90], ['aa', 0.5, 90]];
const PAUSES = [[/[.!?…]/, 260], [/[,;:—\n]/, 150], [/\s/, 35]];

const BACKLOG_MS_MAX = 3000; // what is further ahead is never spoken: text comes faster than speech
const ENDING_MS_MAX = 1500; // when the text is over, the mouth ends in this time
const WORD_MAX = 64;

// The shapes of a text: [{shape, open, ms}].
export function shapesOf(text) {
    const shapes = [];
    const lower = text.toLowerCase();
    for (let i = 0; i < lower.length;) {
        const sound = SOUNDS.find(([letters]) => lower.startsWith(letters, i));
        const isLast = !/\p{L}/u.test(lower[i + 1] ?? ' ');
        if (sound !== undefined && !(lower[i] === 'e' && sound[0] === 'e' && isLast && i > 1)) {
            for (const [shape, open, ms] of sound.slice(1)) {
                shapes.push({ shape, open, ms });
            }
            i += sound[0].length;
            continue;
        }
        const pause = PAUSES.find(([pattern]) => pattern.test(lower[i]));
        if (pause !== undefined) {
            shapes.push({ shape: null, open: 0, ms: pause[1] });
        } else if (/\d/.test(lower[i])) {
            shapes.push(...DIGIT.map(([shape, open, ms]) => ({ shape, open, ms })));
        } else if (/\p{L}/u.test(lower[i])) {
            const before = shapes.at(-1);
            shapes.push({ shape: before?.shape ?? 'ee', open: 0.5 * (before?.open ?? 0.2), ms: CONSONANT_MS });
        }
        i++;
    }
    return shapes;
}

// A mouth that follows text as it streams.
export function createSpeech() {
    let queue = [];
    let backlogMs = 0;
    let tail = ''; // a word that may go on
    let spentMs = 0; // of the first shape
    let isOver = true;

    function push(text) {
        for (const shape of shapesOf(text)) {
            if (backlogMs > BACKLOG_MS_MAX) {
                break;
            }
            queue.push(shape);
            backlogMs += shape.ms;
        }
    }

    return {
        feed(text) {
            isOver = false;
            tail += text;
            const end = tail.search(/[\p{L}\p{M}]*$/u);
            const whole = tail.length - end > WORD_MAX ? tail.length : end;
            push(tail.slice(0, whole));
            tail = tail.slice(whole);
        },
        over() {
            push(tail);
            tail = '';
            isOver = true;
            let ms = 0;
            queue = queue.filter((shape) => (ms += shape.ms) <= ENDING_MS_MAX);
            backlogMs = queue.reduce((sum, shape) => sum + shape.ms, 0);
        },
        get isSpeaking() {
            return queue.length > 0;
        },
        // Moves on by dt milliseconds; the shape now: {shape, open}.
        step(dtMs) {
            // Faster when a lot waits, and when nothing more will come.
            spentMs += dtMs * (1 + 0.6 * Math.min(1, backlogMs / BACKLOG_MS_MAX));
            while (queue.length > 0 && spentMs >= queue[0].ms) {
                spentMs -= queue[0].ms;
                backlogMs -= queue[0].ms;
                queue.shift();
            }
            if (queue.length === 0) {
                spentMs = 0;
                backlogMs = 0;
                if (tail !== '' && !isOver) {
                    push(tail); // a slow engine: do not wait for the word's end
                    tail = '';
                }
                return { shape: null, open: 0 };
            }
            return queue[0];
        },
    };
}
