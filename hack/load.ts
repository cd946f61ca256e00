// `npm run -s load -- [--url URL] [--rate N] [--seconds N] [--json]`: the load generator on the browser's host. Ends
// with how many requests were sent and how many failed; exit code 0 only when none did.
import { join } from "node:path";
import { browserInTerminal } from "./cluster/access.ts";
import { containers } from "./cluster/addresses.ts";
import { docker } from "./cluster/docker.ts";
import { main } from "./cluster/main.ts";

const target = "/tmp/generator.ts";

/** Puts the generator on the browser's host and returns the command that runs it there. */
export async function generatorCommand(args: readonly string[]): Promise<string[]> {
  await docker(["cp", join(import.meta.dirname, "load", "generator.ts"), `${containers.browser}:${target}`]);
  return ["node", "--disable-warning=ExperimentalWarning", target, ...args];
}

if (import.meta.main) await main(async () => browserInTerminal(await generatorCommand(process.argv.slice(2))));
