// The WebSocket to the program: comes back by itself, says hello, and hands messages to whoever
// asked for their type. docs/page-protocol.md has the messages.
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5000;

const handlers = new Map();
let socket = null;
let topics = [];
let retryMs = RETRY_MS_MIN;
let isOpen = false; // the hello has been answered

export function on(type, handler) {
    handlers.set(type, [...(handlers.get(type) ?? []), handler]);
}

function tell(type, message) {
    for (const handler of handlers.get(type) ?? []) {
        handler(message);
    }
}

// False: there is no link now, and nothing was sent.
export function send(message) {
    if (!isOpen || socket.readyState !== WebSocket.OPEN) {
        return false;
    }
    socket.send(JSON.stringify(message));
    return true;
}

// What to be told of; holds for later links too.
export function subscribe(list) {
    topics = list;
    send({ type: 'subscribe', topics });
}

function hello() {
    const key = sessionStorage.getItem('key');
    socket.send(JSON.stringify({ type: 'hello', ...(key === null ? {} : { key }) }));
}

export function giveKey(key) {
    sessionStorage.setItem('key', key);
    hello();
}

function receive(event) {
    const message = JSON.parse(event.data);
    if (message.type === 'hello') {
        isOpen = true;
        retryMs = RETRY_MS_MIN;
        tell('open', message);
        send({ type: 'subscribe', topics });
    } else if (message.type === 'error' && message.of === 'hello') {
        tell('key', message);
    } else {
        tell(message.type, message);
    }
}

export function connect() {
    socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
    socket.onopen = hello;
    socket.onmessage = receive;
    socket.onclose = () => {
        isOpen = false;
        tell('lost', {});
        setTimeout(connect, retryMs);
        retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
    };
}
