/**
 * One HTTP request, as a client would make it: resolve once, connect there, follow no redirect, and never keep what was
 * read. Bytes of the body are counted, not kept, and after 4 KB, of a check 64 KB, nobody reads on.
 */
import { type ClientRequest, type IncomingMessage, request as newRequest } from "node:http";
import type { Socket } from "node:net";
import { type DnsAsk, type Resolved, resolve } from "./ask-dns.ts";
import { connect, secure } from "./connect.ts";
import { type Step, until } from "./deadline.ts";
import { Failed, failureOf } from "./failure.ts";
import type { Found } from "./found.ts";
import type { Answer, HttpAsk } from "./question.ts";

/** Body bytes after which an answer is taken to be whole; a check is a person's request, and a page has more than 4 KB. */
const enoughBytes = ({ check }: HttpAsk): number => (check === undefined ? 4 : 64) * 1024;
const nameShaped = /^[a-z0-9./-]{1,127}$/;

/** What is known so far; a failure later on does not take it back. */
type Evidence = Pick<Answer, "addresses" | "status" | "flow" | "pod" | "notAfter"> & {
  phases: NonNullable<Answer["phases"]>;
};
type Phase = keyof Evidence["phases"];

export async function askHttp(ask: HttpAsk, step: Step): Promise<Found> {
  const evidence: Evidence = { phases: {} };
  const started = performance.now();
  try {
    const found = await journey(ask, step, evidence);
    const late = found.outcome === "ok" && performance.now() - started > ask.withinMillis;
    return {
      ...found,
      ...(late ? { outcome: "slow", detail: `right, but not within ${ask.withinMillis} ms` } : {}),
      ...evidence,
    };
  } catch (error) {
    const { outcome, detail } = failureOf(error);
    return { outcome, detail, ...evidence };
  }
}

async function journey(ask: HttpAsk, step: Step, evidence: Evidence): Promise<Pick<Found, "outcome" | "detail">> {
  const timed = stopwatch(evidence);
  const address = ask.address ?? (await timed("dns", () => lookUp(ask, step, evidence)));
  const socket = await timed("connect", () => connect({ address, port: ask.port }, step));
  try {
    const channel =
      ask.tls === undefined ? socket : await timed("tls", () => encrypted(socket, ask.tls ?? "", step, evidence));
    const sent = send(ask, channel);
    try {
      const response = await timed("firstByte", () => head(sent, step));
      describe(response, evidence);
      const verdict = right(ask, response.statusCode ?? 0);
      if (verdict.outcome !== "ok") return verdict;
      const received = { response, enough: enoughBytes(ask) };
      if (await timed("body", () => drain(sent, received, step))) return verdict;
      return { outcome: "truncated", detail: "the answer ended before its end" };
    } finally {
      sent.request.destroy();
    }
  } finally {
    socket.destroy();
  }
}

function stopwatch({ phases }: Evidence) {
  return async <T>(phase: Phase, run: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    try {
      return await run();
    } finally {
      phases[phase] = Math.round(performance.now() - started);
    }
  };
}

/** The first address of the answer, as a client takes it; IPv6 where there is no IPv4. */
async function lookUp(ask: HttpAsk, step: Step, evidence: Evidence): Promise<string> {
  if (ask.resolver === undefined) throw new Failed("error", "neither an address nor a resolver was given");
  const query: DnsAsk = {
    type: "dns",
    server: ask.resolver,
    port: ask.resolverPort ?? 53,
    name: ask.host,
    rrtype: "A",
    recurse: true,
  };
  let found: Resolved = await resolve(query, step);
  if (found.outcome === "nodata") found = await resolve({ ...query, rrtype: "AAAA" }, step);
  const [first] = found.addresses;
  if (found.outcome !== "ok" || first === undefined) throw new Failed(found.outcome, found.detail);
  evidence.addresses = found.addresses.toSorted();
  return first;
}

async function encrypted(socket: Socket, serverName: string, step: Step, evidence: Evidence): Promise<Socket> {
  const { socket: tls, problem, notAfter } = await secure(socket, { serverName, alpn: ["http/1.1"] }, step);
  if (notAfter !== undefined) evidence.notAfter = notAfter;
  if (problem !== undefined) throw new Failed("tls", problem);
  return tls;
}

interface Sent {
  request: ClientRequest;
  /** Kept, since a bad body may be told in the same breath as its headers. */
  error?: unknown;
}

function send(ask: HttpAsk, socket: Socket): Sent {
  // As a client names it, or, at an address behind the edge, as the edge hands it on: without the address's port.
  const bare = ask.address !== undefined || ask.port === (ask.tls === undefined ? 80 : 443);
  const request = newRequest({
    createConnection: () => socket,
    setHost: false,
    method: ask.method,
    path: ask.path,
    headers: {
      host: bare ? ask.host : `${ask.host}:${ask.port}`,
      "user-agent": "webflow",
      accept: "*/*",
      connection: "close",
      "webflow-check": ask.check ?? "probe",
      ...(ask.body === undefined
        ? {}
        : { "content-type": ask.body.type, "content-length": Buffer.byteLength(ask.body.text) }),
    },
  });
  const sent: Sent = { request };
  request.on("error", (error) => {
    sent.error = error;
  });
  request.end(ask.body?.text);
  return sent;
}

function head({ request }: Sent, step: Step): Promise<IncomingMessage> {
  return until(step.signal, "HTTP", (done, fail) => {
    const closed = (): void => fail(new Failed("reset", "connection closed before the answer"));
    request.once("response", done).once("error", fail).once("close", closed);
    return () => request.off("response", done).off("error", fail).off("close", closed);
  });
}

function describe(response: IncomingMessage, evidence: Evidence): void {
  response.on("error", () => {});
  if (response.statusCode !== undefined) evidence.status = response.statusCode;
  const { "webflow-flow": flow, "webflow-pod": pod } = response.headers;
  if (typeof flow === "string" && nameShaped.test(flow)) evidence.flow = flow;
  if (typeof pod === "string" && nameShaped.test(pod)) evidence.pod = pod;
}

function right(ask: HttpAsk, status: number): Pick<Found, "outcome" | "detail"> {
  const wanted = ask.status ?? "usual";
  const isRight = wanted === "any" || (wanted === "usual" ? status >= 200 && status <= 399 : wanted.includes(status));
  return { outcome: isRight ? "ok" : "status", detail: `HTTP ${status}` };
}

interface Received {
  response: IncomingMessage;
  /** Bytes after which nobody reads on. */
  enough: number;
}

/** Whether the answer came whole, or enough of it to stop reading. */
function drain(sent: Sent, { response, enough }: Received, step: Step): Promise<boolean> {
  return until(step.signal, "HTTP body", (done, fail) => {
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > enough) done(true);
    });
    response.on("end", () => done(true));
    const closed = (): void => {
      if (sent.error !== undefined && failureOf(sent.error).outcome === "protocol") fail(sent.error);
      else done(response.complete);
    };
    // It may have closed between its head and here.
    if (response.closed) closed();
    else response.on("close", closed);
    return () => response.removeAllListeners("data");
  });
}
