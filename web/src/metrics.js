// Prometheus' text format, as far as the program writes it.

// 'name{label="value"}' -> number
export function parse(text) {
    const values = new Map();
    for (const line of text.split('\n')) {
        const cut = line.lastIndexOf(' ');
        if (cut > 0 && line[0] !== '#') {
            values.set(line.slice(0, cut), Number(line.slice(cut + 1)));
        }
    }
    return values;
}

// The sum over the lines of a family whose labels include `label`.
export function sum(values, name, label = '') {
    let total = 0;
    for (const [key, value] of values) {
        if ((key === name || key.startsWith(`${name}{`)) && key.includes(label)) {
            total += value;
        }
    }
    return total;
}
