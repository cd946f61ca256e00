// The load generator itself, run on the browser's host: a steady rate of requests over kept-alive connections, each
// counted, whatever becomes of it. It needs nothing but Node, which runs this file as it is.
import { Agent, type ClientRequest, get, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";

interface Wanted {
  url: URL;
  rate: number;
  seconds: number;
  json: boolean;
}

interface Served {
  pod: string;
  node: string;
  process: number;
  thread: number;
}

interface Tally {
  sent: number;
  failed: number;
  /** Sent once more because the kept-alive connection was closed before one byte of an answer came: so do browsers. */
  retried: number;
  millis: number[];
  causes: Map<string, number>;
  pods: Map<string, number>;
  nodes: Map<string, number>;
  firstFailure?: string;
}

const timeoutMillis = 10_000;

function whole(name: string, text: string | undefined, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Error(`--${name} must be a whole number from 1 to ${most}, found "${text}"`);
}

function readArguments(args: string[]): Wanted {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string", default: "http://shop.example.test/" },
      rate: { type: "string", default: "50" },
      seconds: { type: "string", default: "180" },
      json: { type: "boolean", default: false },
    },
  });
  const url = URL.parse(values.url);
  if (url?.protocol !== "http:") throw new Error(`--url must begin with http://, found "${values.url}"`);
  return {
    url,
    rate: whole("rate", values.rate, 1000),
    seconds: whole("seconds", values.seconds, 3600),
    json: values.json,
  };
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

interface Came {
  status: number;
  served: Served | undefined;
}

async function read(response: IncomingMessage): Promise<Came> {
  let text = "";
  for await (const part of response) text += part;
  const body = JSON.parse(text) as { served?: Served };
  return { status: response.statusCode ?? 0, served: body.served };
}

class Unanswered extends Error {
  readonly reused: boolean;
  constructor(cause: Error, request: ClientRequest) {
    const { code } = cause as NodeJS.ErrnoException;
    super(code ?? cause.message);
    this.reused = request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE");
  }
}

function ask(url: URL, agent: Agent | undefined): Promise<Came> {
  return new Promise((resolve, reject) => {
    const options = { agent: agent ?? false, headers: { accept: "application/json" }, timeout: timeoutMillis } as const;
    const request = get(url, options, (response) => {
      read(response).then(resolve, (error: Error) => reject(new Error(`answer cut short: ${error.message}`)));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMillis} ms`)));
    request.on("error", (error) => reject(new Unanswered(error, request)));
  });
}

async function once(url: URL, agent: Agent, tally: Tally): Promise<void> {
  tally.sent++;
  const since = performance.now();
  try {
    const { status, served } = await ask(url, agent).catch((error: Error) => {
      if (!(error instanceof Unanswered) || !error.reused) throw error;
      tally.retried++;
      return ask(url, undefined);
    });
    if (status < 200 || status > 299) throw new Error(`status ${status}`);
    if (!served) throw new Error("the answer does not say who served it");
    count(tally.pods, served.pod);
    count(tally.nodes, served.node);
    tally.millis.push(performance.now() - since);
  } catch (error) {
    tally.failed++;
    count(tally.causes, error instanceof Error ? error.message : String(error));
    tally.firstFailure ??= new Date().toISOString();
  }
}

async function load({ url, rate, seconds }: Wanted): Promise<Tally> {
  const tally: Tally = {
    sent: 0,
    failed: 0,
    retried: 0,
    millis: [],
    causes: new Map(),
    pods: new Map(),
    nodes: new Map(),
  };
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const running = new Set<Promise<void>>();
  const begun = performance.now();
  let told = begun;
  for (let number = 0; number < rate * seconds; number++) {
    const due = begun + (number * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const one = once(url, agent, tally).finally(() => running.delete(one));
    running.add(one);
    if (performance.now() - told < 10_000) continue;
    told = performance.now();
    process.stderr.write(`sent ${tally.sent} of ${rate * seconds}, failed ${tally.failed}\n`);
  }
  await Promise.all(running);
  agent.destroy();
  return tally;
}

function percentile(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

function report(tally: Tally) {
  const sorted = tally.millis.toSorted((a, b) => a - b);
  return {
    sent: tally.sent,
    failed: tally.failed,
    retried: tally.retried,
    millis: { median: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), slowest: percentile(sorted, 1) },
    pods: Object.fromEntries([...tally.pods].sort()),
    nodes: Object.fromEntries([...tally.nodes].sort()),
    causes: Object.fromEntries(tally.causes),
    ...(tally.firstFailure === undefined ? {} : { firstFailure: tally.firstFailure }),
  };
}

function asText({
  sent,
  failed,
  retried,
  millis,
  pods,
  nodes,
  causes,
  firstFailure,
}: ReturnType<typeof report>): string {
  const shares = (map: Record<string, number>) =>
    Object.entries(map)
      .map(([name, number]) => `${name} ${number}`)
      .join(", ");
  return [
    ...Object.entries(causes).map(([cause, number]) => `failed ${number} times: ${cause}`),
    ...(firstFailure === undefined ? [] : [`first failure at ${firstFailure}`]),
    `nodes: ${shares(nodes)}`,
    `pods: ${shares(pods)}`,
    `milliseconds: median ${millis.median}, 99 of 100 under ${millis.p99}, slowest ${millis.slowest}`,
    `sent again on a new connection: ${retried}`,
    `sent: ${sent}`,
    `failed: ${failed}`,
    "",
  ].join("\n");
}

try {
  const wanted = readArguments(process.argv.slice(2));
  const found = report(await load(wanted));
  process.stdout.write(wanted.json ? `${JSON.stringify(found)}\n` : asText(found));
  process.exitCode = found.failed === 0 ? 0 : 1;
} catch (error) {
  process.stderr.write(`load: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
