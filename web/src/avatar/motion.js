// How a face moves: from the state that it is told (docs/page-protocol.md, "face") to weights, gaze
// and head angles for one frame. Nothing snaps, nothing piles up. Pure; time and chance are handed in.
import { SHAPES, createSpeech } from './speech.js';

export const MOODS = ['happy', 'angry', 'sad', 'relaxed', 'surprised'];
const BLINKS = ['blink', 'blinkLeft', 'blinkRight'];

// The time an expression takes, whatever the sender's speed asks for.
const EASE_MS = [150, 600];
const EASE_MS_AT_SPEED_1 = 1200;
const HEAD_MS = 480;
const MOUTH_MS = 95;
const GAZE_MS = 110;
const SETTLED = 4.74; // a critically damped spring has come 95 % of its way after this, over omega

// A value that follows its target without a jump in speed.
export class Spring {
    constructor(value = 0) {
        this.value = value;
        this.target = value;
        this.velocity = 0;
    }

    step(dtS, settleMs) {
        const omega = SETTLED / (settleMs / 1000);
        const away = this.value - this.target;
        const push = (this.velocity + omega * away) * dtS;
        const decay = Math.exp(-omega * dtS);
        this.value = this.target + (away + push) * decay;
        this.velocity = (this.velocity - omega * push) * decay;
        if (Math.abs(this.value - this.target) < 1e-4 && Math.abs(this.velocity) < 1e-3) {
            this.value = this.target;
            this.velocity = 0;
        }
        return this.value;
    }
}

const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const between = (random, [low, high]) => low + (high - low) * random();

// Lids that close by themselves: down in 80 ms, up in 140.
class Blinker {
    constructor(random) {
        this.random = random;
        this.waitS = between(random, [1, 3]);
        this.sinceS = -1;
    }

    step(dtS) {
        if (this.sinceS < 0) {
            this.waitS -= dtS;
            if (this.waitS > 0) {
                return 0;
            }
            this.sinceS = 0;
            this.waitS = this.random() < 0.15 ? 0.15 : between(this.random, [2, 5]);
        }
        this.sinceS += dtS;
        const t = this.sinceS;
        if (t > 0.26) {
            this.sinceS = -1;
            return 0;
        }
        return t < 0.08 ? t / 0.08 : t < 0.12 ? 1 : 1 - (t - 0.12) / 0.14;
    }
}

// Eyes are never still: a glance aside now and then, mostly at whoever looks.
class Gaze {
    constructor(random) {
        this.random = random;
        this.waitS = 2;
        this.at = [0, 0];
    }

    step(dtS) {
        this.waitS -= dtS;
        if (this.waitS <= 0) {
            const away = this.random() < 0.3;
            const far = away ? 9 : 2;
            this.at = [(this.random() * 2 - 1) * far, (this.random() * 2 - 1) * far * 0.5];
            this.waitS = away ? between(this.random, [0.5, 1.2]) : between(this.random, [1.2, 3.5]);
        }
        return this.at;
    }
}

