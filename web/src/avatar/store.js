// A person's own avatar, kept in this browser. Where there is no IndexedDB (a private window), it
// lasts as long as the page.
const NAME = 'palabre';
const STORE = 'avatar';
const KEY = 'own';

function open() {
    return new Promise((resolve, reject) => {
        const request = indexedDB.open(NAME, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(STORE);
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
        request.onblocked = () => reject(new Error('blocked'));
    });
}

async function run(mode, act) {
    const db = await open();
    try {
        return await new Promise((resolve, reject) => {
            const transaction = db.transaction(STORE, mode);
            const request = act(transaction.objectStore(STORE));
            transaction.oncomplete = () => resolve(request.result);
            transaction.onerror = () => reject(transaction.error);
            transaction.onabort = () => reject(transaction.error);
        });
    } finally {
        db.close();
    }
}

// {name, bytes}, or undefined.
export const loadOwn = () => run('readonly', (store) => store.get(KEY)).catch(() => undefined);
// False: it could not be kept.
export const keepOwn = (own) => run('readwrite', (store) => store.put(own, KEY)).then(() => true, () => false);
export const forgetOwn = () => run('readwrite', (store) => store.delete(KEY)).then(() => true, () => false);
