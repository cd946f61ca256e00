/** The one program of the image; its first argument picks the mode. Signals in, ordered stop out. */
import { runCli } from "./cli.ts";
import { ConfigError, readConfig } from "./config.ts";
import { sleep, systemClock } from "./kernel/run/clock.ts";
import { runOperator } from "./operator/operator.ts";
import { handshakeMain } from "./probe/handshake-main.ts";
import { canaryMode, proberMode } from "./probe/modes.ts";
import { createLog } from "./telemetry/log.ts";
import { version } from "./version.ts";

const [mode = "help", ...rest] = process.argv.slice(2);
const environment = process.env;
const clock = systemClock;

async function main(): Promise<number> {
  switch (mode) {
    case "operator":
      return operator();
    case "prober":
      return serve(() => proberMode({ environment, clock, log: newLog() }));
    case "canary":
      return serve(() => canaryMode({ environment, clock, log: newLog() }));
    case "handshake":
      return handshakeMain({ environment, clock });
    default:
      return runCli([mode, ...rest]);
  }
}

async function operator(): Promise<number> {
  const config = readConfig(environment);
  const log = createLog({ level: config.logLevel, base: { pod: config.podName } });
  const apiServer = environment.KUBERNETES_SERVICE_HOST;
  const ended = await runOperator({ config, clock, log, version, apiServer }, untilTold());
  // One that has lost the lease must not linger with a view and a queue of its own: it starts afresh.
  return ended === "stopped" ? 0 : 1;
}

async function serve(start: () => Promise<{ close(): Promise<void> }>): Promise<number> {
  const told = untilTold();
  const server = await start();
  await new Promise<void>((resolve) => {
    if (told.aborted) resolve();
    else told.addEventListener("abort", () => resolve(), { once: true });
  });
  // A connection in the middle of its handshake belongs to nobody yet and would hold up the end.
  await Promise.race([server.close(), sleep(clock, 3000)]);
  return 0;
}

const newLog = () => createLog({ level: environment.WEBFLOW_LOG_LEVEL ?? "info", base: { pod: environment.POD_NAME } });

function untilTold(): AbortSignal {
  const told = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => told.abort());
  return told.signal;
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(
    `webflow: ${error instanceof ConfigError || !(error instanceof Error) ? String(error) : (error.stack ?? error.message)}\n`,
  );
  process.exit(1);
}
