/** An API server as bad as a test wants it: every answer and every byte of a watch is the test's to give. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Connection } from "../../src/kernel/connection.ts";

export interface FakeRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface FakeAnswer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** hang: never answer; reset: break the connection. */
  fault?: "hang" | "reset";
}

export class FakeWatch {
  readonly query: URLSearchParams;
  readonly #response: ServerResponse;
  closed = false;

  constructor(query: URLSearchParams, response: ServerResponse) {
    this.query = query;
    this.#response = response;
    response.on("close", () => {
      this.closed = true;
    });
    response.on("error", () => undefined);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
  }

  send(type: string, object: unknown): void {
    this.raw(`${JSON.stringify({ type, object })}\n`);
  }

  raw(text: string): void {
    this.#response.write(text);
  }

  end(): void {
    this.#response.end();
  }

  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

export class FakeApi {
  readonly requests: FakeRequest[] = [];
  readonly watches: FakeWatch[] = [];
  /** Answers everything but watches. */
  answer: (request: FakeRequest) => FakeAnswer = () => ({ status: 404, body: { reason: "NotFound" } });
  /** Answers a watch instead of opening it, when it gives something. */
  refuseWatch: (request: FakeRequest) => FakeAnswer | undefined = () => undefined;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.on("connection", (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  async start(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this.url;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  get openWatches(): FakeWatch[] {
    return this.watches.filter((watch) => !watch.closed);
  }

  connection(): Connection {
    return { server: this.url, authorize: async () => ({ headers: {}, tls: {} }) };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://fake");
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const request = {
      method: incoming.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body,
    };
    this.requests.push(request);
    if (url.searchParams.get("watch") === "true") {
      const refusal = this.refuseWatch(request);
      if (refusal === undefined) this.watches.push(new FakeWatch(url.searchParams, response));
      else this.#send(response, refusal);
      return;
    }
    this.#send(response, this.answer(request));
  }

  #send(response: ServerResponse, { status = 200, body, headers = {}, fault }: FakeAnswer): void {
    if (fault === "hang") return;
    if (fault === "reset") {
      response.socket?.resetAndDestroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? {}));
  }
}

/** Try until it does not throw. */
export async function eventually(check: () => void | Promise<void>, millis = 10_000): Promise<void> {
  const end = Date.now() + millis;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
