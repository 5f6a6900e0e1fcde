/** Does with a client that was generated from the API's description what programs do. Arguments: URL, three new pictures, a text file. */
import { readFile } from 'node:fs/promises';
import { AdministrationApi, Configuration, PicturesApi, ResponseError, SearchApi, ServerApi, instanceOfStoredPicture } from './generated/index.js';
import type { Problem, StoredPicture, UploadAnswer, UploadResults } from './generated/index.js';

const [server, ...paths] = process.argv.slice(2);
const configuration = new Configuration({ basePath: server });
const pictures = new PicturesApi(configuration);
const search = new SearchApi(configuration);
const files = await Promise.all(paths.map(async (path) => new Blob([await readFile(path)])));

function check(right: boolean, what: string): void {
  if (!right) {
    throw new Error(`not so: ${what}`);
  }
}

function stored(answer: UploadAnswer): StoredPicture {
  check(instanceOfStoredPicture(answer), 'one picture has one result');
  return answer as StoredPicture;
}

/** The problem that a call is refused with. */
async function problemOf(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (refused) {
    if (refused instanceof ResponseError) {
      return (await refused.response.json()) as Problem;
    }
    throw refused;
  }
  throw new Error('not refused');
}

const one = stored(await pictures.uploadPictures({ file: [files[0]!], caption: ['a caption'], tags: ['red,round'] }));
check(one.stored, 'one picture is stored');
const many = (await pictures.uploadPictures({ file: files.slice(1), caption: ['two', 'three', 'text'] })) as UploadResults;
check(many.results[1]?.status === 201, 'the second of several is stored');
const second = many.results[1]?.id?.substring('images/'.length) ?? '';
check((await pictures.getPictureMetadata({ name: second })).caption === 'three', 'each of several has its caption');
check(many.results[2]?.problem?.type === '/problems/unsupported-image', 'what is no picture has a problem');

const name = one.id.substring('images/'.length);
const found = await search.searchPictures({ text: ['a picture'], limit: 1000, exact: true });
check(found.results.some((hit) => hit.id === one.id), 'the picture is found');
const alike = await search.searchPicturesByExample({ file: [files[0]!], not: ['a car'], notWeight: [0.5], tag: ['red'] });
check(alike.results.some((hit) => hit.id === one.id), 'the picture finds itself');
check((await search.listVersions()).versions.length > 0, 'there are versions');
check((await pictures.listPictures({ limit: 3 })).results.length === 3, 'pictures are listed');
check((await pictures.getPictureMetadata({ name })).tags.join() === 'red,round', 'tags are kept');
check((await pictures.getThumbnail({ name, size: 512 })).size > 100, 'there is a thumbnail');
check((await pictures.editPicture({ name, edit: { caption: 'another' } })).caption === 'another', 'captions change');
check((await new ServerApi(configuration).getStats()).rowCount >= 3, 'statistics count');
check(Array.isArray((await new AdministrationApi(configuration).getSources()).sources), 'sources are listed');

await pictures.deletePicture({ name });
check((await problemOf(pictures.getPicture({ name }))).type === '/problems/picture-not-found', 'a deleted picture is gone');
check((await pictures.restorePicture({ name })).restored, 'it comes back');
check((await problemOf(search.searchPictures({ text: [''] }))).status === 400, 'an empty text is a problem');
console.log('all is well');
