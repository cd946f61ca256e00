// `npm run -s kubectl -- ARGS`: kubectl against the cluster that runs.
import { kubectlInTerminal } from "./cluster/access.ts";
import { main } from "./cluster/main.ts";

await main(async () => kubectlInTerminal(process.argv.slice(2)));
