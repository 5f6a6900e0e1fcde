// The dashboard: asks the server every ten seconds while somebody looks, and shows what it says.

import {call, waitSeconds} from './page/api.js';
import {$} from './page/dom.js';
import {Charts} from './dashboard/charts.js';
import {showAsking, showCondition, showGone} from './dashboard/condition.js';
import {History} from './dashboard/history.js';
import {showModels} from './dashboard/models.js';
import {
  showCosts, showFigures, showMemory, showModel, showProblems, showQueues, showServers, showSteps, showTable,
} from './dashboard/panels.js';
import {text} from './dashboard/texts.js';

const POLL_SECONDS = 10;

const hour = new History('hour', 3600);
const day = new History('day', 86_400);
let charts = null;
let shown = hour;
let last = null;
let lastAt = null;
let startedAt = null;
let tries = 0;
let timer = 0;
let asking = false;
let remedies = new Map();

function showCharts() {
  charts.show(shown, last.store === 's3');
}

function show(stats) {
  last = stats;
  lastAt = Date.now();
  showCondition(stats, hour);
  showFigures(stats, hour, day);
  showCharts();
  showProblems(stats, remedies);
  showSteps(stats.activity);
  showMemory(stats);
  showCosts(stats);
  showQueues(stats);
  showTable(stats);
  showServers(stats);
  showModel(stats);
  $('as-of').textContent = text.asOf(lastAt);
}

// What the server tells of each type of problem does not change while it runs.
async function askRemedies() {
  if (remedies.size) return;
  const {problems} = await call('/problems');
  remedies = new Map(problems.map(problem => [problem.type, problem.whatToDo.replaceAll('`', '')]));
}

async function ask() {
  const stats = await call('/stats');
  if (startedAt !== stats.startedAt) {
    startedAt = stats.startedAt;
    hour.forget();
    day.forget();
  }
  await Promise.all([hour.update(), day.update(), showModels(stats), stats.recentProblems.length ? askRemedies() : null]);
  show(stats);
}

async function refresh() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  let next = POLL_SECONDS;
  try {
    await ask();
    tries = 0;
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    next = waitSeconds(tries++, problem.retryAfter);
    showGone(problem, Math.round(next), lastAt);
  } finally {
    asking = false;
    timer = setTimeout(refresh, next * 1000);
  }
}

function choose(history) {
  shown = history;
  $('hour').setAttribute('aria-pressed', history === hour);
  $('day').setAttribute('aria-pressed', history === day);
  if (last) showCharts();
}

async function build() {
  $('build').disabled = true;
  try {
    await call('/admin/index', {method: 'POST'});
    await refresh();
  } catch (problem) {
    $('job').textContent = problem.message;
  }
}

for (const each of document.querySelectorAll('[data-text]')) each.textContent = text[each.dataset.text];
for (const each of document.querySelectorAll('[data-label]')) each.setAttribute('aria-label', text[each.dataset.label]);
charts = new Charts($('charts'));
$('hour').addEventListener('click', () => choose(hour));
$('day').addEventListener('click', () => choose(day));
$('build').addEventListener('click', build);
$('self').textContent = `${location.origin}/stats`;
document.addEventListener('visibilitychange', refresh);
addEventListener('online', refresh);
showAsking();
refresh();
