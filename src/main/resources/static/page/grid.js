// The pictures in rows. Only those near the screen are in the document, so ten thousand are as light as fifty.

import {nameOf} from './address.js';
import {element} from './dom.js';
import * as hit from './hit.js';
import {Layout} from './layout.js';
import {text} from './texts.js';

const AHEAD = 1.25; // screens above and below that are ready
const SIZES = [256, 512, 1024];
const RETRY_MILLIS = [1500, 5000, 15_000, 30_000];

export class Grid {
  #list;
  #callbacks;
  #layout = null;
  #feed = null;
  #asked = '';
  #tiles = new Map();
  #current = 0;
  #frame = 0;

  // `more(count)` is called when more pictures are needed, `moved(index)` with the first one on the screen, `open(picture)`.
  constructor(list, callbacks) {
    this.#list = list;
    this.#callbacks = callbacks;
    list.addEventListener('keydown', event => this.#key(event));
    list.addEventListener('click', event => this.#click(event));
    list.addEventListener('focusin', event => this.#focused(event));
    addEventListener('scroll', () => this.#soon(), {passive: true});
    new ResizeObserver(() => this.#resized()).observe(list);
  }

  // Shows a feed from its picture `at` on.
  show(feed, asked, at) {
    this.#feed = feed;
    this.#asked = asked;
    this.#current = at;
    this.#layout = null;
    this.#clear();
    this.update();
    this.scrollTo(at);
  }

  // After the feed has got more pictures.
  update() {
    const width = this.#list.clientWidth;
    if (!this.#feed || width === 0) return;
    if (!this.#layout || this.#layout.width !== width) this.#layout = new Layout(width);
    this.#layout.place(this.#feed.pictures, this.#feed.done);
    this.#list.style.height = `${this.#layout.height}px`;
    this.#render();
  }

  // After pictures were removed, inserted or edited: what was shown of the others stays.
  changed() {
    this.#layout = null;
    this.#current = Math.max(0, Math.min(this.#current, this.#feed.pictures.length - 1));
    const kept = new Map([...this.#tiles.values()].map(tile => [tile.picture.id, tile]));
    this.#tiles.clear();
    this.#feed.pictures.forEach((picture, index) => {
      const tile = kept.get(picture.id);
      if (tile && tile.picture === picture) {
        this.#tiles.set(index, tile);
        kept.delete(picture.id);
      }
    });
    for (const tile of kept.values()) tile.node.remove();
    this.update();
  }

  scrollTo(index) {
    const box = this.#layout?.boxes[index];
    const top = this.#list.getBoundingClientRect().top + scrollY;
    if (index === 0 || !box) scrollTo(0, 0);
    else scrollTo(0, top + box.top - this.#clearance());
    this.#render();
  }

  focus(index) {
    this.#current = Math.min(index, (this.#layout?.boxes.length ?? 0) - 1);
    if (this.#current < 0) return;
    this.#reveal(this.#current);
    this.#render();
    this.#tiles.get(this.#current)?.link.focus({preventScroll: true});
  }

  get shown() {
    return this.#layout?.boxes.length ?? 0;
  }

  // What the bar at the top hides.
  #clearance() {
    return Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  }

  #reveal(index) {
    const box = this.#layout.boxes[index];
    const top = this.#list.getBoundingClientRect().top + box.top;
    const clearance = this.#clearance();
    if (top < clearance) scrollBy(0, top - clearance - 8);
    else if (top + box.height > innerHeight) scrollBy(0, top + box.height - innerHeight + 8);
  }

  #soon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#render();
      this.#tellPlace();
    });
  }

  #tellPlace() {
    if (!this.#layout?.rows.length) return;
    const above = this.#clearance() - this.#list.getBoundingClientRect().top;
    const row = this.#layout.rows[this.#layout.rowAt(Math.max(0, above))];
    this.#callbacks.moved(scrollY < 8 ? 0 : row.start);
  }

  #resized() {
    if (!this.#feed || this.#layout?.width === this.#list.clientWidth) return;
    const above = this.#clearance() - this.#list.getBoundingClientRect().top;
    const first = this.#layout?.rows.length ? this.#layout.rows[this.#layout.rowAt(Math.max(0, above))].start : 0;
    const atTop = scrollY < 8;
    this.#layout = null;
    this.update();
    if (!atTop) this.scrollTo(first);
  }

  #clear() {
    for (const tile of this.#tiles.values()) tile.node.remove();
    this.#tiles.clear();
  }

  #render() {
    const layout = this.#layout;
    if (!layout) return;
    const above = -this.#list.getBoundingClientRect().top;
    const from = above - AHEAD * innerHeight;
    const to = above + (1 + AHEAD) * innerHeight;
    const wanted = new Set();
    for (let row = layout.rowAt(from); row >= 0 && row < layout.rows.length && layout.rows[row].top <= to; row++) {
      for (let i = layout.rows[row].start; i < layout.rows[row].end; i++) wanted.add(i);
    }
    // The one that the keyboard is at stays, or focus would be lost.
    if (this.#current < layout.boxes.length) wanted.add(this.#current);
    for (const [index, tile] of this.#tiles) {
      if (!wanted.has(index)) {
        tile.node.remove();
        this.#tiles.delete(index);
      }
    }
    for (const index of [...wanted].sort((a, b) => a - b)) this.#draw(index);
    if (to > layout.height - innerHeight && !this.#feed.done) this.#callbacks.more(this.#feed.pictures.length + 1);
  }

  #draw(index) {
    let tile = this.#tiles.get(index);
    if (!tile) {
      tile = this.#tile(this.#feed.pictures[index]);
      this.#tiles.set(index, tile);
      this.#insert(tile.node, index);
    }
    const box = this.#layout.boxes[index];
    tile.link.tabIndex = index === this.#current ? 0 : -1;
    tile.node.dataset.index = index;
    tile.node.setAttribute('aria-posinset', index + 1);
    tile.node.setAttribute('aria-setsize', this.#feed.done ? this.#feed.pictures.length : -1);
    if (tile.box === box) return;
    tile.box = box;
    Object.assign(tile.node.style, {left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px`});
    // Before the source, so that the browser chooses once.
    tile.image.sizes = `${box.width}px`;
    if (!tile.image.srcset) tile.image.srcset = hit.sources(tile.picture, SIZES);
  }

  // In the order of the pictures, which is the order that screen readers take.
  #insert(node, index) {
    let next = null;
    for (let i = index + 1; i <= index + 40 && !next; i++) next = this.#tiles.get(i)?.node ?? null;
    if (!next && this.#list.lastElementChild && Number(this.#list.lastElementChild.dataset.index) > index) {
      next = [...this.#list.children].find(child => Number(child.dataset.index) > index) ?? null;
    }
    this.#list.insertBefore(node, next);
  }

  #tile(picture) {
    const name = hit.title(picture);
    // Below the cut a word at each picture would only be noise.
    const relevance = hit.relevance(picture);
    const word = relevance === 'hardly' ? null : relevance;
    const found = hit.place(picture, this.#asked);
    const image = element('img', {alt: name, decoding: 'async', draggable: false});
    const link = element('a', {href: `/?open=${nameOf(picture.id)}`, title: [name, hit.why(picture, this.#asked)].filter(Boolean).join('\n')},
      image, element('span', {className: 'name', aria: {hidden: 'true'}}, name));
    if (word || found) {
      link.append(element('span', {className: 'badges'},
        word ? element('span', {className: `badge ${word}`}, text.relevance[word]) : null,
        found ? element('span', {className: 'badge words'}, found) : null));
    }
    const node = element('li', {className: 'tile'}, link);
    watch(image, node);
    return {picture, node, link, image, box: null};
  }

  #indexOf(target) {
    const node = target.closest?.('.tile');
    return node ? Number(node.dataset.index) : -1;
  }

  #focused(event) {
    const index = this.#indexOf(event.target);
    if (index < 0 || index === this.#current) return;
    const before = this.#tiles.get(this.#current);
    if (before) before.link.tabIndex = -1;
    this.#current = index;
    this.#tiles.get(index).link.tabIndex = 0;
  }

  #click(event) {
    const index = this.#indexOf(event.target);
    if (index < 0 || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.#callbacks.open(this.#feed.pictures[index]);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.#layout) return;
    const at = this.#current;
    const last = this.#layout.boxes.length - 1;
    const to = {
      ArrowLeft: () => at - 1, ArrowRight: () => at + 1,
      ArrowUp: () => this.#layout.beside(at, -1), ArrowDown: () => this.#layout.beside(at, 1),
      Home: () => 0, End: () => last,
    }[event.key];
    if (!to) return;
    event.preventDefault();
    this.focus(Math.max(0, Math.min(last, to())));
  }
}

// A thumbnail that failed is asked for again, so that the page mends itself after an outage.
function watch(image, node) {
  let tries = 0;
  image.addEventListener('load', () => {
    node.classList.add('loaded');
    node.classList.remove('broken');
  });
  image.addEventListener('error', () => {
    node.classList.add('broken');
    if (tries >= RETRY_MILLIS.length) return;
    setTimeout(() => {
      if (!node.isConnected) return;
      const sources = image.srcset;
      image.srcset = '';
      image.srcset = sources;
    }, RETRY_MILLIS[tries++]);
  });
}
