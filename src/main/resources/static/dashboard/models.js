// The models of the table, for who administers it: what another one takes, its filling, the switch, and the way back.

import {call} from '../page/api.js';
import {$, element} from '../page/dom.js';
import {text} from './texts.js';

let quote = null;
let drawn = '';

export async function showModels(stats) {
  const isAdmin = stats.scopes.includes('admin');
  $('models-panel').hidden = !isAdmin;
  if (!isAdmin) return;
  try {
    draw(await call('/admin/models'));
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    drawn = '';
    $('filling').textContent = problem.message;
  }
}

// One step of a change; what the server answers is the new state, or says why not.
async function step(method, path, model) {
  for (const button of $('models').querySelectorAll('button')) button.disabled = true;
  drawn = '';
  try {
    const answer = await call(`${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams({model})}`, {method});
    if (answer.models) {
      quote = null;
      draw(answer);
    } else {
      quote = {folder: model, ...answer};
      draw(await call('/admin/models'));
    }
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    for (const button of $('models').querySelectorAll('button')) button.disabled = false;
    $('filling').textContent = problem.message;
  }
}

function button(name, onclick, disabled = false) {
  return element('button', {type: 'button', className: 'quiet', disabled, data: {step: name}, onclick}, name);
}

// Drawn only when something has changed, so that the keyboard keeps its place.
function draw(state) {
  const next = JSON.stringify([state, quote]);
  if (next === drawn) return;
  drawn = next;
  const focused = document.activeElement?.dataset.step;
  const others = state.models.length > 1 ? [] : state.here.filter(each => !state.models.some(model => model.fingerprint === each.fingerprint));
  $('models').replaceChildren(...state.models.map(model => inTable(model, state.filling.skippedRows)), ...others.map(onDisk));
  $('filling').textContent = [text.filling(state.filling), state.note].filter(Boolean).join(' ');
  $('no-models').hidden = state.models.length + others.length > 1;
  if (focused) [...$('models').querySelectorAll('button')].find(each => each.dataset.step === focused)?.focus();
}

// Rows whose pictures cannot be read any more do not hold up the switch, but they are not found after it.
function inTable(model, skipped) {
  const said = element('span', {}, text.modelInTable(model));
  if (model.active) return element('li', {}, said);
  return element('li', {}, said,
    button(text.activate, () => {
      if (model.rowsLeft === 0) step('PUT', '/admin/models/active', model.fingerprint);
      else if (confirm(text.sureToActivate(model.rowsLeft))) step('PUT', '/admin/models/active?incomplete=true', model.fingerprint);
    }, !model.here || model.rowsLeft === null || model.rowsLeft > skipped),
    button(text.drop, () => { if (confirm(text.sureToDrop(model.name))) step('DELETE', '/admin/models', model.fingerprint); }));
}

function onDisk(model) {
  const isQuoted = quote?.folder === model.folder;
  return element('li', {}, element('span', {}, text.modelOnDisk(model)),
    isQuoted ? element('span', {}, text.quote(quote)) : null,
    isQuoted ? button(text.fill, () => step('POST', '/admin/models', model.folder))
      : button(text.price, () => step('POST', '/admin/models?dryRun=true', model.folder)));
}
