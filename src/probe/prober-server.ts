/**
 * Prober mode: asks what the operator tells it to, from where it stands. It takes POST /v1/ask with the shared token
 * and only the questions of `remoteAsks`; each body, the time and the number of questions at once are bounded. It
 * writes nothing anywhere.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Logger } from "../kernel/hooks.ts";
import type { Clock } from "../kernel/run/clock.ts";
import { deadlineOf, execute } from "./ask.ts";
import type { Refuse } from "./guard.ts";
import type { Ask } from "./question.ts";
import { keepRenewed, secureContext } from "./renewal.ts";
import { parseAsk } from "./validate.ts";

export interface ProberServerOptions {
  port: number;
  host?: string;
  certificate: () => string;
  key: () => string;
  token: () => string;
  refuse: Refuse;
  clock: Clock;
  log: Logger;
  /** PEM certificates of authorities trusted beside those that Node trusts. */
  ca?: readonly string[];
  /** Most questions at once. Default: 64. */
  most?: number;
}

export interface ProberServer {
  port: number;
  close(): Promise<void>;
}

const mostBytes = 8 * 1024;
const longestDeadlineMs = 60_000;

export async function startProberServer(options: ProberServerOptions): Promise<ProberServer> {
  const { certificate, key, token, log } = options;
  token();
  const server = createServer(secureContext(certificate(), key()));
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 90_000;
  server.maxConnections = 512;
  const state = { asking: 0 };
  server.on("request", (request, response) => {
    answer(request, options, state).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, body: { error: "the question could not be asked" } }),
    );
  });
  server.on("tlsClientError", () => {});
  const stopReloading = keepRenewed(server, options);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  log.info({ port }, "the prober answers");
  const close = (): Promise<void> => {
    stopReloading();
    // First no new connection, then none of the old: one taken in between would be kept alive for ever.
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    return closed;
  };
  return { port, close };
}

function listen(server: Server, { port, host }: ProberServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

const refusal = (status: number, error: string, headers: Record<string, string> = {}): Reply => ({
  status,
  body: { error },
  headers,
});

async function answer(
  request: IncomingMessage,
  options: ProberServerOptions,
  state: { asking: number },
): Promise<Reply> {
  const path = request.url ?? "";
  if (path === "/healthz") {
    return request.method === "GET" ? { status: 200, body: { ok: true } } : refusal(405, "use GET", { allow: "GET" });
  }
  if (path !== "/v1/ask") return refusal(404, "nothing is here: use POST /v1/ask");
  if (request.method !== "POST") return refusal(405, "use POST", { allow: "POST" });
  if (!bears(request, options.token()))
    return refusal(401, "the bearer token is missing or wrong", { "www-authenticate": "Bearer" });
  if (state.asking >= (options.most ?? 64))
    return refusal(503, "too many questions at once: ask again", { "retry-after": "1" });
  state.asking += 1;
  try {
    const body = await read(request);
    if (body === undefined)
      return refusal(413, `the body has more than ${mostBytes} bytes: send less`, { connection: "close" });
    const wanted = parse(body);
    return "error" in wanted ? refusal(400, wanted.error) : await carryOut(wanted, request, options);
  } finally {
    state.asking -= 1;
  }
}

interface Wanted {
  ask: Ask;
  deadlineMs: number;
}

function parse(body: string): Wanted | { error: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { error: "the body is not JSON: send {ask, deadlineMs}" };
  }
  const { ask, deadlineMs } = (value ?? {}) as { ask?: unknown; deadlineMs?: unknown };
  const parsed = parseAsk(ask);
  if (!parsed.ok) return { error: parsed.error };
  const usual = deadlineMs === undefined ? deadlineOf(parsed.value) : deadlineMs;
  if (typeof usual !== "number" || !(usual >= 1 && usual <= longestDeadlineMs)) {
    return { error: `deadlineMs is not a number from 1 to ${longestDeadlineMs}: send milliseconds` };
  }
  return { ask: parsed.value, deadlineMs: usual };
}

async function carryOut(
  { ask, deadlineMs }: Wanted,
  request: IncomingMessage,
  options: ProberServerOptions,
): Promise<Reply> {
  const { refuse, clock, ca } = options;
  const controller = new AbortController();
  const gone = (): void => controller.abort();
  request.socket.once("close", gone);
  const found = await execute(ask, {
    deadlineMs,
    refuse,
    clock,
    signal: controller.signal,
    ...(ca === undefined ? {} : { ca }),
  });
  request.socket.off("close", gone);
  return { status: 200, body: { answer: found } };
}

/** Compared by their hashes, so that neither length nor beginning can be told from the time it takes. */
function bears(request: IncomingMessage, token: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(request.headers.authorization ?? ""), hash(`Bearer ${token}`));
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  const usual = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  };
  response.writeHead(status, { ...usual, ...headers }).end(text);
}
