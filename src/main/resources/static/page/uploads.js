// The queue of uploads. Knows nothing of the page: it tells a listener that something changed.

import {call, problem, stats, unreachable, waitSeconds} from './api.js';
import {text} from './texts.js';

const AT_ONCE = 4;
// Of one question: so many hashes, and no more bytes to be read for them, so that the first file is soon on its way.
const ASK_AT_ONCE = 100;
const READ_AT_ONCE = 32e6;
const READY = 64; // files that wait with their hash
const MOST_TRIES = 10;
const RATE_MILLIS = 8000;
const RAW = /\.(dng|nef|cr2|arw|pef|orf|rw2|srw|3fr)$/i;

export class Uploads {
  // Files in the order in which they came; the state of each is waiting, ready, sending, looking, added, known, refused or failed.
  items = [];
  isPaused = false;
  // When the server asked to wait: until then nothing is sent, in milliseconds of performance.now().
  resumesAt = 0;
  counts = {waiting: 0, ready: 0, sending: 0, looking: 0, added: 0, known: 0, refused: 0, failed: 0};
  bytesSent = 0;
  bytesLeft = 0;

  #changed;
  #waiting = [];
  #ready = [];
  #running = new Set();
  #preparing = false;
  #rounds = 0;
  #samples = [];
  #timer = 0;

  constructor(changed) {
    this.#changed = changed;
  }

  get total() {
    return this.items.length;
  }

  get settled() {
    const {added, known, refused, failed} = this.counts;
    return added + known + refused + failed;
  }

  get isBusy() {
    return this.settled < this.total;
  }

  // Adds `{file, name}`; `isFolder` leaves out what is plainly no picture.
  add(files, isFolder) {
    for (const {file, name} of files) {
      const item = {file, name, bytes: file.size, loaded: 0, state: 'waiting', tries: 0, id: null, reason: '', sha256: null};
      this.items.push(item);
      this.counts.waiting++;
      this.bytesLeft += item.bytes;
      if (isFolder && isNoPicture(file)) this.#settle(item, 'refused', text.notAPicture);
      else this.#waiting.push(item);
    }
    this.#go();
  }

  pause() {
    this.isPaused = true;
    for (const {request} of this.#running) request?.abort();
    this.#changed();
  }

  resume() {
    this.isPaused = false;
    this.resumesAt = 0;
    this.#go();
  }

  // Forgets all that is not settled.
  cancel() {
    this.#rounds++;
    this.#waiting = [];
    this.#ready = [];
    const running = [...this.#running];
    this.items = this.items.filter(item => ['added', 'known', 'refused', 'failed'].includes(item.state));
    for (const state of ['waiting', 'ready', 'sending', 'looking']) this.counts[state] = 0;
    this.bytesLeft = 0;
    this.isPaused = false;
    this.resumesAt = 0;
    for (const item of running) {
      item.cancelled = true;
      item.request?.abort();
    }
    this.#changed();
  }

  // All that failed, once more. What the server refused would be refused again.
  retry() {
    for (const item of this.items) {
      if (item.state !== 'failed') continue;
      item.tries = 0;
      item.loaded = 0;
      this.bytesLeft += item.bytes;
      this.#turn(item, 'waiting');
      this.#waiting.push(item);
    }
    this.resume();
  }

  // Forgets everything, once all is settled.
  clear() {
    if (this.isBusy) return;
    this.items = [];
    for (const state of Object.keys(this.counts)) this.counts[state] = 0;
    this.bytesSent = 0;
    this.#changed();
  }

  // Bytes a second of the last seconds.
  get rate() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    return first && last.at - first.at > 500 ? (last.sent - first.sent) / (last.at - first.at) * 1000 : 0;
  }

  get active() {
    return [...this.#running];
  }

  #turn(item, state) {
    this.counts[item.state]--;
    this.counts[state]++;
    item.state = state;
  }

  #settle(item, state, reason = '') {
    this.bytesLeft -= item.bytes;
    this.#turn(item, state);
    item.reason = reason;
    if (state !== 'failed') item.file = null; // thousands of files need not be held
    this.#changed();
  }

  #sample(bytes) {
    this.bytesSent += bytes;
    const at = performance.now();
    this.#samples.push({at, sent: this.bytesSent});
    while (this.#samples[0].at < at - RATE_MILLIS) this.#samples.shift();
  }

