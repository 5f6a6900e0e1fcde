// Every word that the page says. A translation is another object of this shape.

const language = 'en';
const plural = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);
const days = new Intl.DateTimeFormat(language, {dateStyle: 'medium', timeStyle: 'short'});
const months = new Intl.DateTimeFormat(language, {month: 'short', year: 'numeric', timeZone: 'UTC'});

export const number = n => numbers.format(n);
export const time = instant => days.format(new Date(instant));
export const month = value => months.format(new Date(`${value}-01T00:00:00Z`));

export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

function count(n, one, many) {
  return `${number(n)} ${plural.select(n) === 'one' ? one : many}`;
}

const pictures = n => count(n, 'picture', 'pictures');

function duration(seconds) {
  if (seconds < 60) return count(Math.max(1, Math.round(seconds)), 'second', 'seconds');
  if (seconds < 3600) return count(Math.round(seconds / 60), 'minute', 'minutes');
  return count(Math.round(seconds / 3600), 'hour', 'hours');
}

const formats = {
  'image/x-dcraw': 'camera raw', raw: 'Camera raw', jpg: 'JPEG', tiff: 'TIFF', webp: 'WebP', jxl: 'JPEG XL', 'image/webp': 'WebP',
  'image/jxl': 'JPEG XL',
};
export const format = name => formats[name] ?? name.replace('image/', '').toUpperCase();

export const text = {
  // The frame
  describe: 'Describe a picture',
  placeholder: 'Describe a picture, like “a red apple”',
  search: 'Search',
  byPicture: 'Search with a picture',
  add: 'Add pictures',
  addFiles: 'Choose pictures',
  addFolder: 'Choose a folder',
  stats: 'Stats',
  api: 'API',
  close: 'Close',
  skip: 'Skip to the pictures',
  results: 'Pictures',
  needsScript: 'This page needs JavaScript.',
  title: asked => asked ? `${asked} – Glimpse` : 'Glimpse',

  // Above the pictures
  newest: total => `${pictures(total)}, the newest first`,
  searching: 'Searching…',
  loading: 'Loading…',
  best: 'The best match first',
  nearest: 'The most alike first',
  empty: 'Nothing here yet',
  emptyHint: 'Drop pictures or whole folders anywhere on this page, paste one, or choose some.',
  nothing: 'Nothing here matches',
  nothingFiltered: 'Nothing here matches with these filters',
  nothingElse: 'Nothing else looks like it',
  bare: 'Where no word stands, it hardly looks like it.',
  all: 'Show the nearest all the same',
  end: shown => `That is all: ${pictures(shown)}`,
  most: shown => `${pictures(shown)}. A search goes no further: describe it more closely`,
  shortened: 'The end of your text did not fit into the model and was ignored.',
  stale: 'The bucket does not answer: the newest pictures of other servers may be missing.',
  fresh: n => `Show ${count(n, 'new picture', 'new pictures')}`,

  // Demonstration model
  demonstration: 'Demonstration model: drawn things only.',
  change: 'For photographs:',

  // What is looked for
  like: 'Like this picture',
  part: 'Like a part of this picture',
  unlike: 'Not like this one',
  yours: 'Like your picture',
  yoursIsGone: 'The picture that this search began with is only in the tab where it was chosen. Choose it again.',
  remove: what => `Remove: ${what}`,

  // Filters
  filters: 'Filters',
  clear: 'Clear filters',
  orientation: {landscape: 'Landscape', portrait: 'Portrait', square: 'Square'},
  chip: (name, rows) => `${name}, ${pictures(rows)}`,

  // Hits
  relevance: {clear: 'Clear match', likely: 'Likely', perhaps: 'Perhaps', hardly: 'Hardly'},
  looks: 'Looks like it',
  words: {caption: 'in its caption', tags: 'in its tags', filename: 'in its file name', some: 'in its words'},
  why: (looks, place) => place ? `Your words are ${place}${looks ? ', and it looks like it' : ''}` : 'It looks like it',
  unnamed: 'Picture without a name',
  broken: 'Cannot be shown now',

  // The viewer
  viewer: 'Picture',
  previous: 'Previous picture',
  next: 'Next picture',
  position: (at, total, more) => `${number(at)} of ${number(total)}${more ? '+' : ''}`,
  more: 'More like this',
  less: 'Not like this',
  region: 'Search a part',
  regionHint: 'Draw around what you look for. With keys: arrows move, Shift and arrows resize, Enter searches, Escape ends.',
  regionSearch: 'Search this part',
  download: 'Download',
  copy: 'Copy link',
  copied: 'Link copied',
  copyByHand: 'Copy this link:',
  delete: 'Delete',
  deleted: 'Picture deleted',
  undo: 'Undo',
  restored: 'Picture restored',
  facts: 'Facts',
  fact: {
    name: 'File', taken: 'Taken', uploaded: 'Added', pixels: 'Size', type: 'Format', relevance: 'Match', why: 'Why', id: 'Id',
  },
  pixels: (width, height, bytes) => [width && height ? `${number(width)} × ${number(height)}` : '', size(bytes)].filter(Boolean).join(' · '),
  caption: 'Caption',
  noCaption: 'Add a caption',
  tags: 'Tags',
  addTag: 'Add a tag',
  removeTag: tag => `Remove the tag ${tag}`,
  none: 'None',
  saved: 'Saved',
  saving: 'Saving…',
  twins: 'Nearly the same',
  twin: {same: 'same pixels', alike: 'alike'},
  notHere: 'This picture is not here. It may have been deleted.',
  mayNot: {
    admin: 'Captions, tags and deletes need a key with the scope admin.',
    upload: 'Adding pictures needs a key with the scope upload.',
  },

  // The tray
  tray: 'Uploads',
  drop: 'Drop to add',
  dropSearch: 'Drop here to search with it',
  reading: n => `Reading folders: ${count(n, 'file', 'files')} so far`,
  progress: (done, total) => `${number(done)} of ${number(total)}`,
  rate: bytesPerSecond => `${size(bytesPerSecond)}/s`,
  left: seconds => `${duration(seconds)} left`,
  finished: (added, known, refused, failed) => [
    added || !(known || refused || failed) ? `${number(added)} added` : '', known ? `${number(known)} here already` : '',
    refused ? `${number(refused)} refused` : '', failed ? `${number(failed)} failed` : ''].filter(Boolean).join(' · '),
  pause: 'Pause',
  resume: 'Go on',
  cancel: 'Cancel',
  retry: n => `Try ${count(n, 'failed one', 'failed ones')} again`,
  minimize: 'Fold',
  expand: 'Unfold',
  paused: 'Paused',
  waitingFor: seconds => `The server is busy. Going on in ${duration(seconds)}`,
  state: {sending: 'sending', looking: 'looking at it', added: 'added', known: 'here already'},
  group: (n, reason) => `${count(n, 'file', 'files')}: ${reason}`,
  others: n => `and ${number(n)} more`,
  notTaken: type => `this server takes no ${format(type)}`,
  notAPicture: 'not a picture',
  see: 'See the newest',
  addedList: 'Added',
  leave: 'Uploads are not finished.',

  // Trouble
  unreachable: 'The server cannot be reached.',
  answered: status => `The server answered ${status}.`,
  again: seconds => `Trying again in ${duration(seconds)}.`,
  now: 'Try now',
  back: 'The server answers again.',
};
