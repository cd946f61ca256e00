// The first process: it starts the worker processes, replaces one that ends unasked, and hands SIGTERM on.
import cluster from "node:cluster";
import type { ShopConfig } from "./config.ts";

const pause = 500;

export function runPrimary(config: ShopConfig, log: (event: Record<string, unknown>) => void): void {
  let stopping = false;
  for (let index = 0; index < config.workers; index++) cluster.fork();
  log({ event: "started", port: config.port, workers: config.workers, threads: config.threads });
  cluster.on("exit", (worker, code, signal) => {
    if (stopping) {
      if (Object.keys(cluster.workers ?? {}).length === 0) process.exit(0);
      return;
    }
    log({ event: "worker-ended", process: worker.process.pid, code, signal });
    setTimeout(() => {
      if (!stopping) cluster.fork();
    }, pause);
  });
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    log({ event: "stopping" });
    const workers = Object.values(cluster.workers ?? {});
    if (workers.length === 0) process.exit(0);
    for (const worker of workers) worker?.process.kill("SIGTERM");
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
