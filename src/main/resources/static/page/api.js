// Talks to the server. Every failure is a Problem whose message is fit to be shown.

import {text} from './texts.js';

const UNREACHABLE = 0;

export class Problem extends Error {
  constructor(status, type, message, retryAfter = null) {
    super(message);
    this.status = status;
    this.type = type;
    this.retryAfter = retryAfter;
  }

  // Whether the same request may succeed later.
  get passes() {
    return this.status === UNREACHABLE || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

// What an answer that is no success says.
export function problem(status, body, retryAfter) {
  let said = null;
  try {
    said = JSON.parse(body);
  } catch {
    // Proxies answer in HTML; the status has to do.
  }
  const seconds = Number(retryAfter);
  return new Problem(status, said?.type ?? '', said?.detail ?? text.answered(status), retryAfter && seconds >= 0 ? seconds : null);
}

export const unreachable = () => new Problem(UNREACHABLE, 'unreachable', text.unreachable);

// The parsed answer; null if it has no body.
export async function call(path, {method = 'GET', json, form, signal, keepalive} = {}) {
  const headers = {Accept: 'application/json'};
  if (json) headers['Content-Type'] = 'application/json';
  let response;
  let body;
  try {
    response = await fetch(path, {method, headers, body: json ? JSON.stringify(json) : form, signal, keepalive});
    body = await response.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw unreachable();
  }
  if (!response.ok) throw problem(response.status, body, response.headers.get('Retry-After'));
  return body ? JSON.parse(body) : null;
}

let known = null;

// What `/stats` says, asked once in ten seconds at most.
export function stats() {
  if (!known || performance.now() - known.at > 10_000) {
    known = {at: performance.now(), answer: call('/stats')};
    known.answer.catch(() => { known = null; });
  }
  return known.answer;
}

// Seconds until the next try: what the server asks for, else twice as long each time, up to half a minute, and never all at once.
export function waitSeconds(tries, retryAfter) {
  return retryAfter !== null ? Math.max(0.2, retryAfter) : Math.min(30, 2 ** Math.min(tries, 5)) * (0.75 + Math.random() / 2);
}
