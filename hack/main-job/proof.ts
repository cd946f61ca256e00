// The proof: requests made on the browser's host, by host name, each answer checked and shown with the pod, node,
// process and thread that gave it. Posts are made once in the life of a cluster.
import { existsSync, writeFileSync } from "node:fs";
import { inRun } from "../cluster/paths.ts";
import type { Served } from "../shop/page.ts";
import { type Came, exchange, HopFailed, hopOfAnswer, type Request } from "./exchange.ts";

export interface Shop {
  /** Without a slash at the end. */
  url: string;
  /** What its answers say in `webflow-flow`. */
  flow: string;
}

interface Wanted {
  title: string;
  request: Request;
  status: number;
  /** Text that must be in the body. */
  holds: RegExp;
}

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/** Who served: in JSON by fields, on a page in words. */
export function servedIn(body: string): Served | undefined {
  if (body.startsWith("{")) return (JSON.parse(body) as { served?: Served }).served;
  const [, pod, node, process, thread] =
    /Served by pod (\S+) on node (\S+), process (\d+), thread (\d+)/.exec(body) ?? [];
  return pod && node && process && thread ? { pod, node, process: Number(process), thread: Number(thread) } : undefined;
}

export function check(came: Came, { request, status, holds }: Wanted, flow: string): Served {
  const own = came.headers.get("webflow-flow");
  const fail = (message: string): HopFailed =>
    new HopFailed(hopOfAnswer(came.status, came.body, own !== undefined), `${request.url}: ${message}`);
  if (came.status !== status)
    throw fail(`wanted status ${status}, got ${came.status}: ${came.body.trim().slice(0, 200)}`);
  if (own !== flow)
    throw new HopFailed(
      "router",
      `${request.url}: wanted an answer of ${flow}, got one of ${own ?? "someone who does not say"}`,
    );
  if (!holds.test(came.body))
    throw new HopFailed("response", `${request.url}: the answer does not hold ${holds.source}`);
  const served = servedIn(came.body);
  if (!served?.pod || !served.node || !served.process || !served.thread) {
    throw new HopFailed(
      "process",
      `${request.url}: the answer does not say which pod, node, process and thread served it`,
    );
  }
  return served;
}

async function prove(shop: Shop, wanted: Wanted): Promise<Came> {
  const came = await exchange(wanted.request);
  const { pod, node, process: id, thread } = check(came, wanted, shop.flow);
  const line = `${wanted.title.padEnd(10)} ${String(came.status)}  pod ${pod}  node ${node}  process ${id}  thread ${thread}  ${came.millis} ms`;
  process.stdout.write(`${line}\n`);
  return came;
}

async function postOnce(shop: Shop): Promise<void> {
  const orders = `${shop.url}/orders`;
  const created = { status: 201, holds: /"id":\d+/ };
  const form = { url: orders, form: "item=bar&quantity=1" };
  await prove(shop, { title: "POST form", request: form, ...created });
  const json = { url: orders, json: '{"item":"bar","quantity":2}' };
  const came = await prove(shop, { title: "POST JSON", request: json, ...created });
  const { id } = JSON.parse(came.body) as { id: number };
  const holds = new RegExp(`"id":${id},"item":"bar","quantity":2`);
  await prove(shop, { title: `GET order`, request: { url: `${orders}/${id}` }, status: 200, holds });
}

export async function proof(shop: Shop): Promise<void> {
  const request = { url: `${shop.url}/`, accept: browserAccepts };
  await prove(shop, { title: "GET page", request, status: 200, holds: /<form method="post" action="\/orders">/ });
  const posted = inRun("posted");
  if (existsSync(posted)) return;
  await postOnce(shop);
  writeFileSync(posted, `${new Date().toISOString()}\n`);
}
