// Every word that the dashboard says. A translation is another object of this shape.

import {number, size, time} from '../page/texts.js';

export {number, size, time};

const clock = new Intl.DateTimeFormat('en', {timeStyle: 'medium', hourCycle: 'h23'});
const minutes = new Intl.DateTimeFormat('en', {timeStyle: 'short', hourCycle: 'h23'});
export const timeOfDay = instant => clock.format(new Date(instant));
export const timeOfAxis = seconds => minutes.format(new Date(seconds * 1000));
export const shortSize = bytes => size(bytes).replace('.0 ', ' ');

const short = new Intl.NumberFormat('en', {notation: 'compact', maximumFractionDigits: 1});
export const compact = n => short.format(n);

// Two digits that say something, however small.
export function rate(n) {
  if (n === null || n === undefined) return '–';
  if (n === 0) return '0';
  return n >= 100 ? number(Math.round(n)) : String(Number(n.toPrecision(2)));
}

export function seconds(s) {
  if (s === null || s === undefined) return '–';
  if (s === 0) return '0';
  if (s >= 100) return `${Math.round(s)} s`;
  if (s >= 1) return `${Number(s.toPrecision(3))} s`;
  const millis = s * 1000;
  return `${millis >= 10 ? Math.round(millis) : Number(millis.toPrecision(2))} ms`;
}

export function dollars(d) {
  if (d === null || d === undefined) return '–';
  if (d === 0) return '$0';
  if (d < 0.01) return `$${Number(d.toPrecision(2)).toFixed(Math.min(10, 1 - Math.floor(Math.log10(d))))}`;
  return `$${d.toLocaleString('en', {minimumFractionDigits: 2, maximumFractionDigits: 2})}`;
}

export const percent = part => `${Number((part * 100).toPrecision(2))} %`;

export function ago(instant) {
  const s = Math.max(0, (Date.now() - Date.parse(instant)) / 1000);
  if (s < 5) return 'just now';
  return `${lasting(s)} ago`;
}

export function lasting(s) {
  const units = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']];
  const [length, unit] = units.find(([each]) => s >= each) ?? units[3];
  const n = Math.round(s / length);
  return `${number(n)} ${unit}${n === 1 ? '' : 's'}`;
}

