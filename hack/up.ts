// `npm run up`: the cluster and its surroundings, then the operator, the sample and the proof that requests pass.
import { metricsServed } from "./cluster/addons.ts";
import { ensureCluster } from "./cluster/lifecycle.ts";
import { main } from "./cluster/main.ts";
import { elapsed, say, step } from "./cluster/progress.ts";
import { withLock } from "./cluster/state.ts";
import { steps } from "./main-job/steps.ts";

async function up(): Promise<number> {
  const made = await withLock(ensureCluster);
  say(made ? "the cluster is up" : "nothing to do for the cluster");
  for (const { title, run } of steps) await step(title, run);
  if (made) await step("metrics of the nodes are served", metricsServed);
  say(`done in ${elapsed()}`);
  return 0;
}

await main(up);
