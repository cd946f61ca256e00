// The HTTP side of a worker process: bounded bodies and times, the answer's headers, and a stop that loses no request.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ShopAnswer, ShopRequest } from "./answer.ts";
import type { Served } from "./page.ts";
import { failed } from "./thread.ts";

const bodyLimit = 16 * 1024;

export interface ShopServerOptions {
  flow: string;
  /** The process itself, which speaks when no thread does. */
  served: Served;
  answer(request: ShopRequest): Promise<ShopAnswer>;
  /** While true, every answer asks the client to take another connection next time. */
  stopping(): boolean;
}

export function shopServer(options: ShopServerOptions): Server {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 75_000 },
    (request, response) => {
      response.on("error", () => undefined);
      void respond(request, response, options);
    },
  );
  server.maxHeadersCount = 100;
  return server;
}

async function respond(request: IncomingMessage, response: ServerResponse, options: ShopServerOptions): Promise<void> {
  const body = await readBody(request);
  if (body === "broken") return;
  const answer =
    body === "too large"
      ? failed(options.served, { status: 413, error: `body must have at most ${bodyLimit} bytes` })
      : await options.answer(shopRequest(request, body)).catch(() => failed(options.served));
  send(request, response, { answer, options, close: body === "too large" });
}

function shopRequest(request: IncomingMessage, body: Uint8Array): ShopRequest {
  return {
    method: request.method ?? "GET",
    target: request.url ?? "/",
    accept: request.headers.accept ?? "*/*",
    contentType: request.headers["content-type"] ?? "",
    body,
  };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | "too large" | "broken"> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > bodyLimit) return "too large";
      parts.push(part);
    }
  } catch {
    return "broken";
  }
  return new Uint8Array(Buffer.concat(parts));
}

interface Sending {
  answer: ShopAnswer;
  options: ShopServerOptions;
  close: boolean;
}

function send(request: IncomingMessage, response: ServerResponse, { answer, options, close }: Sending): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    "webflow-flow": options.flow,
    "webflow-pod": options.served.pod,
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    ...answer.headers,
    "content-length": String(Buffer.byteLength(answer.body)),
    ...(close || options.stopping() ? { connection: "close" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

/** Takes no new connection, lets what is in flight finish, and gives up on it after the time is over. */
export function closeServer(server: Server, millis: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), millis);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
