// One picture, large, over the page.

import {idOf, nameOf} from './address.js';
import {call, stats} from './api.js';
import {element, icon, iconButton, $} from './dom.js';
import {editor} from './editor.js';
import * as hit from './hit.js';
import {bringBack, notice} from './notices.js';
import {Region} from './region.js';
import {format, text, time} from './texts.js';

const SIZES = [512, 1024];
const SWIPE = 60; // pixels
// What every browser shows by itself.
const SHOWN = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp', 'image/avif'];

export class Viewer {
  #dialog = $('viewer');
  #callbacks;
  #picture = null;
  #region = null;
  #turn = 0;

  // `step(picture, by)` goes to a neighbour, `closed()`, `ask(change)`, `position(picture)`, `edited(picture)`, `remove(picture)`.
  constructor(callbacks) {
    this.#callbacks = callbacks;
    this.#dialog.addEventListener('close', () => this.#closed());
    addEventListener('keydown', event => { if (this.#dialog.open) this.#key(event); });
    this.#dialog.addEventListener('click', event => {
      if (event.target === $('stage')) this.close();
    });
    $('viewer-close').addEventListener('click', () => this.close());
    $('viewer-previous').addEventListener('click', () => this.#step(-1));
    $('viewer-next').addEventListener('click', () => this.#step(1));
    this.#swipes();
  }

  get picture() {
    return this.#picture;
  }

  get isOpen() {
    return this.#dialog.open;
  }

  close() {
    this.#dialog.close();
  }

  // Shows the picture of a name, of which the page may know nothing yet.
  async show(name, known, asked) {
    const turn = ++this.#turn;
    this.#endRegion();
    if (!this.#dialog.open) this.#dialog.showModal();
    if (known) this.#draw(known, asked);
    else $('stage-picture').replaceChildren();
    let picture;
    try {
      picture = await call(`/${idOf(name)}/metadata`);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (!known) this.#fail(error.status === 404 ? text.notHere : error.message);
      return;
    }
    if (turn !== this.#turn) return;
    this.#draw(known ? Object.assign(known, picture) : picture, asked);
    this.#twins(picture, turn);
  }

  #fail(message) {
    this.#picture = null;
    $('stage-picture').replaceChildren(element('p', {className: 'stage-message', role: 'alert'}, message));
    $('facts').replaceChildren();
    $('viewer-tools').replaceChildren();
    $('position').textContent = '';
  }

  #draw(picture, asked) {
    const isSame = this.#picture?.id === picture.id;
    this.#picture = picture;
    if (!isSame) {
      this.#drawPicture(picture);
      this.#drawTools(picture);
    }
    this.#drawFacts(picture, asked);
    if (document.activeElement === document.body) $('viewer-close').focus(); // what had the focus is drawn anew
    const {at, total, more} = this.#callbacks.position(picture);
    $('position').textContent = at > 0 ? text.position(at, total, more) : '';
    $('viewer-previous').disabled = at <= 1;
    $('viewer-next').disabled = at < 1 || (at >= total && !more);
  }

  #drawPicture(picture) {
    const image = element('img', {alt: hit.title(picture), draggable: false});
    if (picture.width && picture.height) Object.assign(image, {width: picture.width, height: picture.height});
    image.sizes = `${Math.round(Math.min(innerWidth, innerHeight * ((picture.width / picture.height) || 1)))}px`;
    image.srcset = hit.sources(picture, SIZES);
    image.addEventListener('error', () => {
      if (!image.classList.contains('broken')) {
        image.classList.add('broken');
        image.alt = text.broken;
      }
    });
    $('stage-picture').replaceChildren(image);
    // The original, where the thumbnail has too few pixels for this screen, or stands still and the original may not.
    const shown = Math.min(innerWidth, innerHeight) * devicePixelRatio;
    const longer = Math.max(picture.width ?? 0, picture.height ?? 0);
    if (SHOWN.includes(picture.contentType) && ((longer > 1024 && shown > 1024) || picture.contentType === 'image/gif')) {
      const original = new Image();
      original.src = `/${picture.id}`;
      original.decode().then(() => {
        if (!image.isConnected) return;
        image.removeAttribute('srcset');
        image.src = original.src;
      }, () => {});
    }
  }

  #drawTools(picture) {
    const name = nameOf(picture.id);
    const ask = change => this.#callbacks.ask(change);
    $('viewer-tools').replaceChildren(
      iconButton('i-like', text.more, () => ask({like: name})),
      iconButton('i-unlike', text.less, () => ask({unlike: name}), {id: 'unlike', hidden: !this.#callbacks.isSearch()}),
      iconButton('i-region', text.region, () => this.#startRegion(), {id: 'region', hidden: !(picture.width && picture.height)}),
      element('a', {id: 'download', className: 'icon-button', href: `/${picture.id}`, download: name, title: text.download,
        aria: {label: text.download}, onclick: event => this.#download(event, picture)}, icon('i-download')),
      iconButton('i-link', text.copy, () => this.#copy(), {id: 'copy'}),
      iconButton('i-delete', text.delete, () => this.#callbacks.remove(picture), {id: 'delete', hidden: true}));
    this.#offer('delete');
  }

  // What needs a scope is shown to who has it.
  async #offer(id) {
    try {
      const {scopes} = await stats();
      if ($(id)) $(id).hidden = !scopes.includes('admin');
    } catch {
      // Then it stays away until the next picture.
    }
  }

  #drawFacts(picture, asked) {
    const facts = [
      [text.fact.name, picture.filename],
      [text.fact.taken, picture.takenAt && time(picture.takenAt)],
      [text.fact.uploaded, picture.uploadedAt && time(picture.uploadedAt)],
      [text.fact.pixels, picture.bytes && text.pixels(picture.width, picture.height, picture.bytes)],
      [text.fact.type, picture.contentType && format(picture.contentType)],
      [text.fact.relevance, hit.relevance(picture) && text.relevance[hit.relevance(picture)]],
      [text.fact.why, hit.why(picture, asked)],
    ].filter(([, said]) => said);
    const focused = $('facts').contains(document.activeElement);
    if (focused) return; // somebody is writing there
    $('facts').replaceChildren(
      editor(picture, edited => this.#callbacks.edited(Object.assign(picture, edited))),
      element('dl', {className: 'facts'}, ...facts.map(([name, said]) =>
        element('div', {}, element('dt', {}, name), element('dd', {}, said)))),
      element('section', {id: 'twins', hidden: true}));
  }

  async #twins(picture, turn) {
    let twins;
    try {
      twins = (await call(`/${picture.id}/similar`)).results;
    } catch {
      return; // while the table is not in memory nobody knows
    }
    if (turn !== this.#turn || twins.length === 0 || !$('twins')) return;
    $('twins').hidden = false;
    $('twins').replaceChildren(element('h3', {}, text.twins), element('ul', {className: 'twins'}, ...twins.map(twin => this.#twin(twin))));
  }

  #twin({kind, picture}) {
    const open = event => {
      event.preventDefault();
      this.#callbacks.open(picture);
    };
    return element('li', {}, element('a', {href: `/?open=${nameOf(picture.id)}`, title: hit.title(picture), onclick: open},
      element('img', {src: `/${picture.id}/thumbnail`, alt: hit.title(picture), width: 72, height: 72, loading: 'lazy'}),
      element('span', {}, text.twin[kind]),
      element('span', {className: 'soft'}, picture.bytes ? text.pixels(picture.width, picture.height, picture.bytes) : '')));
  }

  // Under the name that the picture came with: the server's own header names it by its hash.
  async #download(event, picture) {
    if (!picture.filename || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const response = await fetch(`/${picture.id}`);
      if (!response.ok) throw new Error(text.answered(response.status));
      const url = URL.createObjectURL(await response.blob());
      element('a', {href: url, download: picture.filename}).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      notice(error instanceof TypeError ? text.unreachable : error.message, {isError: true});
    }
  }

  async #copy() {
    const link = `${location.origin}/?open=${nameOf(this.#picture.id)}`;
    try {
      await navigator.clipboard.writeText(link);
      notice(text.copied, {millis: 3000});
    } catch {
      notice(`${text.copyByHand} ${link}`); // plain http to another machine has no clipboard
    }
  }

  #step(by) {
    if (this.#picture) this.#callbacks.step(this.#picture, by);
  }

  #startRegion() {
    const image = $('stage-picture').querySelector('img');
    if (!image || this.#region) return;
    const picture = this.#picture;
    this.#region = new Region(image, picture, crop => {
      this.#endRegion();
      this.#callbacks.ask({like: nameOf(picture.id), crop});
    }, () => this.#endRegion());
  }

  #endRegion() {
    if (!this.#region) return;
    this.#region.end();
    this.#region = null;
    $('region')?.focus();
  }

  #key(event) {
    if (event.target.closest?.('input, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape' && this.#region) {
      event.preventDefault();
      this.#endRegion();
      return;
    }
    if (this.#region) return;
    if (event.key === 'ArrowLeft') this.#step(-1);
    else if (event.key === 'ArrowRight') this.#step(1);
    else if (event.key === 'Delete' && $('delete') && !$('delete').hidden) $('delete').click();
    else return;
    event.preventDefault();
  }

  // A finger that goes sideways turns the page, one that goes down closes it.
  #swipes() {
    let start = null;
    const stage = $('stage');
    stage.addEventListener('pointerdown', event => {
      start = event.pointerType === 'touch' && event.isPrimary && !this.#region ? {x: event.clientX, y: event.clientY} : null;
    });
    stage.addEventListener('pointercancel', () => { start = null; });
    stage.addEventListener('pointerup', event => {
      if (!start || !event.isPrimary) return;
      const x = event.clientX - start.x;
      const y = event.clientY - start.y;
      start = null;
      if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) this.#step(x < 0 ? 1 : -1);
      else if (y > 2 * SWIPE && y > 2 * Math.abs(x)) this.close();
    });
  }

  #closed() {
    this.#turn++;
    this.#endRegion();
    bringBack();
    const picture = this.#picture;
    this.#picture = null;
    $('stage-picture').replaceChildren();
    this.#callbacks.closed(picture);
  }
}