export function createMotion({ random = Math.random, reduced = false } = {}) {
    const moods = Object.fromEntries(MOODS.map((name) => [name, new Spring()]));
    const others = new Map(); // blink and custom expressions, by name
    const mouth = Object.fromEntries(SHAPES.map((name) => [name, new Spring()]));
    const head = [new Spring(), new Spring(), new Spring()]; // yaw (left), pitch (up), roll
    const eyes = [new Spring(), new Spring()]; // yaw (left), pitch (up)
    const think = new Spring();
    const speech = createSpeech();
    const blinker = new Blinker(random);
    const gaze = new Gaze(random);
    const phase = [random() * 7, random() * 7, random() * 7];
    let face = { expressions: {}, head: [0, 0, 0], speed: 3, blink: true, idle: true };
    let isThinking = false; // said by the page itself
    let hasVoice = false; // the words come: the sender's own lips are not needed
    let seconds = 0;

    function setFace(next) {
        const list = (value) => (Array.isArray(value) ? [0, 1, 2].map((i) => clamp(Number(value[i]) || 0, -60, 60)) : [0, 0, 0]);
        face = {
            expressions: next.expressions ?? {},
            head: list(next.head),
            speed: clamp(Number(next.speed) || 3, 0.1, 10),
            blink: next.blink !== false,
            idle: next.idle !== false,
            thinking: next.thinking === true,
        };
        const wanted = (name) => clamp(Number(face.expressions[name]) || 0, 0, 1);
        const sum = MOODS.reduce((total, name) => total + wanted(name), 0);
        for (const name of MOODS) {
            moods[name].target = wanted(name) / Math.max(1, sum);
        }
        for (const name of new Set([...others.keys(), ...Object.keys(face.expressions)])) {
            const own = !MOODS.includes(name) && !SHAPES.includes(name) && !name.startsWith('look');
            if (own) {
                const spring = others.get(name) ?? new Spring();
                spring.target = wanted(name);
                others.set(name, spring);
            }
        }
    }

    function stepMouth(dtS, weights, calm) {
        const now = speech.step(dtS * 1000);
        for (const name of SHAPES) {
            const told = hasVoice ? 0 : clamp(Number(face.expressions[name]) || 0, 0, 1);
            mouth[name].target = Math.max(now.shape === name ? now.open * (reduced ? 0.6 : 1) : 0, told);
            weights[name] = clamp(mouth[name].step(dtS, MOUTH_MS), 0, 1) * calm;
        }
        const sum = SHAPES.reduce((total, name) => total + weights[name], 0);
        if (sum > 1) {
            SHAPES.forEach((name) => { weights[name] /= sum; });
        }
        return Math.min(1, sum);
    }

    // One frame. `old`: a VRM 0.x avatar, which has no rules of its own for what goes with what.
    function step(dtS, old = false) {
        seconds += dtS;
        const weights = {};
        const easeMs = clamp(EASE_MS_AT_SPEED_1 / face.speed, ...EASE_MS);
        let mood = 0;
        for (const name of MOODS) {
            weights[name] = clamp(moods[name].step(dtS, easeMs), 0, 1);
            mood += weights[name];
        }
        for (const name of MOODS) {
            weights[name] /= Math.max(1, mood);
        }
        for (const [name, spring] of others) {
            weights[name] = clamp(spring.step(dtS, BLINKS.includes(name) ? EASE_MS[0] : easeMs), 0, 1);
            if (spring.target === 0 && spring.value === 0) {
                others.delete(name);
            }
        }
        const open = stepMouth(dtS, weights, 1 - 0.35 * Math.min(1, mood));
        const shut = old ? Math.max(0, 1 - weights.happy - weights.relaxed - weights.surprised) : 1;
        const blink = face.blink ? blinker.step(dtS) : 0;
        weights.blink = Math.max(weights.blink ?? 0, blink) * shut;

        think.target = face.thinking || isThinking ? 1 : 0;
        const thought = think.step(dtS, 420);
        const moves = face.idle && !reduced ? 1 : 0;
        const sway = (i, speed, size) => Math.sin(seconds * speed + phase[i]) * size * moves;
        // The sender turns the head a little to think; here it is tilted too, and lingers.
        head[0].target = face.head[0] + (isThinking && !face.thinking ? 6 : 0);
        head[1].target = face.head[1] + (isThinking && !face.thinking ? 5 : 0) + (speech.isSpeaking && !reduced ? 1.6 * open - 0.8 : 0);
        head[2].target = face.head[2];
        const angles = head.map((spring) => spring.step(dtS, HEAD_MS));
        const nod = thought * moves * Math.sin(seconds * 1.3);
        const glance = moves ? gaze.step(dtS) : [0, 0];
        const look = (name) => clamp(Number(face.expressions[name]) || 0, 0, 1);
        const free = 1 - thought;
        eyes[0].target = (look('lookLeft') - look('lookRight')) * 30 + glance[0] * free + 13 * thought;
        eyes[1].target = (look('lookUp') - look('lookDown')) * 25 + glance[1] * free + 6 * thought;
        return {
            weights,
            head: [
                angles[0] + sway(0, 0.53, 2.2) + sway(1, 0.23, 1.4),
                angles[1] + sway(1, 0.71, 1.1) + nod * 0.8,
                angles[2] + sway(2, 0.41, 1.3) + 5 * thought,
            ],
            eyes: [eyes[0].step(dtS, GAZE_MS), eyes[1].step(dtS, GAZE_MS)],
            breath: moves * (0.5 + 0.5 * Math.sin(seconds * 1.65)), // 0 to 1, some 16 a minute
            thought,
        };
    }

    return {
        setFace,
        step,
        speak(text) {
            hasVoice = true;
            speech.feed(text);
        },
        speechOver: () => speech.over(),
        thinking: (value) => { isThinking = value; },
        get isSpeaking() {
            return speech.isSpeaking;
        },
    };
}
