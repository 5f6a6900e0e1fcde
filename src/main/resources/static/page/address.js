// What the page shows, as its address. Back, forward, reload and a link bring it again.

const LISTS = ['unlike', 'type', 'orientation', 'tag'];
const ONES = ['q', 'like', 'crop', 'picture', 'month', 'open'];

// The state of an address: lists are never absent; `at` is the number of the first picture on the screen.
export function read(search = location.search) {
  const given = new URLSearchParams(search);
  const state = {at: Math.max(0, Math.min(9999, Number.parseInt(given.get('at') ?? '0', 10) || 0)), all: given.get('all') === '1'};
  for (const name of LISTS) state[name] = given.getAll(name);
  for (const name of ONES) state[name] = given.get(name) ?? '';
  return state;
}

export function write(state) {
  const query = new URLSearchParams();
  for (const name of ONES) if (state[name] && name !== 'open') query.set(name, state[name]);
  for (const name of LISTS) for (const value of state[name]) query.append(name, value);
  if (state.all) query.set('all', '1');
  if (state.at > 0) query.set('at', state.at);
  if (state.open) query.set('open', state.open);
  return query.size > 0 ? `/?${query}` : '/';
}

// The same for all states that show the same pictures, wherever they are scrolled to and whichever is open.
export const question = state => write({...state, at: 0, open: ''});

export const nothingAsked = () => read('');

// Whether it is a search, rather than the list of the newest.
export const isSearch = state => Boolean(state.q || state.like || state.picture);

export const isFiltered = state => Boolean(state.month || state.type.length || state.orientation.length || state.tag.length);

export const filtersCleared = state => ({...state, month: '', type: [], orientation: [], tag: [], at: 0});

// Ids are `images/{name}`; addresses have the name alone.
export const nameOf = id => id.replace('images/', '');
export const idOf = name => `images/${name}`;
