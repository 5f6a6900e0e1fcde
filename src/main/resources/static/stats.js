const REFRESH_MILLIS = 5000;

const $ = id => document.getElementById(id);

function element(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function bytes(n) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${unit === 0 ? n : n.toFixed(n < 10 ? 1 : 0)} ${units[unit]}`;
}

function pairs(list, entries) {
  list.replaceChildren(...entries.map(([name, value]) => {
    const pair = document.createElement('div');
    pair.append(element('dt', name), element('dd', value));
    return pair;
  }));
}

function rows(table, entries) {
  table.tBodies[0].replaceChildren(...entries.map(cells => {
    const row = document.createElement('tr');
    row.append(...cells.map(cell => element('td', cell)));
    return row;
  }));
}

function show(stats) {
  const number = n => n.toLocaleString();
  const wrong = stats.problem ?? stats.warning;
  $('problem').hidden = !wrong;
  $('problem').textContent = wrong ?? '';
  pairs($('tiles'), [
    ['pictures', number(stats.rowCount)],
    ['pending', number(stats.pendingRows)],
    ['table version', number(stats.version)],
    ['fragments', number(stats.fragments)],
    ['table data', bytes(stats.bytes)],
    ['store', stats.store === 's3' ? 'bucket' : 'folder']]);
  const found = recall => recall == null ? 'recall@10 not measured yet' : `recall@10 ${recall.toFixed(3)}`;
  const how = {
    exact: 'exact: every picture is compared',
    codes: `codes in memory, ${number(stats.search.candidates)} candidates read again, ${found(stats.search.recall)}`,
    index: `Lance's index, ${number(stats.search.nprobes)} probes, ${found(stats.search.indexRecall)}`,
  }[stats.search.mode];
  const upkeep = stats.maintenance;
  pairs($('upkeep'), [
    ['searches', how],
    ['read from', stats.reading === 'local' ? 'this machine' : 'the bucket'],
    ['bucket', stats.store !== 's3' ? 'none' : stats.stale
      ? `does not answer since ${new Date(stats.asOf).toLocaleString()}: others' changes are not known`
      : 'answers'],
    ['debt', `${number(upkeep.smallFragments)} small fragments, ${number(upkeep.unindexedRows)} rows not in the index, ${number(upkeep.deletedRows)} deleted rows in files`],
    ['pictures taken', stats.formats.map(type => type.replace('image/x-dcraw', 'camera raw').replace('image/', '')).join(', ')],
    ['at work', upkeep.working ?? upkeep.failure ?? 'nothing to be done']]);
  const demonstration = stats.model.demonstration;
  $('model').hidden = !demonstration;
  if (demonstration) $('model').replaceChildren(`${demonstration.note}; to change it: `, element('code', demonstration.command));
  pairs($('model-facts'), [
    ['name', stats.model.name],
    ['dimension', number(stats.model.dimension)],
    ['about', stats.model.description],
    ['fingerprint', stats.model.fingerprint],
    ['table', stats.tablePath]]);
  rows($('columns'), Object.entries(stats.columns));
  rows($('indices'), stats.indices.map(index => [
    index.name, index.type, index.metric, number(index.partitions), number(index.indexedRows), number(index.unindexedRows)]));
  $('indices').hidden = stats.indices.length === 0;
  $('no-index').hidden = stats.indices.length > 0;
  const job = stats.indexJob;
  $('build').disabled = job.state === 'running' || stats.rowCount === 0 || !stats.writable;
  $('job').textContent = {
    none: '',
    running: 'being built…',
    done: `built ${new Date(job.finishedAt).toLocaleString()}`,
    failed: `failed: ${job.message}`,
  }[job.state];
}

async function refresh() {
  try {
    const response = await fetch('/stats', {headers: {Accept: 'application/json'}});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    show(await response.json());
    $('status').textContent = `As of ${new Date().toLocaleTimeString()}`;
    $('status').classList.remove('error');
  } catch (error) {
    $('status').textContent = error instanceof TypeError ? 'The server cannot be reached.' : error.message;
    $('status').classList.add('error');
  }
}

$('build').addEventListener('click', async () => {
  $('build').disabled = true;
  const response = await fetch('/admin/index', {method: 'POST'});
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    $('job').textContent = problem?.detail ?? `the server answered ${response.status}`;
    return;
  }
  await refresh();
});
$('self').textContent = `${location.origin}/stats`;

setInterval(() => {
  if (!document.hidden) refresh();
}, REFRESH_MILLIS);
refresh();
