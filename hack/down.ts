// `npm run down`: removes the cluster and everything around it; what was built stays in the cache.
import { takeDown } from "./cluster/lifecycle.ts";
import { takeLock } from "./cluster/lock.ts";
import { main, stopOnSignal } from "./cluster/main.ts";
import { step } from "./cluster/progress.ts";

async function down(): Promise<number> {
  takeLock();
  await step("take the cluster down", takeDown);
  return 0;
}

stopOnSignal();
await main(down);
