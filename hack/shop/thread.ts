// A thread that answers requests: it takes one message per request and sends one back. Everything that is work (reading
// the order, asking the database, writing the page) is done here, so that an answer's thread is the one that did it.

import { setTimeout as sleep } from "node:timers/promises";
import type { MessagePort } from "node:worker_threads";
import { answer, type ShopAnswer, type ShopRequest } from "./answer.ts";
import type { ShopConfig } from "./config.ts";
import type { Served } from "./page.ts";
import { type OrderStore, openPool, orderStore } from "./store.ts";

export interface ToThread {
  number: number;
  request: ShopRequest;
}

export interface FromThread {
  number: number;
  answer: ShopAnswer;
}

export const stopMessage = "stop";

interface Means {
  config: ShopConfig;
  threadId: number;
  env: NodeJS.ProcessEnv;
  log(event: Record<string, unknown>): void;
}

export function runThread(port: MessagePort, { config, threadId, env, log }: Means): void {
  const store = orderStore(openPool(env));
  const served = { pod: config.pod, node: config.node, process: process.pid, thread: threadId };
  void prepareTable(store, log);
  port.on("message", async (message: ToThread | typeof stopMessage) => {
    if (message === stopMessage) {
      await store.close().catch(() => undefined);
      port.close();
      process.exit(0);
    }
    const { number, request } = message;
    const said = await answer(request, { store, served, burn }).catch((error: unknown) => {
      log({ event: "unexpected", error: String(error) });
      return failed(served);
    });
    port.postMessage({ number, answer: said } satisfies FromThread);
  });
}

const mistake = { status: 500, error: "the shop made a mistake; it is in its log" };

export function failed(served: Served, { status, error } = mistake): ShopAnswer {
  const headers = { "content-type": "application/json; charset=utf-8" };
  return { status, headers, body: `${JSON.stringify({ error, served })}\n` };
}

/** Requests make the table as well; this only spares the first of them the wait. */
async function prepareTable(store: OrderStore, log: Means["log"]): Promise<void> {
  let said = "";
  for (let wait = 250; ; wait = Math.min(wait * 2, 5000)) {
    try {
      return await store.prepare();
    } catch (error) {
      const message = error instanceof Error ? error.message : "failed";
      if (message !== said) log({ event: "database", message });
      said = message;
      await sleep(wait, undefined, { ref: false });
    }
  }
}

function burn(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}
