// Elements without HTML text: whatever somebody wrote ends up in a text node, never in a parser.

export const $ = (id) => document.getElementById(id);

// h('p', {class: 'fine', onclick}, 'text', child, ...)
export function h(name, fields = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(fields)) {
        if (key.startsWith('on')) {
            element.addEventListener(key.slice(2), value);
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(key, value === true ? '' : value);
        }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

// A picture of strokes in a 24 x 24 box.
export function icon(path) {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    const line = document.createElementNS(space, 'path');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('width', '18');
    svg.setAttribute('height', '18');
    svg.setAttribute('aria-hidden', 'true');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
}

// Changes a text only if it is another one: what has not changed is not laid out again.
export function setText(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}
