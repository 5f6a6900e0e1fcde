// What the dashboard shows of an answer of /stats, besides the charts.

import {$, element} from '../page/dom.js';
import {ago, dollars, lasting, number, rate, size, text, time} from './texts.js';

function facts(list, entries) {
  list.replaceChildren(...entries.filter(([, value]) => value !== null)
    .map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

function rows(body, entries, numbersFrom) {
  body.replaceChildren(...entries.map(cells => element('tr', {},
    ...cells.map((cell, i) => element('td', {className: i >= numbersFrom ? 'number' : ''}, cell)))));
}

// Bars of parts of one, each with its words beside it.
function bars(list, entries) {
  list.replaceChildren(...entries.map(({name, said, part, isFull = false}) => {
    const bar = element('span', {className: isFull ? 'fill full' : 'fill'});
    bar.style.inlineSize = `${Math.min(100, part * 100)}%`;
    return element('li', {}, element('span', {className: 'name'}, name), element('span', {className: 'said'}, said),
      element('span', {className: 'track', aria: {hidden: 'true'}}, bar));
  }));
}

const recallOf = search => search.mode === 'exact' ? 1 : search.mode === 'index' ? search.indexRecall : search.recall;

const how = search => ({exact: () => text.exact, codes: () => text.byCodes(search.share, search.candidates), index: () => text.byIndex(search.nprobes)})[search.mode]();

export function showFigures(stats, hour, day) {
  const {uploads, searches} = stats.activity;
  const growth = day.growth('pictures', stats.rowCount);
  const recall = recallOf(stats.search);
  const perMonth = stats.costs.requestsPerMonth === null ? null : stats.costs.requestsPerMonth + (stats.costs.storagePerMonth ?? 0);
  const figures = [
    ['pictures', number(stats.rowCount), growth && text.grown(growth.by, growth.seconds)],
    ['stored', size((stats.pictureBytes ?? 0) + stats.bytes), text.storedParts(stats.pictureBytes, stats.bytes)],
    ['waiting', number(stats.pendingRows), text.version(stats.version, stats.fragments)],
    ['searches', rate(hour.mean('searches', 6)), text.quantiles(searches.latency)],
    ['uploads', rate(hour.mean('uploads', 6)), text.quantiles(uploads.latency)],
    ['spent', dollars(stats.costs.today), stats.store === 's3' ? text.month(perMonth) : text.noBucket],
    ['recall', recall === null ? '–' : Number(recall.toFixed(3)), recall === null ? text.recallUnknown : how(stats.search)],
  ];
  $('figures').replaceChildren(...figures.map(([name, value, more]) => element('div', {data: {figure: name}},
    element('dt', {}, text.figure[name]), element('dd', {className: 'value'}, value), element('dd', {className: 'more'}, more || ''))));
}

function steps(list, all, names) {
  const means = all.map(step => step.count ? step.seconds / step.count : 0);
  const most = Math.max(...means) || 1;
  bars(list, all.map((step, i) => ({
    name: names[step.step], said: step.count ? text.mean(means[i], step.count) : text.never, part: means[i] / most,
  })));
}

export function showSteps(activity) {
  steps($('search-steps'), activity.searches.steps, text.step.search);
  steps($('upload-steps'), activity.uploads.steps, text.step.upload);
}

export function showMemory(stats) {
  bars($('budgets'), stats.budgets.map(({area, used, limit}) => ({
    name: text.area[area], said: text.of(used, limit), part: limit ? used / limit : 0, isFull: area !== 'heap' && limit > 0 && used / limit > 0.9,
  })));
  $('in-memory').textContent = text.inMemory(stats.memory);
}

export function showCosts(stats) {
  const isBucket = stats.store === 's3';
  $('no-costs').hidden = isBucket;
  $('spent').hidden = !isBucket;
  $('storage').hidden = !isBucket;
  $('storage').textContent = text.storage(stats.costs.storagePerMonth);
  const line = (name, spent) => [name, number(spent.classA), number(spent.classB), number(spent.free), dollars(spent.dollars)];
  const table = $('spent').querySelector('table');
  rows(table.tBodies[0], stats.costs.uses.filter(use => use.classA + use.classB + use.free)
    .sort((one, other) => other.dollars - one.dollars).map(use => line(text.purposes[use.use] ?? use.use, use)), 1);
  rows(table.tFoot, [line(text.total, stats.requests)], 1);
}

export function showQueues(stats) {
  const {uploads, searches, encoders, decoder, commits, caches, store} = stats.activity;
  facts($('queues'), [
    [text.queue.uploads, text.uploaded(uploads)],
    [text.queue.searches, text.searched(searches)],
    ...encoders.map(encoder => [text.queue[encoder.encoder], text.encoding(encoder)]),
    [text.queue.decoder, text.decoding(decoder)],
    [text.queue.commits, text.committing(commits)],
    ...caches.map(cache => [text.queue[cache.cache], text.cached(cache)]),
    [text.queue.store, stats.store === 's3' ? text.answers(store) : null],
  ]);
}

export function showTable(stats) {
  const upkeep = stats.maintenance;
  facts($('table'), [
    [text.facts.searches, how(stats.search)],
    [text.facts.reading, stats.reading === 'local' ? text.local : text.bucket],
    [text.facts.debt, text.debt(upkeep)],
    [text.facts.work, upkeep.working ?? upkeep.failure ?? text.idle],
    [text.facts.skipped, stats.skippedRows ? text.skippedRows(stats.skippedRows) : null],
    [text.facts.path, stats.tablePath],
    [text.facts.taken, stats.formats.map(type => type.replace('image/x-dcraw', text.cameraRaw).replace('image/', '')).join(', ')],
    [text.facts.index, stats.indices.length ? null : text.noIndex],
  ]);
  $('indices').hidden = stats.indices.length === 0;
  rows($('indices').tBodies[0], stats.indices.map(index => [
    index.name, index.type, index.metric, number(index.partitions), number(index.indexedRows), number(index.unindexedRows)]), 3);
  const job = stats.indexJob;
  const mayBuild = stats.scopes.includes('admin');
  $('build').hidden = !mayBuild;
  $('build').disabled = job.state === 'running' || stats.rowCount === 0 || !stats.writable;
  $('job').textContent = !mayBuild ? text.mayNotBuild
    : {none: '', running: text.job.running, done: text.job.done(job.finishedAt ?? 0), failed: text.job.failed(job.message)}[job.state];
}

export function showServers(stats) {
  const isBucket = stats.store === 's3';
  facts($('servers'), [
    [text.server.this, text.running(stats.serverVersion, lasting((Date.now() - Date.parse(stats.startedAt)) / 1000))],
    [text.server.store, isBucket ? text.bucket : text.folder],
    [text.server.age, !isBucket ? null : stats.stale ? text.stale(stats.asOf) : text.current(stats.asOf)],
    [text.server.others, !isBucket ? text.alone : stats.others.versions ? text.seen(stats.others) : text.noOthers],
    [text.server.scopes, stats.scopes.join(', ')],
  ]);
}

export function showModel(stats) {
  const demonstration = stats.model.demonstration;
  $('model').hidden = !demonstration;
  if (demonstration) $('model').replaceChildren(`${demonstration.note}; ${text.change} `, element('code', {}, demonstration.command));
  facts($('model-facts'), [
    [text.modelFact.name, stats.model.name], [text.modelFact.dimension, number(stats.model.dimension)],
    [text.modelFact.about, stats.model.description], [text.modelFact.fingerprint, stats.model.fingerprint]]);
  rows($('columns').tBodies[0], Object.entries(stats.columns), 2);
}

// `remedies` says by type of problem what to do.
export function showProblems(stats, remedies) {
  $('no-problems').hidden = stats.recentProblems.length > 0;
  $('problems').replaceChildren(...stats.recentProblems.map(problem => {
    const remedy = remedies.get(`/problems/${problem.type}`);
    return element('li', {className: problem.level},
      element('p', {className: 'when'}, element('strong', {}, text.level[problem.level]), ` · ${text.times(problem.count)}`,
        element('time', {dateTime: problem.last, title: time(problem.last)}, ago(problem.last))),
      element('p', {}, problem.message ?? text.hidden),
      remedy ? element('p', {className: 'soft'}, `${text.whatToDo} ${remedy}`) : null);
  }));
}
