/** The modes of our image that carry questions: prober and canary, from the environment to a running server. */
import { isIP } from "node:net";
import { join } from "node:path";
import type { Logger } from "../kernel/hooks.ts";
import type { Clock } from "../kernel/run/clock.ts";
import type { Environment } from "./ask-postgres.ts";
import { type Canary, startCanary } from "./canary.ts";
import { fileValue } from "./file-value.ts";
import { neverAsked, refusing } from "./guard.ts";
import { type ProberServer, startProberServer } from "./prober-server.ts";

export interface ModeOptions {
  environment: Environment;
  clock: Clock;
  log: Logger;
}

/**
 * WEBFLOW_PROBER_DIR: folder with tls.crt, tls.key and token. WEBFLOW_PROBER_PORT: 8443. WEBFLOW_NEVER_ASK: more
 * addresses and prefixes that are never asked, separated by commas. WEBFLOW_PROBER_CA: file of authorities that are
 * trusted beside those that Node trusts.
 */
export function proberMode({ environment, clock, log }: ModeOptions): Promise<ProberServer> {
  const directory = environment.WEBFLOW_PROBER_DIR ?? "/etc/webflow/prober";
  const apiServer =
    isIP(environment.KUBERNETES_SERVICE_HOST ?? "") === 0 ? "" : (environment.KUBERNETES_SERVICE_HOST ?? "");
  const more = (environment.WEBFLOW_NEVER_ASK ?? "").split(",").concat(apiServer);
  const ca = environment.WEBFLOW_PROBER_CA;
  return startProberServer({
    port: portOf(environment.WEBFLOW_PROBER_PORT, 8443, "WEBFLOW_PROBER_PORT"),
    certificate: fileValue(join(directory, "tls.crt")),
    key: fileValue(join(directory, "tls.key")),
    token: fileValue(join(directory, "token")),
    refuse: refusing([...neverAsked, ...more.map((entry) => entry.trim()).filter((entry) => entry !== "")]),
    clock,
    log,
    ...(ca === undefined || ca === "" ? {} : { ca: [fileValue(ca)()] }),
  });
}

/** WEBFLOW_CANARY_OPEN: 9001. WEBFLOW_CANARY_DENIED: 9002. */
export async function canaryMode({ environment, log }: ModeOptions): Promise<Canary> {
  const open = portOf(environment.WEBFLOW_CANARY_OPEN, 9001, "WEBFLOW_CANARY_OPEN");
  const denied = portOf(environment.WEBFLOW_CANARY_DENIED, 9002, "WEBFLOW_CANARY_DENIED");
  const canary = await startCanary({ open, denied });
  log.info({ open: canary.open, denied: canary.denied }, "the canary listens");
  return canary;
}

function portOf(text: string | undefined, usual: number, name: string): number {
  const port = text === undefined || text === "" ? usual : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new Error(`${name} is "${text}": use a port from 1 to 65535`);
  return port;
}
