// The pictures of one question, page by page: the newest, or what a search finds.

import {call, Problem} from './api.js';
import {idOf, isSearch} from './address.js';
import * as samples from './samples.js';
import {text} from './texts.js';

const PAGE = 60;
const LARGEST_PAGE = 240; // who scrolls on and on gets more at a time
const MOST_A_PAGE = 1000;
const RELEVANT = 0.25;
const LESS = 0.5;

export class Feed {
  constructor(state) {
    this.state = state;
    this.pictures = [];
    this.ids = new Set();
    this.total = null;
    this.facets = null;
    this.notes = [];
    this.mode = null;
    this.model = null;
    this.done = false;
    this.started = false;
    // Whether less relevant pictures were left out.
    this.cut = false;
    this.#next = null;
  }

  #next;
  #loading = null;

  // Loads the next page, or goes on until there are so many pictures. One load runs at a time. Throws a Problem.
  more(until = this.pictures.length + 1) {
    this.#loading ??= this.#load(until).finally(() => { this.#loading = null; });
    return this.#loading;
  }

  async #load(until) {
    while (!this.done && this.pictures.length < until) {
      const limit = Math.min(MOST_A_PAGE, Math.max(PAGE, Math.min(LARGEST_PAGE, this.pictures.length), until - this.pictures.length + PAGE / 2));
      let page;
      try {
        page = await (isSearch(this.state) ? this.#search(limit) : this.#list(limit));
      } catch (error) {
        if (error.type !== '/problems/cursor-expired') throw error;
        // The list begins anew; what is shown already comes again and is left out.
        this.#next = null;
        continue;
      }
      this.#take(page.results);
      this.#next = page.next;
      this.started = true;
      this.done = page.next === null;
    }
  }

  async #list(limit) {
    const query = new URLSearchParams({limit});
    if (this.#next) query.set('cursor', this.#next);
    const page = await call(`/images?${query}`);
    this.total = page.total;
    return page;
  }

  async #search(limit) {
    const {q, like, crop, picture, unlike, type, orientation, tag, month, all} = this.state;
    const asked = {limit};
    if (q) asked.text = q;
    if (like) asked.like = idOf(like);
    if (like && crop) asked.crop = crop;
    if (unlike.length) Object.assign(asked, {notLike: unlike.map(idOf), notLikeWeight: unlike.map(() => LESS)});
    if (type.length) asked.type = type;
    if (orientation.length) asked.orientation = orientation;
    if (tag.length) asked.tag = tag;
    if (month) Object.assign(asked, during(month));
    const isCut = q && !like && !picture && !unlike.length && !all;
    if (isCut) asked.minRelevance = RELEVANT;
    if (this.#next) asked.cursor = this.#next;
    else asked.facets = true;
    const page = await call('/search', picture ? {method: 'POST', form: await form(asked, picture)} : {method: 'POST', json: asked});
    if (page.facets) this.facets = page.facets;
    this.mode = page.mode;
    this.model = page.model ?? null;
    // Nobody here has asked for a least relevance, so it is no news that there is none yet.
    const note = (page.note ?? '').split('. ').filter(each => !each.startsWith('minRelevance')).join('. ');
    this.notes = [page.truncated ? text.shortened : '', page.stale ? text.stale : '', note].filter(Boolean);
    const isKnown = note === (page.note ?? '');
    this.cut = Boolean(isCut) && isKnown && page.next === null && page.results.length < limit
      && this.facets?.rows > this.pictures.length + page.results.length;
    return page;
  }

  #take(pictures) {
    for (const each of pictures) {
      if (this.ids.has(each.id)) continue;
      this.ids.add(each.id);
      this.pictures.push(each);
    }
  }

  // Puts pictures that are new before all others, and says how many there were.
  async refresh() {
    const page = await call(`/images?limit=${PAGE}`);
    const fresh = page.results.filter(each => !this.ids.has(each.id));
    fresh.forEach(each => this.ids.add(each.id));
    this.pictures.unshift(...fresh);
    this.total = page.total;
    return fresh.length;
  }

  indexOf(id) {
    return this.ids.has(id) ? this.pictures.findIndex(each => each.id === id) : -1;
  }

  // The place that the picture had, -1 if it was not here.
  remove(id) {
    const index = this.indexOf(id);
    if (index < 0) return -1;
    this.pictures.splice(index, 1);
    this.ids.delete(id);
    if (this.total !== null) this.total--;
    return index;
  }

  insert(picture, index) {
    if (this.ids.has(picture.id)) return;
    this.ids.add(picture.id);
    this.pictures.splice(index, 0, picture);
    if (this.total !== null) this.total++;
  }
}

function during(month) {
  const [year, number] = month.split('-').map(Number);
  return {
    uploadedAfter: new Date(Date.UTC(year, number - 1)).toISOString(),
    uploadedBefore: new Date(Date.UTC(year, number)).toISOString(),
  };
}

async function form(asked, picture) {
  const file = await samples.find(picture);
  if (!file) throw new Problem(404, 'sample-is-gone', text.yoursIsGone);
  const made = new FormData();
  for (const [name, value] of Object.entries(asked)) for (const each of [value].flat()) made.append(name, each);
  made.append('file', file, 'sample');
  return made;
}
