// The page at `/`: one state, which its address says, and the parts that show it.

import * as address from './page/address.js';
import {call, stats, waitSeconds} from './page/api.js';
import {Box} from './page/box.js';
import {element, throttled, $} from './page/dom.js';
import {Feed} from './page/feed.js';
import * as filters from './page/filters.js';
import {Grid} from './page/grid.js';
import {notice} from './page/notices.js';
import {text} from './page/texts.js';
import {Tray} from './page/tray.js';
import {Viewer} from './page/viewer.js';

const MOST_PICTURES = 10_000;
const FEEDS_KEPT = 8;
const PLACE_SAVED_EVERY = 300; // milliseconds; some browsers allow a hundred changes of the address in half a minute

let state = address.read();
let feed = null;
let tries = 0;
let waiting = 0;
let isFresh = 0;
const feeds = new Map();

function say() {
  for (const each of document.querySelectorAll('[data-text]')) each.textContent = text[each.dataset.text];
  for (const each of document.querySelectorAll('[data-label]')) {
    each.setAttribute('aria-label', text[each.dataset.label]);
    if (each.localName === 'button') each.title = text[each.dataset.label];
  }
  for (const each of document.querySelectorAll('[data-title]')) each.title = text[each.dataset.title];
  for (const each of document.querySelectorAll('[data-placeholder]')) each.placeholder = text[each.dataset.placeholder];
}
say();

const savePlace = throttled(PLACE_SAVED_EVERY, () => {
  if (address.write(state) !== location.pathname + location.search) history.replaceState(history.state, '', address.write(state));
});

const grid = new Grid($('results'), {
  more: until => load(until),
  moved: at => {
    if (at === state.at || !feed?.started) return;
    state = {...state, at};
    savePlace();
  },
  open: picture => go({open: address.nameOf(picture.id)}),
});

const viewer = new Viewer({
  isSearch: () => address.isSearch(state),
  ask: change => {
    // A search of its own, but for what the pictures shall not be like.
    const next = change.unlike
      ? {...state, unlike: [...new Set([...state.unlike, change.unlike])], at: 0, open: ''}
      : {...address.nothingAsked(), ...change};
    go(next);
  },
  open: picture => go({open: address.nameOf(picture.id)}, true),
  position: picture => ({at: feed.indexOf(picture.id) + 1, total: feed.pictures.length, more: !feed.done}),
  step: async (picture, by) => {
    const index = feed.indexOf(picture.id) + by;
    if (index >= feed.pictures.length && !feed.done) await load(index + 1);
    const next = feed.pictures[index];
    if (index >= 0 && next) go({open: address.nameOf(next.id)}, true);
  },
  closed: picture => {
    const index = picture ? feed.indexOf(picture.id) : -1;
    if (state.open) {
      // The step back that the button of the browser would do; who came by a link has none.
      if (history.state?.opened) history.back();
      else go({open: ''}, true);
    }
    if (index >= 0) grid.focus(index);
    else $('text').focus({preventScroll: true});
  },
  edited: picture => {
    for (const each of feeds.values()) {
      const index = each.indexOf(picture.id);
      if (index >= 0) each.pictures[index] = {...each.pictures[index], caption: picture.caption, tags: picture.tags};
    }
    filters.forget();
    grid.changed();
  },
  remove,
});

const box = new Box(change => go({...change, open: '', at: 0}));

const tray = new Tray({
  added: n => {
    filters.forget();
    isFresh += n;
    offerFresh();
  },
  open: name => go({open: name}),
  newest: () => {
    feeds.delete(address.question(address.nothingAsked()));
    feed = null;
    go(address.nothingAsked());
  },
});

// Goes to another state: with a step of history, or in place of this one.
function go(change, replaces = false) {
  const next = {...state, ...change};
  const opens = Boolean(next.open) && !state.open;
  const to = address.write(next);
  if (to !== location.pathname + location.search) {
    if (replaces) {
      history.replaceState(history.state, '', to);
    } else {
      history.replaceState(history.state, '', address.write(state)); // with the place where it was left
      history.pushState({opened: opens}, '', to);
    }
  }
  state = next;
  show();
}

function show() {
  document.title = text.title(state.q);
  box.show(state);
  const question = address.question(state);
  if (feed !== feeds.get(question) || !feed) {
    feed = feeds.get(question) ?? new Feed(state);
    feeds.delete(question);
    feeds.set(question, feed);
    while (feeds.size > FEEDS_KEPT) feeds.delete(feeds.keys().next().value);
    tries = 0;
    clearTimeout(waiting);
    $('trouble').hidden = true;
    if (feed.started) {
      grid.show(feed, state.q, state.at);
      describe();
    } else {
      begin(feed);
    }
  }
  showOpen();
}