  #go() {
    this.#changed();
    if (this.isPaused) return;
    const wait = this.resumesAt - performance.now();
    if (wait > 0) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#go(), wait);
      return;
    }
    this.#prepare();
    while (this.#running.size < AT_ONCE && this.#ready.length > 0) this.#send(this.#ready.shift());
  }

  // Hashes files and asks which are there, so that some are always ready to be sent.
  async #prepare() {
    if (this.#preparing) return;
    this.#preparing = true;
    const round = this.#rounds;
    try {
      while (this.#waiting.length > 0 && this.#ready.length < READY && !this.isPaused && round === this.#rounds) {
        let many = 1;
        for (let bytes = this.#waiting[0].bytes; many < Math.min(ASK_AT_ONCE, this.#waiting.length); many++) {
          bytes += this.#waiting[many].bytes;
          if (bytes > READ_AT_ONCE) break;
        }
        const some = this.#waiting.splice(0, many);
        const {formats} = await stats().catch(() => ({formats: null}));
        const fit = some.filter(item => {
          const type = item.file.type;
          const isRefused = formats && /^image\/(hei[cf]|avif|jxl)$/.test(type) && !formats.includes(type) && !formats.includes(type.replace('heif', 'heic'));
          if (isRefused) this.#settle(item, 'refused', text.notTaken(type));
          return !isRefused;
        });
        const known = await this.#askFor(fit);
        if (round !== this.#rounds) return;
        for (const item of fit) {
          const id = known.get(item.sha256);
          if (id) {
            item.id = id;
            this.#settle(item, 'known');
          } else {
            this.#turn(item, 'ready');
            this.#ready.push(item);
          }
        }
        while (!this.isPaused && this.resumesAt <= performance.now() && this.#running.size < AT_ONCE && this.#ready.length > 0) this.#send(this.#ready.shift());
      }
    } finally {
      this.#preparing = false;
    }
  }

  // Ids by hash. Without the means to hash (plain http to another machine), or an answer, all are sent: the server knows them too.
  async #askFor(items) {
    if (!globalThis.crypto?.subtle) return new Map();
    try {
      for (const item of items) item.sha256 ??= hex(await crypto.subtle.digest('SHA-256', await item.file.arrayBuffer()));
      const {ids} = await call('/images/known', {method: 'POST', json: {sha256: [...new Set(items.map(item => item.sha256))]}});
      return new Map(ids.map(id => [id.slice(7, 71), id]));
    } catch {
      return new Map();
    }
  }

  async #send(item) {
    this.#running.add(item);
    this.#turn(item, 'sending');
    item.loaded = 0;
    this.#changed();
    let answer;
    let failure = null;
    try {
      answer = await this.#post(item);
    } catch (error) {
      failure = error;
    }
    this.#running.delete(item);
    item.request = null;
    if (item.cancelled) return;
    if (!failure) {
      item.id = answer.id;
      this.#settle(item, answer.stored ? 'added' : 'known');
    } else if (failure.name === 'AbortError') {
      this.#turn(item, 'ready'); // paused
      this.#ready.unshift(item);
    } else if (!failure.passes) {
      this.#settle(item, 'refused', failure.message);
    } else if (++item.tries >= MOST_TRIES) {
      this.#settle(item, 'failed', failure.message);
    } else {
      const wait = waitSeconds(item.tries, failure.retryAfter);
      this.resumesAt = Math.max(this.resumesAt, performance.now() + wait * 1000);
      item.reason = failure.message;
      this.#turn(item, 'ready');
      this.#ready.unshift(item);
    }
    this.#go();
  }

  // fetch() cannot tell how much has been sent, XMLHttpRequest can.
  #post(item) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append('file', item.file, item.name.split('/').at(-1));
      item.request = request;
      request.upload.onprogress = event => {
        const loaded = Math.min(item.bytes, event.loaded);
        this.#sample(Math.max(0, loaded - item.loaded));
        item.loaded = loaded;
        this.#changed();
      };
      request.upload.onload = () => {
        if (item.state !== 'sending') return;
        this.#turn(item, 'looking');
        this.#changed();
      };
      request.onabort = () => reject(new DOMException('', 'AbortError'));
      request.onerror = () => reject(unreachable());
      request.onload = () => {
        if (request.status !== 200 && request.status !== 201) {
          reject(problem(request.status, request.responseText, request.getResponseHeader('Retry-After')));
          return;
        }
        try {
          resolve(JSON.parse(request.responseText));
        } catch {
          reject(problem(request.status, '', null));
        }
      };
      request.open('POST', '/upload');
      request.setRequestHeader('Accept', 'application/json');
      request.send(body);
    });
  }
}

const hex = buffer => Array.from(new Uint8Array(buffer), each => each.toString(16).padStart(2, '0')).join('');

// Browsers name the type by the file's name; what has no type may be a camera's raw, or a picture without an ending.
function isNoPicture(file) {
  return file.size === 0 || (file.type !== '' && !file.type.startsWith('image/') && !RAW.test(file.name)) || file.type === 'image/svg+xml';
}
