// What is being uploaded, at the edge of the page: it stays while the page is used, and warns before the page is left.

import {nameOf} from './address.js';
import {element, icon, throttled, $} from './dom.js';
import {walk} from './folders.js';
import {text} from './texts.js';
import {Uploads} from './uploads.js';

const DRAWN_EVERY = 200; // milliseconds
const SAID_EVERY = 15_000;
const NAMES_SHOWN = 20;
const LINKS_SHOWN = 24;

export class Tray {
  #uploads = new Uploads(throttled(DRAWN_EVERY, () => this.#draw()));
  #callbacks;
  #isFolded = false;
  #settled = 0;
  #added = 0;
  #reading = 0;
  #saidAt = -Infinity;
  #groups = '';

  // `added(n)` is called after some pictures more are there, `open(name)` for a link to one, `newest()` for a link to all.
  constructor(callbacks) {
    this.#callbacks = callbacks;
    $('tray-pause').addEventListener('click', () => {
      if (this.#uploads.isPaused) this.#uploads.resume();
      else this.#uploads.pause();
    });
    $('tray-cancel').addEventListener('click', () => this.#uploads.cancel());
    $('tray-retry').addEventListener('click', () => this.#uploads.retry());
    $('tray-close').addEventListener('click', () => {
      this.#uploads.clear();
      this.#settled = 0;
      this.#added = 0;
      $('tray').hidden = true;
      document.querySelector('#add').focus();
    });
    $('tray-fold').addEventListener('click', () => {
      this.#isFolded = !this.#isFolded;
      this.#draw();
    });
    $('tray-see').addEventListener('click', event => {
      event.preventDefault();
      callbacks.newest();
    });
    $('tray-links').addEventListener('click', event => {
      const link = event.target.closest('a');
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      callbacks.open(link.dataset.name);
    });
    addEventListener('beforeunload', event => {
      if (this.#uploads.isBusy || this.#reading > 0) event.preventDefault();
    });
  }

  get isBusy() {
    return this.#uploads.isBusy;
  }

  add(files, isFolder = false) {
    if (files.length === 0) return;
    $('tray').hidden = false;
    this.#uploads.add(files, isFolder);
  }

  // Files and folders, as they were dropped.
  async drop(transfer) {
    let seen = 0;
    const files = [...transfer.files];
    if (!transfer.items?.length) {
      this.add(files.map(file => ({file, name: file.name})));
      return;
    }
    this.#reading++;
    try {
      await walk(transfer, (found, isFolder) => {
        seen += found.length;
        this.add(found, isFolder);
      });
    } finally {
      this.#reading--;
      if (seen > 0) this.#draw();
    }
  }

  #draw() {
    const uploads = this.#uploads;
    const {added, known, refused, failed} = uploads.counts;
    if (uploads.total === 0 && !uploads.isBusy) {
      $('tray').hidden = true;
      return;
    }
    const busy = uploads.isBusy;
    $('tray').classList.toggle('folded', this.#isFolded);
    $('tray').classList.toggle('busy', busy);
    $('tray-fold').setAttribute('aria-expanded', String(!this.#isFolded));
    const title = busy ? text.progress(uploads.settled, uploads.total) : text.finished(added, known, refused, failed);
    $('tray-title').textContent = title;
    $('tray-progress').max = Math.max(1, uploads.total);
    $('tray-progress').value = uploads.settled + uploads.active.reduce((sum, item) => sum + (item.bytes ? 0.9 * item.loaded / item.bytes : 0), 0);
    $('tray-progress').hidden = !busy;
    const detail = busy ? this.#detail() : '';
    $('tray-detail').textContent = detail;
    $('tray-detail').hidden = !busy;
    $('tray-pause').hidden = !busy;
    $('tray-pause').setAttribute('aria-label', uploads.isPaused ? text.resume : text.pause);
    $('tray-pause').title = uploads.isPaused ? text.resume : text.pause;
    $('tray-pause').replaceChildren(icon(uploads.isPaused ? 'i-play' : 'i-pause'));
    $('tray-cancel').hidden = !busy;
    $('tray-close').hidden = busy;
    $('tray-retry').hidden = failed === 0;
    $('tray-retry').textContent = text.retry(failed);
    this.#drawActive();
    this.#drawGroups();
    this.#drawLinks();
    this.#say(busy, [title, detail].filter(Boolean).join('. '));
    if (added > this.#added) {
      this.#callbacks.added(added - this.#added);
      this.#added = added;
    }
  }

  #detail() {
    const uploads = this.#uploads;
    if (uploads.isPaused) return text.paused;
    const wait = (uploads.resumesAt - performance.now()) / 1000;
    if (wait > 0 && uploads.active.length === 0) {
      setTimeout(() => this.#draw(), 1000);
      return text.waitingFor(wait);
    }
    const rate = uploads.rate;
    return rate > 0 ? [text.rate(rate), text.left(uploads.bytesLeft / rate)].join(' · ') : '';
  }

  #drawActive() {
    const list = $('tray-active');
    const active = this.#uploads.active;
    while (list.children.length > active.length) list.lastElementChild.remove();
    while (list.children.length < active.length) {
      list.append(element('li', {}, element('span', {className: 'upload-name'}), element('progress', {max: 1}), element('span', {className: 'soft'})));
    }
    active.forEach((item, index) => {
      const [name, progress, state] = list.children[index].children;
      name.textContent = item.name;
      progress.value = item.bytes ? item.loaded / item.bytes : 0;
      progress.setAttribute('aria-label', item.name);
      state.textContent = text.state[item.state] ?? '';
    });
  }

  // What was not added, by its reason.
  #drawGroups() {
    const {refused, failed} = this.#uploads.counts;
    const key = `${refused} ${failed}`;
    if (key === this.#groups) return;
    this.#groups = key;
    const groups = new Map();
    for (const item of this.#uploads.items) {
      if (item.state !== 'refused' && item.state !== 'failed') continue;
      if (!groups.has(item.reason)) groups.set(item.reason, []);
      groups.get(item.reason).push(item.name);
    }
    const open = new Set([...$('tray-groups').querySelectorAll('details[open]')].map(each => each.dataset.reason));
    $('tray-groups').replaceChildren(...[...groups].map(([reason, names]) =>
      element('details', {open: open.has(reason), data: {reason}}, element('summary', {}, text.group(names.length, reason)),
        element('ul', {}, ...names.slice(0, NAMES_SHOWN).map(name => element('li', {}, name)),
          names.length > NAMES_SHOWN ? element('li', {}, text.others(names.length - NAMES_SHOWN)) : null))));
  }

  #drawLinks() {
    const {added, known} = this.#uploads.counts;
    const settled = added + known;
    $('tray-added').hidden = settled === 0;
    if (settled === this.#settled) return;
    this.#settled = settled;
    const latest = [];
    for (let i = this.#uploads.items.length - 1; i >= 0 && latest.length < LINKS_SHOWN; i--) {
      if (this.#uploads.items[i].id) latest.push(this.#uploads.items[i]);
    }
    const there = new Map([...$('tray-links').children].map(each => [each.dataset.id, each]));
    $('tray-links').replaceChildren(...latest.map(item => there.get(item.id) ?? element('li', {data: {id: item.id}},
      element('a', {href: `/?open=${nameOf(item.id)}`, title: item.name, data: {name: nameOf(item.id)}},
        element('img', {src: `/${item.id}/thumbnail`, alt: item.name, width: 48, height: 48, loading: 'lazy'})))));
    $('tray-others').textContent = settled > latest.length ? text.others(settled - latest.length) : '';
  }

  // For screen readers: at the end, and now and then.
  #say(busy, message) {
    const now = performance.now();
    if (busy && now - this.#saidAt < SAID_EVERY) return;
    this.#saidAt = busy ? now : -Infinity;
    if ($('tray-said').textContent !== message) $('tray-said').textContent = message;
  }
}