export const text = {
  // The frame
  heading: 'How the server is',
  search: 'Search',
  api: 'API',
  asJson: 'The same as JSON and for Prometheus:',
  asOf: instant => `As of ${timeOfDay(instant)}`,
  running: (version, since) => `Glimpse ${version}, up for ${since}`,

  // Health
  word: {
    asking: 'Asking the server…',
    ok: 'All is well',
    attention: 'Look here',
    degraded: 'Degraded',
    refusing: 'No uploads',
    gone: 'No answer',
    locked: 'A key is needed',
  },
  well: 'Searches and uploads work, and nothing failed in the last hour.',
  failing: n => `About ${number(n)} ${n === 1 ? 'upload or search' : 'uploads and searches'} failed in the last hour: see the problems below.`,
  full: (area, part) => `${area}: ${percent(part)} of its limit is in use.`,
  upkeepFailed: why => `Upkeep of the table: ${why}`,
  again: s => `Trying again in ${lasting(Math.max(1, s))}.`,
  earlier: instant => `What is below is as of ${timeOfDay(instant)}.`,
  needsRead: 'This page needs a key with the scope read.',

  // Figures
  figure: {
    pictures: 'pictures', stored: 'stored', waiting: 'rows waiting', searches: 'searches a second', uploads: 'uploads a second',
    spent: 'spent today', recall: 'recall@10',
  },
  grown: (n, s) => `${n >= 0 ? '+' : '−'}${number(Math.abs(n))} in ${lasting(s)}`,
  storedParts: (pictures, table) => `${pictures === null ? '' : `pictures ${size(pictures)}, `}table ${size(table)}`,
  version: (version, fragments) => `version ${number(version)}, ${number(fragments)} ${fragments === 1 ? 'fragment' : 'fragments'}`,
  quantiles: latency => latency.p50 === null ? 'none in five minutes'
    : `p50 ${seconds(latency.p50)} · p95 ${seconds(latency.p95)} · p99 ${seconds(latency.p99)}`,
  month: d => d === null ? 'a month: known in a few minutes' : `${dollars(d)} a month at this rate`,
  noBucket: 'a folder costs nothing',
  recallUnknown: 'not measured yet',
  exact: 'every picture is compared',
  byCodes: (share, candidates) => `codes in memory${share < 1 ? `, ${percent(share)} of them compared` : ''}, ${number(candidates)} by finer codes`,
  byIndex: probes => `Lance’s index, ${number(probes)} probes`,

  // Models
  models: 'Models',
  noModels: 'To move to another model, fetch it with scripts/get-model; then it is offered here.',
  modelInTable: model => `${model.name}, ${number(model.dimension)} numbers: ${model.active ? 'searches use it'
    : model.rowsLeft === null ? 'rows without a vector are being counted' : model.rowsLeft ? `${number(model.rowsLeft)} rows without a vector` : 'every row has a vector'}${model.here ? '' : '; this server does not have it'}`,
  modelOnDisk: model => `${model.name}, ${number(model.dimension)} numbers: on this server, in ${model.folder}`,
  price: 'What does it take?',
  quote: quote => `${number(quote.rows)} pictures, ${number(quote.classA)} class A and ${number(quote.classB)} class B requests, ${dollars(quote.dollars)}; ${size(quote.bytesStored)} of vectors in addition, ${dollars(quote.dollarsPerMonth)} a month`,
  fill: 'Fill it',
  activate: 'Search with it',
  sureToActivate: rows => `${number(rows)} pictures have no vector of this model and will not be found. Search with it all the same?`,
  drop: 'Drop its vectors',
  sureToDrop: name => `Drop all vectors of ${name}? They would have to be made again from the pictures.`,
  filling: filling => ({
    none: '',
    here: `${number(filling.rowsFilled)} rows filled, ${number(filling.rowsLeft)} left${filling.secondsLeft === null ? '' : `, about ${lasting(filling.secondsLeft)}`}.`,
    elsewhere: `Another server fills; ${number(filling.rowsLeft)} rows are left.`,
    failed: `Filling failed and is tried again: ${filling.failure}`,
  })[filling.state] + (filling.skippedRows ? ` ${number(filling.skippedRows)} pictures cannot be read any more.` : ''),

  // Charts
  charts: 'Lately',
  span: 'Time shown',
  hour: 'Hour',
  day: 'Day',
  lost: 'The server keeps these samples in memory: ten seconds apart for an hour, five minutes apart for a day. A restart begins anew.',
  chart: {
    rates: 'Searches and uploads/s', search: 'Time of a search', upload: 'Time of an upload', pictures: 'Pictures',
    encoder: 'Encoder', bucket: 'Bucket requests/s', memory: 'Java heap', failures: 'Failures/s',
  },
  series: {
    searches: 'searches', uploads: 'uploads', searchP50: 'p50', searchP95: 'p95', searchP99: 'p99', uploadP50: 'p50', uploadP95: 'p95',
    uploadP99: 'p99', pictures: 'pictures', encoded: 'encoded/s', encoderQueue: 'waiting', classA: 'class A', classB: 'class B',
    free: 'free', heap: 'in use', failures: 'failures',
  },
  now: parts => parts.length ? `Now: ${parts.join(', ')}.` : 'Nothing yet.',
  at: 'Time',

  // Panels
  problems: 'Recent problems',
  noProblems: 'None since the start.',
  level: {warning: 'Warning', error: 'Error'},
  times: n => n === 1 ? '' : `${number(n)} times, last `,
  hidden: 'The message is for administrators: a key with the scope admin shows it.',
  whatToDo: 'What to do:',
  searchSteps: 'Time of a search by step',
  uploadSteps: 'Time of an upload by step',
  step: {
    search: {encode: 'encode the query', wait: 'wait for a thread', scan: 'scan', rows: 'read rows', words: 'find words'},
    upload: {wait: 'wait for memory', decode: 'decode', store: 'store', encode: 'wait for the embedding'},
  },
  mean: (s, n) => `${seconds(s)} on average, ${number(n)} ×`,
  never: 'not yet',
  memory: 'Memory and its limits',
  area: {heap: 'Java heap', uploads: 'pictures coming in', decoder: 'pictures being decoded', arrow: 'Arrow', 'lance-caches': 'Lance’s caches'},
  of: (used, limit) => `${size(used)} of ${size(limit)}`,
  inMemory: memory => `For searches, in files that are mapped into memory: codes and ids ${size(memory.codes)}, columns ${size(memory.columns)}, `
    + `words ${size(memory.wordFiles)}. On the heap: words ${size(memory.words)}, duplicates ${size(memory.duplicates)}.`,
  costs: 'What the bucket was asked for',
  noCosts: 'Pictures and table are in a folder, which costs nothing.',
  purpose: 'For',
  purposes: {
    uploads: 'uploads', commits: 'commits', upkeep: 'upkeep', polls: 'polls of others', searches: 'searches', views: 'pictures shown',
    changes: 'deletes and edits', other: 'start and checks',
  },
  classA: 'Class A',
  classB: 'Class B',
  free: 'Free',
  dollars: 'Dollars',
  total: 'Since the start',
  storage: d => d === null ? 'What storage costs is known when the table is in memory.' : `Storage of pictures and table: ${dollars(d)} a month.`,
  queues: 'Work done since the start',
  queue: {
    uploads: 'uploads', searches: 'searches', image: 'image encoder', text: 'text encoder', decoder: 'decoder', commits: 'commits', thumbnails: 'thumbnails kept', originals: 'originals kept',
    texts: 'query texts kept', store: 'bucket answers',
  },
  uploaded: uploads => `${number(uploads.stored)} stored, ${number(uploads.known)} here already, ${number(uploads.refused)} refused, ${number(uploads.failed)} failed`,
  searched: searches => `${number(searches.answered)} answered, ${number(searches.refused)} refused, ${number(searches.failed)} failed`,
  encoding: encoder => `${number(encoder.queue)} waiting; ${number(encoder.inputs)} encoded`
    + (encoder.inputs ? `, ${seconds(encoder.waitSeconds / encoder.inputs)} waited and ${seconds(encoder.runSeconds / encoder.inputs)} encoded each` : ''),
  decoding: decoder => `${number(decoder.queue)} waiting; ${number(decoder.pictures)} decoded`
    + (decoder.pictures ? `, ${seconds(decoder.waitSeconds / decoder.pictures)} waited and ${seconds(decoder.runSeconds / decoder.pictures)} decoded each` : ''),
  committing: commits => `${number(commits.commits)} with ${number(commits.rows)} rows`
    + (commits.commits ? `, ${seconds(commits.seconds / commits.commits)} each` : '') + (commits.failures ? `; ${number(commits.failures)} failed and came again` : ''),
  cached: cache => cache.hits + cache.misses ? `${percent(cache.hits / (cache.hits + cache.misses))} of ${number(cache.hits + cache.misses)} found` : 'not asked yet',
  answers: store => store.filter(each => each.count).map(each => `class ${each.class === 'free' ? 'free' : each.class.toUpperCase()} in ${seconds(each.seconds / each.count)}`).join(', ') || 'not asked yet',
  table: 'Table',
  facts: {
    searches: 'searches', reading: 'read from', debt: 'debt', work: 'at work', index: 'Lance’s index', path: 'table', taken: 'pictures taken',
    skipped: 'never found',
  },
  local: 'this machine',
  bucket: 'the bucket',
  debt: upkeep => `${number(upkeep.smallFragments)} small fragments, ${number(upkeep.unindexedRows)} rows not in the index, ${number(upkeep.deletedRows)} deleted rows in files`,
  idle: 'nothing to be done',
  noIndex: 'none yet. It builds itself when the table has grown, for servers without a copy of the table and for other Lance clients',
  indices: 'Indices',
  name: 'Name',
  type: 'Type',
  metric: 'Metric',
  partitions: 'Partitions',
  indexed: 'Indexed rows',
  newer: 'Newer rows',
  build: 'Build IVF_FLAT now',
  mayNotBuild: 'Building an index needs a key with the scope admin.',
  job: {running: 'being built…', done: instant => `built ${time(instant)}`, failed: why => `failed: ${why}`},
  skippedRows: n => `${number(n)} rows of other software, which have no vector`,
  servers: 'This server and others',
  server: {this: 'this server', store: 'store', age: 'what is known is', others: 'others', scopes: 'you may'},
  folder: 'a folder',
  current: instant => `as of ${ago(instant)}`,
  stale: instant => `as of ${time(instant)}: the bucket does not answer, others’ changes are not known`,
  alone: 'this folder has one server',
  noOthers: 'none has committed since the start',
  seen: others => `${number(others.versions)} ${others.versions === 1 ? 'version' : 'versions'} by others, the last ${ago(others.lastAt)}`,
  model: 'Model',
  modelFact: {name: 'name', dimension: 'dimension', about: 'about', fingerprint: 'fingerprint'},
  change: 'to change it:',
  columns: 'Columns',
  cameraRaw: 'camera raw',
};
