// How the server is, in one word with its colour and its reasons.

import {$, element} from '../page/dom.js';
import {text} from './texts.js';

// Of a limit; the heap is left out, since Java fills it before it looks for garbage.
const NEARLY_FULL = 0.9;

// What a person should look at although the server works.
function concerns(stats, hour) {
  const failed = Math.round(hour.sum('failures'));
  return [
    ...failed ? [text.failing(failed)] : [],
    ...stats.budgets.filter(budget => budget.area !== 'heap' && budget.limit && budget.used / budget.limit > NEARLY_FULL)
      .map(budget => text.full(text.area[budget.area], budget.used / budget.limit)),
    ...stats.maintenance.failure ? [text.upkeepFailed(stats.maintenance.failure)] : [],
  ];
}

function show(state, reasons) {
  $('condition').dataset.state = state;
  // Said to those who listen when it changes, and not every ten seconds.
  if ($('word').textContent !== text.word[state]) $('word').textContent = text.word[state];
  $('reasons').replaceChildren(...reasons.map(reason => element('li', {}, reason)));
}

export function showCondition(stats, hour) {
  const found = concerns(stats, hour);
  const state = stats.health.status === 'ok' && found.length ? 'attention' : stats.health.status;
  show(state, state === 'ok' ? [text.well] : [...stats.health.reasons, ...found]);
}

export const showAsking = () => show('asking', []);

export function showGone(problem, seconds, asOf) {
  const locked = problem.status === 401 || problem.status === 403;
  show(locked ? 'locked' : 'gone', [problem.message, locked ? text.needsRead : text.again(seconds), ...asOf ? [text.earlier(asOf)] : []]);
}
