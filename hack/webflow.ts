/** `npm run -s webflow -- ARGS`: the CLI against the cluster of `npm run up`, unless KUBECONFIG names another. */
import { existsSync } from "node:fs";
import { runCli } from "../src/cli.ts";
import { kubeconfigPath } from "./cluster/access.ts";

const own = kubeconfigPath();
if (process.env.KUBECONFIG === undefined && existsSync(own)) process.env.KUBECONFIG = own;
process.exitCode = await runCli(process.argv.slice(2));
