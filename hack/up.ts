// `npm run up`: the cluster and its surroundings, then the operator, the sample and the proof that requests pass.
import { metricsServed } from "./cluster/addons.ts";
import { ensureCluster } from "./cluster/lifecycle.ts";
import { takeLock } from "./cluster/lock.ts";
import { main, stopOnSignal } from "./cluster/main.ts";
import { elapsed, say, step } from "./cluster/progress.ts";
import { steps } from "./main-job/steps.ts";

async function up(): Promise<number> {
  takeLock();
  const made = await ensureCluster();
  say(made ? "the cluster is up" : "nothing to do for the cluster");
  for (const { title, run } of steps) await step(title, run);
  if (made) await step("metrics of the nodes are served", metricsServed);
  say(`done in ${elapsed()}`);
  return 0;
}

stopOnSignal();
await main(up);
