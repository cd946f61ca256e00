// `npm run -s browser -- CMD ARGS`: a command on the browser's host, outside the cluster.
import { browserInTerminal } from "./cluster/access.ts";
import { main } from "./cluster/main.ts";

await main(async () => browserInTerminal(process.argv.slice(2)));
