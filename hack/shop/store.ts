// Orders in PostgreSQL, one connection per thread. The table is made when first needed, by whoever comes first of all
// pods; trouble of the database becomes DatabaseTrouble with the cause, after a bounded time.
import pg from "pg";
import { DatabaseTrouble, type Store } from "./answer.ts";
import type { Order, Stored } from "./order.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Any number will do that no other program of the database uses. */
const tableLock = 7_023_001;

/** Statements sent as one are one transaction: the lock ends with it. */
const makeTable = `
  select pg_advisory_xact_lock(${tableLock});
  create table if not exists orders (
    id bigint generated always as identity primary key,
    item text not null,
    quantity integer not null,
    ordered timestamptz not null default now()
  );`;

interface Row {
  id: string;
  item: string;
  quantity: number;
  ordered: Date;
}

const columns = "id, item, quantity, ordered";
const stored = (row: Row): Stored => ({
  id: Number(row.id),
  item: row.item,
  quantity: row.quantity,
  ordered: row.ordered.toISOString(),
});

/** undefined: nobody said where the database is. */
export function openPool(env: Environment): pg.Pool | undefined {
  if (!env.PGHOST && !env.DATABASE_URL) return undefined;
  return new pg.Pool({
    ...(env.PGHOST ? {} : { connectionString: env.DATABASE_URL }),
    // Many pods of several processes of several threads share the hundred connections of a PostgreSQL as it comes.
    max: 1,
    connectionTimeoutMillis: 2000,
    query_timeout: 3500,
    statement_timeout: 3000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: "shop",
  });
}

export interface OrderStore extends Store {
  /** Makes the table if it is not there; rejects with DatabaseTrouble. */
  prepare(): Promise<void>;
  close(): Promise<void>;
}

export function orderStore(pool: pg.Pool | undefined): OrderStore {
  let table: Promise<unknown> | undefined;
  // A connection that breaks while idle is the pool's to replace; without a listener it would end the thread.
  pool?.on("error", () => undefined);

  async function asked<T>(ask: (open: pg.Pool) => Promise<T>): Promise<T> {
    if (!pool) throw new DatabaseTrouble("is not configured: set PGHOST or DATABASE_URL");
    try {
      return await ask(pool);
    } catch (error) {
      throw new DatabaseTrouble(wordsFor(error));
    }
  }

  async function withTable(open: pg.Pool): Promise<pg.Pool> {
    table ??= open.query(makeTable);
    try {
      await table;
    } catch (error) {
      table = undefined;
      throw error;
    }
    return open;
  }

  return {
    prepare: () => asked(async (open) => void (await withTable(open))),
    add: ({ item, quantity }: Order) =>
      asked(async (open) => {
        const ready = await withTable(open);
        const { rows } = await ready.query<Row>(
          `insert into orders (item, quantity) values ($1, $2) returning ${columns}`,
          [item, quantity],
        );
        return onlyRow(rows);
      }),
    find: (id: number) =>
      asked(async (open) => {
        const ready = await withTable(open);
        const { rows } = await ready.query<Row>(`select ${columns} from orders where id = $1`, [id]);
        return rows[0] && stored(rows[0]);
      }),
    latest: () =>
      asked(async (open) => {
        const ready = await withTable(open);
        const { rows } = await ready.query<Row>(`select ${columns} from orders order by id desc limit 5`);
        return rows.map(stored);
      }),
    close: async () => pool?.end(),
  };
}

function onlyRow(rows: Row[]): Stored {
  const [row] = rows;
  if (!row) throw new Error("gave no row back");
  return stored(row);
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refuses connections",
  ENOTFOUND: "has a host name that does not resolve",
  EAI_AGAIN: "has a host name that does not resolve now",
  ETIMEDOUT: "does not answer",
  EHOSTUNREACH: "is not reachable",
  ENETUNREACH: "is not reachable",
  ECONNRESET: "closed the connection",
  "28P01": "does not take our password",
  "3D000": "does not have our database",
  "53300": "has no connection left",
  "57P01": "is stopping",
  "57P03": "is starting or stopping",
  "57014": "took too long",
};

/** Our own words only: an error of the driver may carry addresses and names. */
function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  const { code } = error as { code?: unknown };
  const known = typeof code === "string" ? causes[code] : undefined;
  if (known) return known;
  if (/timeout/i.test(error.message)) return "does not answer in time";
  if (/terminated|ended/i.test(error.message)) return "closed the connection";
  return typeof code === "string" ? `failed (${code.slice(0, 20)})` : "failed";
}
