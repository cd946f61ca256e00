// `npm run down`: removes the cluster and everything around it; what was built stays in the cache.
import { takeDown } from "./cluster/lifecycle.ts";
import { main } from "./cluster/main.ts";
import { step } from "./cluster/progress.ts";
import { withLock } from "./cluster/state.ts";

async function down(): Promise<number> {
  await withLock(() => step("take the cluster down", takeDown));
  return 0;
}

await main(down);