function showOpen() {
  if (!state.open) {
    if (viewer.isOpen) viewer.close();
    return;
  }
  if (viewer.isOpen && viewer.picture && address.nameOf(viewer.picture.id) === state.open) return;
  const index = feed.indexOf(address.idOf(state.open));
  viewer.show(state.open, index < 0 ? null : feed.pictures[index], state.q);
}

// The first page of a question; what was shown before stays until it is there.
async function begin(begun) {
  $('status').textContent = address.isSearch(state) ? text.searching : text.loading;
  $('results').setAttribute('aria-busy', 'true');
  $('foot').replaceChildren();
  await load(state.at + 1);
  if (feed === begun && feed.started && state.open && !viewer.picture) showOpen();
}

async function load(until) {
  const loaded = feed;
  if (waiting && $('trouble').hidden === false) return;
  const before = loaded.started;
  try {
    await loaded.more(Math.min(MOST_PICTURES, until));
  } catch (error) {
    if (loaded === feed) trouble(error, until);
    return;
  }
  if (loaded !== feed) return;
  tries = 0;
  $('trouble').hidden = true;
  $('results').removeAttribute('aria-busy');
  if (before) grid.update();
  else grid.show(feed, state.q, state.at);
  describe();
}

// Tries again by itself what may pass.
function trouble(error, until) {
  $('results').removeAttribute('aria-busy');
  $('status').textContent = '';
  if (!feed.started) {
    grid.show(feed, state.q, 0);
    $('filters').hidden = true;
  }
  const seconds = error.passes ? waitSeconds(++tries, error.retryAfter) : 0;
  $('trouble').hidden = false;
  $('trouble').firstElementChild.textContent = error.passes ? `${error.message} ${text.again(seconds)}` : error.message;
  $('trouble').lastElementChild.hidden = !error.passes;
  clearTimeout(waiting);
  const again = () => {
    clearTimeout(waiting);
    waiting = 0;
    load(until);
  };
  waiting = error.passes ? setTimeout(again, seconds * 1000) : 0;
  $('trouble').lastElementChild.onclick = again;
}
addEventListener('online', () => { if (waiting) $('trouble').lastElementChild.click(); });

// What is said above and below the pictures.
function describe() {
  const searched = address.isSearch(state);
  const {pictures, done} = feed;
  const nothing = done && pictures.length === 0;
  const what = nothing ? '' : !searched ? text.newest(feed.total) : state.q && !state.like && !state.picture ? text.best : text.nearest;
  const bare = state.all && !nothing && pictures.some(each => each.relevance !== null) ? text.bare : '';
  $('status').textContent = [what && bare ? `${what}.` : what, bare, ...feed.notes].filter(Boolean).join(' ');
  $('foot').replaceChildren(...(done ? ending(searched, nothing) : []));
  drawFilters();
  offerFresh();
}

function ending(searched, nothing) {
  const all = element('button', {type: 'button', className: 'quiet', onclick: () => go({all: true, at: 0}, true)}, text.all);
  if (nothing && !searched) {
    return [element('div', {className: 'empty'}, element('h1', {}, text.empty), element('p', {}, text.emptyHint),
      element('button', {type: 'button', className: 'primary', onclick: () => $('files').click()}, text.addFiles),
      element('button', {type: 'button', className: 'quiet', onclick: () => $('folder').click()}, text.addFolder))];
  }
  if (nothing) {
    return [element('div', {className: 'empty'}, element('h1', {}, address.isFiltered(state) ? text.nothingFiltered : text.nothing),
      feed.cut ? all : null)];
  }
  if (feed.cut) return [element('p', {className: 'cut'}, text.nothingElse), all];
  if (searched && pictures() >= MOST_PICTURES) return [element('p', {}, text.most(pictures()))];
  return [element('p', {}, text.end(pictures()))];
}

const pictures = () => feed.pictures.length;

async function drawFilters() {
  const bar = $('filters');
  const drawn = feed;
  if (!address.isSearch(state) || !feed.facets) {
    bar.hidden = true;
    return;
  }
  const isWhole = !address.isFiltered(state);
  let everything = feed.facets;
  if (!isWhole) everything = await filters.all().catch(() => feed.facets);
  if (drawn !== feed) return;
  filters.draw(bar, state, everything, isWhole ? null : feed.facets,
    change => go(change ? {...change, at: 0, open: ''} : address.filtersCleared(state)));
  bar.hidden = bar.childElementCount === 0;
}

// New pictures come in by themselves where nothing moves under the eyes; else they are offered.
async function offerFresh() {
  const listed = !address.isSearch(state) && feed?.started;
  if (isFresh > 0 && listed && scrollY < 8 && !viewer.isOpen) await takeFresh();
  $('fresh').hidden = !(isFresh > 0 && listed);
  $('fresh').textContent = text.fresh(isFresh);
}

let isTaking = false;

