// The threads of one worker process: each request goes to the thread with the least to do, the one after the last
// among equals; a thread that dies is replaced, and what it had in hand is answered 500 rather than never.

import { Worker } from "node:worker_threads";
import type { ShopAnswer, ShopRequest } from "./answer.ts";
import type { Served } from "./page.ts";
import { type FromThread, failed, stopMessage, type ToThread } from "./thread.ts";

export interface ThreadsOptions {
  script: URL;
  count: number;
  /** The process itself, which speaks when no thread does. */
  served: Served;
  /** Longest wait for a thread's answer. */
  patienceMillis: number;
  log(event: Record<string, unknown>): void;
}

interface Slot {
  worker: Worker;
  inHand: Map<number, (answer: ShopAnswer) => void>;
}

export class Threads {
  readonly #options: ThreadsOptions;
  readonly #slots: Slot[] = [];
  #number = 0;
  #stopping = false;

  constructor(options: ThreadsOptions) {
    this.#options = options;
    for (let index = 0; index < options.count; index++) this.#start(index);
  }

  answer(request: ShopRequest): Promise<ShopAnswer> {
    const number = ++this.#number;
    const slot = this.#leastBusy(number);
    const { patienceMillis, served } = this.#options;
    return new Promise((resolve) => {
      const done = (said: ShopAnswer): void => {
        clearTimeout(timer);
        slot.inHand.delete(number);
        resolve(said);
      };
      const timer = setTimeout(
        () => done(failed(served, { status: 503, error: `no thread answered within ${patienceMillis} ms` })),
        patienceMillis,
      );
      slot.inHand.set(number, done);
      slot.worker.postMessage({ number, request } satisfies ToThread);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#slots.map(
        ({ worker }) =>
          new Promise<void>((resolve) => {
            worker.once("exit", () => resolve());
            worker.postMessage(stopMessage);
          }),
      ),
    );
  }

  #leastBusy(number: number): Slot {
    const from = number % this.#slots.length;
    const inTurn = [...this.#slots.slice(from), ...this.#slots.slice(0, from)];
    return inTurn.reduce((least, other) => (other.inHand.size < least.inHand.size ? other : least));
  }

  #start(index: number): void {
    const worker = new Worker(this.#options.script);
    const slot: Slot = { worker, inHand: new Map() };
    this.#slots[index] = slot;
    worker.on("message", ({ number, answer }: FromThread) => slot.inHand.get(number)?.(answer));
    worker.on("error", (error) => this.#options.log({ event: "thread-failed", error: String(error) }));
    worker.on("exit", () => {
      for (const done of slot.inHand.values()) done(failed(this.#options.served));
      if (!this.#stopping) setTimeout(() => this.#start(index), 250);
    });
  }
}
