/**
 * HTTP to the API server over agents of our own: a few kept connections for requests, one for each watch, HTTP/1.1
 * alone, so that no stuck connection carries everything. New credentials in TLS mean new agents; the old ones finish
 * what they carry. Every call has a deadline. What must wait for a connection waits here, where a caller that has lost
 * the right to write can still be held back, and not inside an agent.
 */
import { createHash } from "node:crypto";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import type { Connection, Tls } from "./connection.ts";
import { answerError, networkError, Refused } from "./errors.ts";
import { Slots } from "./slots.ts";

export interface Answer {
  status: number;
  body: string;
}

export interface Call {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  path: string;
  body?: unknown;
  contentType?: string;
  signal: AbortSignal;
  /** Called when nothing is left to wait for; throwing refuses the call. */
  beforeSend?: () => void;
}

type Lane = "requests" | "watches";

export class Wire {
  readonly #connection: Connection;
  readonly #userAgent: string;
  readonly #connections: number;
  readonly #slots: Slots;
  readonly #agents = new Map<Lane, { fingerprint: string; agent: Dispatcher }>();

  constructor(connection: Connection, userAgent: string, connections: number) {
    this.#connection = connection;
    this.#userAgent = userAgent;
    this.#connections = connections;
    this.#slots = new Slots(connections);
  }

  /** One request and its whole answer; throws an ApiError unless it succeeds, or Refused when it was not sent. */
  async send(call: Call): Promise<Answer> {
    try {
      return await this.#slots.run(call.signal, () => this.#exchange(call));
    } catch (error) {
      throw error instanceof Refused ? error : networkError(error);
    }
  }

  async #exchange(call: Call): Promise<Answer> {
    let answer = await this.#once(call, false);
    if (answer.status === 401) answer = await this.#once(call, true);
    if (answer.status >= 400) throw answerError(answer.status, answer.body, answer.retryAfter);
    return answer;
  }

  async #once(call: Call, fresh: boolean): Promise<Answer & { retryAfter?: string }> {
    const response = await this.#request("requests", call, fresh);
    const body = await response.body.text();
    const retryAfter = response.headers["retry-after"];
    return { status: response.statusCode, body, ...(typeof retryAfter === "string" ? { retryAfter } : {}) };
  }

  /**
   * The lines of a stream, until the server ends it. `opened` when the server has accepted, `heard` on every byte.
   * Ends with an ApiError when it is refused, breaks, or the signal is aborted.
   */
  async *lines(path: string, signal: AbortSignal, told: { opened(): void; heard(): void }): AsyncGenerator<string> {
    let body: Dispatcher.ResponseData["body"] | undefined;
    try {
      const call: Call = { method: "GET", path, signal };
      let response = await this.#request("watches", call, false);
      if (response.statusCode === 401) {
        await response.body.dump();
        response = await this.#request("watches", call, true);
      }
      body = response.body;
      if (response.statusCode >= 400) {
        const retryAfter = response.headers["retry-after"];
        throw answerError(
          response.statusCode,
          await body.text(),
          typeof retryAfter === "string" ? retryAfter : undefined,
        );
      }
      told.opened();
      yield* split(body, told.heard);
    } catch (error) {
      throw networkError(error);
    } finally {
      body?.on("error", () => undefined);
      body?.destroy();
    }
  }

  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map(({ agent }) => agent.destroy()));
  }

  async #request(lane: Lane, call: Call, fresh: boolean): Promise<Dispatcher.ResponseData> {
    call.signal.throwIfAborted();
    const { headers, tls } = await this.#connection.authorize(fresh);
    call.signal.throwIfAborted();
    ask(call.beforeSend);
    return request(`${this.#connection.server}${call.path}`, {
      dispatcher: this.#agent(lane, tls),
      method: call.method,
      signal: call.signal,
      headers: {
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
        ...headers,
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    });
  }

  #agent(lane: Lane, tls: Tls): Dispatcher {
    const fingerprint = fingerprintOf(tls);
    const kept = this.#agents.get(lane);
    if (kept?.fingerprint === fingerprint) return kept.agent;
    const agent = this.#build(lane, tls);
    this.#agents.set(lane, { fingerprint, agent });
    // Waits for what is under way on the old connections.
    kept?.agent.close().catch(() => undefined);
    return agent;
  }

  #build(lane: Lane, tls: Tls): Dispatcher {
    const options = {
      allowH2: false,
      pipelining: 1,
      headersTimeout: lane === "watches" ? 30_000 : 0,
      bodyTimeout: 0,
      keepAliveTimeout: 30_000,
      ...(lane === "watches" ? {} : { connections: this.#connections }),
    };
    const { proxy } = this.#connection;
    if (proxy !== undefined) return new ProxyAgent({ ...options, uri: proxy, requestTls: tls });
    return new Agent({
      ...options,
      connect: { ...tls, timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 30_000 },
    });
  }
}

function ask(beforeSend: (() => void) | undefined): void {
  try {
    beforeSend?.();
  } catch (error) {
    throw new Refused(error);
  }
}

function fingerprintOf(tls: Tls): string {
  const hash = createHash("sha256");
  for (const part of [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)]) {
    hash.update(part ?? "").update("\0");
  }
  return hash.digest("hex");
}

async function* split(body: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    heard();
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) if (line !== "") yield line;
  }
  // A stream that ends in the middle of a line: whoever reads it will find it malformed.
  if (rest !== "") yield rest;
}
