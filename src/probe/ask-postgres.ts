/**
 * A database client's own handshake, with the environment that the web tier gets: connect, authenticate, select one
 * row, and see that the database takes writes. Nothing the server says is passed on but the class of its error.
 */
import { Socket } from "node:net";
import { Client } from "pg";
import { type Step, until } from "./deadline.ts";
import { codeOf, Failed, failureOf } from "./failure.ts";
import type { Found } from "./found.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

const needed = ["PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE"] as const;
const statement = "select 1 as one, current_setting('transaction_read_only') as read_only";

export async function askPostgres(environment: Environment, step: Step): Promise<Found> {
  const missing = needed.filter((name) => (environment[name] ?? "") === "");
  if (missing.length > 0) throw new Failed("error", `the environment lacks ${missing.join(", ")}`);
  const port = Number(environment.PGPORT ?? "5432");
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Failed("error", "PGPORT is not a port");
  const socket = new Socket();
  socket.on("error", () => {});
  const client = new Client({
    host: environment.PGHOST,
    port,
    user: environment.PGUSER,
    password: environment.PGPASSWORD,
    database: environment.PGDATABASE,
    application_name: "webflow",
    stream: () => socket,
  });
  client.on("error", () => {});
  try {
    return await until<Found>(step.signal, "database", (done, fail) => {
      handshake(client).then(done, (error) => fail(databaseFailure(error)));
      return () => socket.destroy();
    });
  } finally {
    socket.destroy();
  }
}

async function handshake(client: Client): Promise<Found> {
  await client.connect();
  const { rows } = await client.query<{ one: unknown; read_only: unknown }>(statement);
  if (rows.length !== 1 || Number(rows[0]?.one) !== 1)
    return { outcome: "database", detail: "one row was asked for and did not come" };
  if (rows[0]?.read_only === "on")
    return { outcome: "database", detail: "the database takes no writes (SQLSTATE class 25)" };
  return { outcome: "ok", detail: "connected, authenticated and selected one row" };
}

function databaseFailure(error: unknown): Failed {
  const code = codeOf(error);
  // Five characters are a SQLSTATE (PostgreSQL documentation, appendix A); Node's codes are longer or begin with E.
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code) && code !== "EPIPE" && code !== "EPERM") {
    const kind = code.slice(0, 2);
    if (kind === "28") return new Failed("auth", "the database refused the credentials (SQLSTATE class 28)");
    return new Failed("database", `the database answered with an error (SQLSTATE class ${kind})`);
  }
  if (code !== undefined) return failureOf(error);
  const text = error instanceof Error ? error.message : "";
  if (text.startsWith("SASL")) return new Failed("auth", "the database and the client did not agree on the password");
  if (text.includes("Connection terminated")) return new Failed("reset", "connection closed during the handshake");
  return new Failed("database", "the handshake failed");
}
