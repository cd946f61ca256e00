/**
 * Questions put to a prober elsewhere, over TLS pinned to its certificate, with a bearer token. Whatever goes wrong on
 * the way there is the vantage's fault and says nothing of what was asked.
 */

import type { IncomingMessage } from "node:http";
import { type Agent, request as newRequest } from "node:https";
import type { Clock } from "../kernel/run/clock.ts";
import { deadline, until } from "./deadline.ts";
import { codeOf, Failed, failureOf, printable } from "./failure.ts";
import { pinnedAgent } from "./pinned.ts";
import type { Answer, Ask } from "./question.ts";
import { parseAnswer } from "./validate.ts";

export interface RemoteTarget {
  /** https://ADDRESS:PORT of the prober. */
  url: string;
  /** The prober's own certificate, PEM, which it must show. */
  certificate: string;
}

export interface RemoteAsk {
  ask: Ask;
  deadlineMs: number;
  signal?: AbortSignal;
}

export interface RemoteOptions {
  clock: Clock;
  /** The bearer token, read anew for every question. */
  token: () => string;
  /** Most connections to one prober. Default: 16. */
  maxSockets?: number;
}

/** Beyond the question's own deadline: the way there and back. */
const transportMillis = 2000;
const mostProbers = 256;
const mostBytes = 16 * 1024;

export class RemoteProbers {
  readonly #options: RemoteOptions;
  readonly #agents = new Map<string, Agent>();

  constructor(options: RemoteOptions) {
    this.#options = options;
  }

  async ask(target: RemoteTarget, question: RemoteAsk): Promise<Answer> {
    const { clock } = this.#options;
    const started = clock.monotonic();
    const limit = deadline(clock, question.deadlineMs + transportMillis, question.signal);
    try {
      const answer = await this.#askOnce(target, question, limit.signal).catch((error: unknown) => {
        // The prober had closed a kept connection just when we took it: the question never got there, or is harmless.
        if (!(error instanceof Stale)) throw error;
        return this.#askOnce(target, question, limit.signal);
      });
      // Times of day of two machines differ: an answer counts from when it came.
      return { ...answer, at: clock.now() };
    } catch (error) {
      const millis = Math.round(clock.monotonic() - started);
      return {
        outcome: "vantage",
        detail: printable(`the prober could not be asked: ${reason(error)}`),
        at: clock.now(),
        millis,
      };
    } finally {
      limit.end();
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  async #askOnce(target: RemoteTarget, { ask, deadlineMs }: RemoteAsk, signal: AbortSignal): Promise<Answer> {
    const body = JSON.stringify({ ask, deadlineMs });
    // What writes goes over a connection of its own: on a kept one that closes, nobody knows whether it was sent on.
    const agent = mayWrite(ask) ? pinnedAgent(target.certificate, 1, false) : this.#agent(target);
    const { status, text } = await post({ url: target.url, body, token: this.#options.token(), agent }, signal);
    if (status !== 200) throw new Failed("vantage", refusals[status] ?? `it answered HTTP ${status}`);
    const parsed = parseAnswer(answerIn(text));
    if (!parsed.ok) throw new Failed("vantage", "its answer is not one that is understood");
    return parsed.value;
  }

  #agent({ url, certificate }: RemoteTarget): Agent {
    const key = `${url} ${certificate}`;
    const agent = this.#agents.get(key) ?? pinnedAgent(certificate, this.#options.maxSockets ?? 16);
    // Put to the end: the first of the map is the one longest unused.
    this.#agents.delete(key);
    this.#agents.set(key, agent);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > mostProbers && oldest !== undefined) {
      this.#agents.get(oldest)?.destroy();
      this.#agents.delete(oldest);
    }
    return agent;
  }
}

const refusals: Readonly<Record<number, string>> = {
  400: "it refused the question",
  401: "it refused the token",
  413: "it refused the question",
  503: "it is busy",
};

class Stale extends Error {}

const mayWrite = (ask: Ask) => ask.type === "http" && (ask.method === "POST" || ask.method === "PUT");

interface Post {
  url: string;
  body: string;
  token: string;
  agent: Agent;
}

function post({ url, body, token, agent }: Post, signal: AbortSignal): Promise<{ status: number; text: string }> {
  return until(signal, "prober", (done, fail) => {
    const request = newRequest(new URL("/v1/ask", url), {
      method: "POST",
      agent,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
      },
    });
    request.on("error", (error) => fail(request.reusedSocket && codeOf(error) === "ECONNRESET" ? new Stale() : error));
    let whole = false;
    request.on("response", (response) => {
      read(response).then((text) => {
        whole = true;
        done({ status: response.statusCode ?? 0, text });
      }, fail);
    });
    request.end(body);
    return () => {
      // After an answer read to its end the connection is kept for the next question.
      if (!whole) request.destroy();
    };
  });
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length;
    if (bytes > mostBytes) throw new Failed("vantage", "its answer is too long");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function answerIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { answer?: unknown } | null)?.answer;
  } catch {
    return undefined;
  }
}

function reason(error: unknown): string {
  if (error instanceof Failed) return error.detail;
  const code = codeOf(error) ?? "";
  const message = error instanceof Error ? error.message : "";
  if (message.includes("pinned") || code.includes("CERT") || code.includes("SSL") || code.includes("SIGN")) {
    return "it did not show the pinned certificate";
  }
  if (code === "ENOENT") return "our own token or certificate is not there";
  return failureOf(error).detail;
}
