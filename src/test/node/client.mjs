// A LanceDB client that is told what to do: one JSON command a line on stdin, one JSON answer a line on stdout,
// {"ok": ...} or {"error": "..."}. Commands are done in their order. LanceDbClient.java speaks to it.

import { createInterface } from 'node:readline';
import * as arrow from 'apache-arrow';
import * as lancedb from '@lancedb/lancedb';

let db;
let table;

const text = new arrow.Utf8();

/** Types by short names: string, int64, float32, float16[4], ... */
function type(name) {
  const list = /^(.*)\[(\d+)]$/.exec(name);
  if (list) {
    return new arrow.FixedSizeList(Number(list[2]), new arrow.Field('item', type(list[1]), true));
  }
  const types = {
    string: text,
    largeString: new arrow.LargeUtf8(),
    int32: new arrow.Int32(),
    int64: new arrow.Int64(),
    float16: new arrow.Float16(),
    float32: new arrow.Float32(),
    float64: new arrow.Float64(),
  };
  if (!(name in types)) throw new Error(`no type ${name}`);
  return types[name];
}

/** From {"id": "string!", "vector": "float32[512]"}; with an exclamation mark it may not be null. */
function schema(columns) {
  return new arrow.Schema(
    Object.entries(columns).map(
      ([name, of]) => new arrow.Field(name, type(of.replace('!', '')), !of.endsWith('!')),
    ),
  );
}

/** JSON has no dates and no long integers. */
function revived(rows, of) {
  const revive = (value, field) => {
    if (value === null || value === undefined) return null;
    if (arrow.DataType.isTimestamp(field.type)) return new Date(value);
    if (arrow.DataType.isInt(field.type) && field.type.bitWidth === 64) return BigInt(value);
    return value;
  };
  return rows.map((row) => Object.fromEntries(of.fields.map((field) => [field.name, revive(row[field.name], field)])));
}

async function data(rows, of) {
  return lancedb.makeArrowTable(revived(rows, of), { schema: of });
}

/** Of the whole schema of the table, unless the command names columns. */
async function schemaFor(command) {
  const whole = await table.schema();
  return command.columns ? new arrow.Schema(command.columns.map((c) => whole.fields.find((f) => f.name === c))) : whole;
}

function plain(key, value) {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof arrow.Vector) return [...value];
  return value;
}

const commands = {
  async open({ uri, storageOptions }) {
    table = undefined;
    db = await lancedb.connect(uri, { storageOptions, readConsistencyInterval: 0 });
    return db.tableNames();
  },
  async openTable({ name = 'images' }) {
    table = await db.openTable(name);
    return table.version();
  },
  async create({ name = 'images', columns, rows = [], mode = 'create' }) {
    table = await db.createTable(name, await data(rows, schema(columns)), { mode });
    return table.version();
  },
  async dropTable({ name = 'images' }) {
    await db.dropTable(name);
    table = undefined;
  },
  version: () => table.version(),
  async schema() {
    return (await table.schema()).fields.map((f) => `${f.name}: ${f.type}${f.nullable ? '' : ' not null'}`);
  },
  count: ({ where }) => table.countRows(where),
  async rows({ where, select, limit = 10_000, withRowId = false }) {
    let query = table.query().limit(limit);
    if (where) query = query.where(where);
    if (select) query = query.select(select);
    if (withRowId) query = query.withRowId();
    return (await query.toArray()).map((row) => row.toJSON());
  },
  async search({ vector, k = 10, select = ['id'] }) {
    const query = table.vectorSearch(vector).distanceType('cosine').select([...select, '_distance']).limit(k);
    return (await query.toArray()).map((row) => row.toJSON());
  },
  add: async (command) => table.add(await data(command.rows, await schemaFor(command))),
  update: ({ where, values, valuesSql }) => table.update(valuesSql ? { where, valuesSql } : { where, values }),
  delete: ({ where }) => table.delete(where),
  async mergeInsert(command) {
    let merge = table.mergeInsert(command.on ?? 'id');
    if (command.update ?? true) merge = merge.whenMatchedUpdateAll();
    if (command.insert ?? true) merge = merge.whenNotMatchedInsertAll();
    return merge.execute(await data(command.rows, await schemaFor(command)));
  },
  addColumns: ({ columns }) =>
    table.addColumns(Object.entries(columns).map(([name, valueSql]) => ({ name, valueSql }))),
  dropColumns: ({ columns }) => table.dropColumns(columns),
  alterColumns: ({ changes }) => table.alterColumns(changes),
  createIndex: ({ column = 'vector', kind = 'ivfFlat', options = {}, ...rest }) =>
    table.createIndex(column, { config: lancedb.Index[kind](options), ...rest }),
  dropIndex: ({ name }) => table.dropIndex(name),
  indices: () => table.listIndices(),
  optimize: ({ all = false }) =>
    table.optimize(all ? { cleanupOlderThan: new Date(), deleteUnverified: true } : undefined),
  versions: () => table.listVersions(),
  async restore({ version }) {
    await table.checkout(version);
    await table.restore();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, ...rest } = JSON.parse(line);
    if (!(op in commands)) throw new Error(`no command ${op}`);
    answer = { ok: (await commands[op](rest)) ?? null };
  } catch (e) {
    answer = { error: String(e?.message ?? e) };
  }
  process.stdout.write(`${JSON.stringify(answer, plain)}\n`);
}
