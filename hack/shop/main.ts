// The sample web service: a little shop. One file plays three parts: the first process, its worker processes, and the
// threads inside these that answer requests.
import cluster from "node:cluster";
import { isMainThread, parentPort, threadId } from "node:worker_threads";
import { readConfig, type ShopConfig } from "./config.ts";
import { runPrimary } from "./primary.ts";
import { runThread } from "./thread.ts";
import { runWorker } from "./worker.ts";

function log(event: Record<string, unknown>): void {
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), process: process.pid, thread: threadId, ...event })}\n`,
  );
}

function configOrExit(): ShopConfig {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`shop: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

const config = configOrExit();
if (parentPort && !isMainThread) runThread(parentPort, { config, threadId, env: process.env, log });
else if (cluster.isPrimary) runPrimary(config, log);
else runWorker(config, new URL(import.meta.url), log);