async function takeFresh() {
  if (isTaking) return;
  isTaking = true;
  const listed = feed;
  try {
    const seen = isFresh;
    await listed.refresh();
    isFresh = Math.max(0, isFresh - seen);
    if (listed !== feed) return;
    grid.changed();
    $('status').textContent = text.newest(feed.total);
    $('foot').replaceChildren(...(feed.done ? ending(false, pictures() === 0) : []));
  } catch {
    // They are offered still.
  } finally {
    isTaking = false;
  }
}
$('fresh').addEventListener('click', async () => {
  scrollTo(0, 0);
  await takeFresh();
  offerFresh();
});

// Deletes at once, as the server can take it back: nothing is lost or kept by a page that is left.
function remove(picture) {
  const was = [...feeds.values()].map(each => [each, each.indexOf(picture.id)]).filter(([, index]) => index >= 0);
  const bringBack = () => {
    was.forEach(([each, at]) => each.insert(picture, at));
    redraw();
  };
  const redraw = () => {
    filters.forget();
    grid.changed();
    describe();
  };
  const deleted = call(`/${picture.id}`, {method: 'DELETE', keepalive: true});
  const index = feed.indexOf(picture.id);
  was.forEach(([each]) => each.remove(picture.id));
  redraw();
  const next = feed.pictures[Math.min(index, pictures() - 1)];
  if (index >= 0 && next) go({open: address.nameOf(next.id)}, true);
  else viewer.close();
  const end = notice(text.deleted, {action: text.undo, onaction: async () => {
    try {
      await deleted;
      await call(`/${picture.id}/restore`, {method: 'POST'});
    } catch (error) {
      notice(error.message, {isError: true});
      return;
    }
    bringBack();
    notice(text.restored, {millis: 3000});
  }});
  deleted.catch(error => {
    if (error.status === 404) return; // somebody else was faster
    end();
    bringBack();
    notice(error.message, {isError: true});
  });
}

// ---- pictures that come in by hand

for (const [button, input] of [['add', 'files'], ['add-folder', 'folder']]) {
  $(button).addEventListener('click', () => $(input).click());
  $(input).addEventListener('change', event => {
    const files = [...event.target.files].map(file => ({file, name: file.webkitRelativePath || file.name}))
      .filter(({name}) => input === 'files' || !name.split('/').some(part => part.startsWith('.')));
    event.target.value = '';
    tray.add(files, input === 'folder');
  });
}

let dragged = 0;
const carriesFiles = event => [...event.dataTransfer?.types ?? []].includes('Files');
const drag = by => {
  dragged = Math.max(0, dragged + by);
  $('dropping').hidden = dragged === 0;
  document.body.classList.toggle('dragged', dragged > 0);
};
addEventListener('dragenter', event => { if (carriesFiles(event)) drag(1); });
addEventListener('dragleave', event => { if (carriesFiles(event)) drag(-1); });
addEventListener('dragover', event => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  $('search').classList.toggle('over', Boolean(event.target.closest?.('#search')));
});
addEventListener('drop', event => {
  drag(-dragged);
  $('search').classList.remove('over');
  if (!event.dataTransfer || event.dataTransfer.files.length === 0) return;
  event.preventDefault();
  if (event.target.closest?.('#search') && event.dataTransfer.files.length === 1) box.searchWith(event.dataTransfer.files[0]);
  else tray.drop(event.dataTransfer);
});
addEventListener('paste', event => {
  if (event.target.closest?.('#text')) return;
  const files = [...event.clipboardData?.files ?? []];
  if (files.length === 0) return;
  event.preventDefault();
  tray.add(files.map(file => ({file, name: file.name})));
});

// ---- what the server is

// For a page that takes no HEIC, a phone makes a JPEG of it. So the page names what this server decodes, and no more.
const RAW = ['.dng', '.nef', '.cr2', '.arw', '.pef', '.orf', '.rw2', '.srw', '.3fr'];
$('files').accept = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/bmp', 'image/tiff', ...RAW].join();

async function meet() {
  let server;
  try {
    server = await stats();
  } catch {
    setTimeout(meet, 10_000);
    return;
  }
  $('files').accept = [...server.formats, ...RAW].join();
  for (const each of ['add', 'add-folder']) {
    $(each).disabled = !server.scopes.includes('upload');
    if ($(each).disabled) $(each).title = text.mayNot.upload;
  }
  const demonstration = server.model.demonstration;
  $('model').hidden = !demonstration;
  document.body.classList.toggle('has-model', Boolean(demonstration));
  if (demonstration) {
    $('model').replaceChildren(element('span', {}, text.demonstration), ' ', element('span', {}, text.change), ' ',
      element('code', {tabIndex: 0}, demonstration.command));
  }
}

$('home').addEventListener('click', event => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  feeds.delete(address.question(address.nothingAsked()));
  feed = null;
  go(address.nothingAsked());
  $('text').focus();
});
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  if (grid.shown > 0) grid.focus(state.at);
  else $('results').focus();
});
history.scrollRestoration = 'manual';
addEventListener('popstate', () => {
  state = address.read();
  show();
});
meet();
show();
