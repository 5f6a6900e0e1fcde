// Everything that people or servers say goes through textContent: nothing is ever read as HTML.

const PAGE = 24;
const MOST = 1000;
const AT_ONCE = 3;
const RELEVANT = 0.25;
const RAW = 'image/x-dcraw';

const $ = id => document.getElementById(id);
let limit = PAGE;
let latest = 0;
let everything = false;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// The parsed body, or an error whose message is fit to be shown.
async function answer(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    // Proxies answer in HTML; the status has to do.
  }
  if (!response.ok) throw new Error(body?.detail ?? `the server answered ${response.status}`);
  return body;
}

function say(text, isError = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', isError);
}

function reason(error) {
  return error instanceof TypeError ? 'The server cannot be reached.' : error.message;
}

function count(n, noun) {
  return `${n.toLocaleString()} ${noun}${n === 1 ? '' : 's'}`;
}

async function welcome() {
  try {
    const stats = await answer(await fetch('/stats', {headers: {Accept: 'application/json'}}));
    if (stats.problem) {
      say(stats.problem, true);
    } else if (stats.rowCount === 0) {
      say('Nothing here yet: drop some pictures below.');
    } else {
      say(`${count(stats.rowCount, 'picture')}, seen by ${stats.model.name}.`);
    }
  } catch (error) {
    say(reason(error), true);
  }
}

// For a page that takes no HEIC, a phone makes a JPEG of it. So the page names what this server decodes, and no more.
async function nameFormats() {
  try {
    const {formats} = await answer(await fetch('/stats', {headers: {Accept: 'application/json'}}));
    const names = formats.map(type => type === RAW ? 'camera raw' : type.replace('image/', '').toUpperCase());
    // Browsers know no raw files, so the extensions that the page begins with stay.
    $('files').accept = [...formats, ...$('files').accept.split(',').filter(each => each.startsWith('.'))].join();
    $('formats').textContent = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  } catch {
    // What the page says without it is true of every server.
  }
}

async function search() {
  const text = $('text').value.trim();
  const turn = ++latest;
  if (!text) {
    $('results').replaceChildren();
    $('more').hidden = true;
    $('all').hidden = true;
    await welcome();
    return;
  }
  say('Searching…');
  const start = performance.now();
  try {
    const query = new URLSearchParams({text, limit});
    if (!everything) query.set('minRelevance', RELEVANT);
    const found = await answer(await fetch(`/search?${query}`));
    if (turn !== latest) return; // a later question has been asked meanwhile
    show(found.results);
    const millis = Math.round(performance.now() - start);
    const cut = found.truncated ? ' The end of your text did not fit into the model and was ignored.' : '';
    const stale = found.stale ? ' The bucket does not answer: the newest pictures of other servers may be missing.' : '';
    if (found.results.length > 0) {
      say(`The ${count(found.results.length, found.mode === 'vector' ? 'nearest picture' : 'best picture')}, in ${millis} ms.${cut}${stale}`);
    } else {
      const nothing = everything || await isEmpty();
      if (turn !== latest) return;
      say(nothing ? 'Nothing here yet: drop some pictures below.' : `Nothing here matches.${cut}${stale}`);
    }
    $('all').hidden = everything || found.results.length >= limit;
    $('more').hidden = found.results.length < limit || limit >= MOST;
  } catch (error) {
    if (turn !== latest) return;
    $('results').replaceChildren();
    $('more').hidden = true;
    $('all').hidden = true;
    say(reason(error), true);
  }
}

async function isEmpty() {
  return (await answer(await fetch('/stats', {headers: {Accept: 'application/json'}}))).rowCount === 0;
}

function show(hits) {
  $('results').replaceChildren(...hits.map(hit => {
    const item = element('li', 'card');
    const link = element('a');
    link.href = `/${hit.id}`;
    const picture = element('img');
    picture.src = `/${hit.id}/thumbnail`;
    picture.loading = 'lazy';
    picture.alt = hit.caption ?? hit.filename ?? 'picture without a name';
    const label = element('span', 'label');
    label.append(
      element('span', 'name', hit.caption ?? hit.filename ?? hit.id.slice(7, 15)),
      element('span', 'distance', hit._distance?.toFixed(3) ?? ''));
    link.title = `${hit.filename ?? hit.id}\ncosine distance ${hit._distance?.toFixed(4) ?? 'unknown'}\n${hit.relevance === null ? '' : `relevance ${hit.relevance.toFixed(2)}, `}found by ${hit.matched.join(' and ')}`;
    link.append(picture, label);
    item.append(link);
    return item;
  }));
}

function open(text, remember) {
  $('text').value = text;
  limit = PAGE;
  everything = false;
  document.title = text ? `${text} – Glimpse` : 'Glimpse';
  if (remember) history.pushState(null, '', text ? `?q=${encodeURIComponent(text)}` : '/');
  return search();
}

const asked = () => new URLSearchParams(location.search).get('q') ?? '';

// Uploads: one request a file, a few at a time, each with a line of its own.

const waiting = [];
let running = 0;

function add(files) {
  for (const file of files) {
    const row = element('li');
    const progress = element('progress');
    progress.max = 1;
    progress.value = 0;
    const outcome = element('span', 'outcome', 'waiting');
    row.append(element('span', 'name', file.name), progress, outcome);
    $('uploads').prepend(row);
    waiting.push({file, row, progress, outcome});
  }
  pump();
}

function pump() {
  while (running < AT_ONCE && waiting.length > 0) {
    running++;
    send(waiting.shift()).finally(() => {
      running--;
      pump();
      if (running === 0 && waiting.length === 0 && !$('text').value.trim()) welcome();
    });
  }
}

// fetch() cannot tell how much has been sent, XMLHttpRequest can.
function send({file, row, progress, outcome}) {
  return new Promise(resolve => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append('file', file);
    const end = (className, text) => {
      row.classList.add(className);
      progress.remove();
      outcome.textContent = text;
      resolve();
    };
    request.upload.onprogress = event => { progress.value = event.loaded / event.total; };
    request.upload.onload = () => { outcome.textContent = 'looking at it'; };
    request.onerror = () => end('failed', 'the server cannot be reached');
    request.onload = () => {
      let parsed = null;
      try {
        parsed = JSON.parse(request.responseText);
      } catch {
        // said by the status below
      }
      if (request.status === 201) end('done', 'added');
      else if (request.status === 200) end('done', 'was here already');
      else end('failed', parsed?.detail ?? `the server answered ${request.status}`);
    };
    outcome.textContent = 'sending';
    request.open('POST', '/upload');
    request.send(body);
  });
}

$('search').addEventListener('submit', event => {
  event.preventDefault();
  open($('text').value.trim(), true);
});
$('more').addEventListener('click', () => {
  limit = Math.min(MOST, limit * 2);
  search();
});
$('all').addEventListener('click', () => {
  everything = true;
  search();
});
$('files').addEventListener('change', event => {
  add([...event.target.files]);
  event.target.value = '';
});
nameFormats();
addEventListener('popstate', () => open(asked(), false));
addEventListener('dragover', event => {
  event.preventDefault();
  $('drop').classList.add('over');
});
addEventListener('dragleave', event => {
  if (!event.relatedTarget) $('drop').classList.remove('over');
});
addEventListener('drop', event => {
  event.preventDefault();
  $('drop').classList.remove('over');
  add([...event.dataTransfer.files]);
});

open(asked(), false);
