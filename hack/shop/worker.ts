// One worker process: it shares the port with its siblings and hands each request to one of its threads.
import { threadId } from "node:worker_threads";
import type { ShopConfig } from "./config.ts";
import { closeServer, shopServer } from "./server.ts";
import { Threads } from "./threads.ts";

const patienceMillis = 8000;

export function runWorker(config: ShopConfig, script: URL, log: (event: Record<string, unknown>) => void): void {
  let stopping = false;
  const served = { pod: config.pod, node: config.node, process: process.pid, thread: threadId };
  const threads = new Threads({ script, count: config.threads, served, patienceMillis, log });
  const server = shopServer({
    flow: config.flow,
    served,
    answer: (request) => threads.answer(request),
    stopping: () => stopping,
  });
  server.listen(config.port);
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await closeServer(server, config.stopMillis);
    await threads.stop();
    process.exit(0);
  };
  process.on("SIGTERM", () => void stop());
  process.on("SIGINT", () => void stop());
  // Without its parent nobody would ever stop it.
  process.on("disconnect", () => void stop());
}
