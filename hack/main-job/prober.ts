// The prober outside: the operator's own file, run in prober mode on the browser's host, so that the public leg is asked
// from where a person is. Started when it is missing or another version runs.

import { onBrowser } from "../cluster/access.ts";
import { containers } from "../cluster/addresses.ts";
import { docker } from "../cluster/docker.ts";
import { until } from "../cluster/run.ts";
import type { Contents } from "./images.ts";
import type { Trust } from "./trust.ts";

export const proberPort = 8443;
const folder = "/opt/webflow";
const trustFolder = "/etc/webflow/prober";
const pidFile = "/run/webflow-prober.pid";
const log = "/var/log/webflow-prober.log";

async function shell(script: string, input?: string): Promise<string> {
  const done = await onBrowser(["sh", "-c", script], input === undefined ? {} : { input });
  if (done.code === 0) return done.stdout;
  throw new Error(`on the browser's host: ${script.slice(0, 80)} ended with code ${done.code}: ${done.stderr.trim()}`);
}

/** Any HTTP answer will do: without the token there is none but a refusal. */
async function answers(): Promise<boolean> {
  const url = `https://127.0.0.1:${proberPort}/`;
  const asked = await onBrowser(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "3", url]);
  return asked.code === 0 && asked.stdout !== "000";
}

async function runningContent(): Promise<string | undefined> {
  const text = await shell(`kill -0 "$(cat ${pidFile} 2>/dev/null)" 2>/dev/null && cat ${folder}/content || true`);
  return text.trim() || undefined;
}

/** Five seconds to end by itself, then none. */
const stopScript = `pid=$(cat ${pidFile} 2>/dev/null) || exit 0
rm -f ${pidFile}
kill "$pid" 2>/dev/null || exit 0
for turn in $(seq 50); do kill -0 "$pid" 2>/dev/null || exit 0; sleep 0.1; done
kill -9 "$pid"`;

async function install(contents: Contents, { certificate, key, token }: Trust): Promise<void> {
  await shell(`mkdir -p ${folder} ${trustFolder} && chmod 700 ${trustFolder}`);
  for (const [name, text] of Object.entries({ "tls.crt": certificate, "tls.key": key, token })) {
    await shell(`umask 077; cat > ${trustFolder}/${name}`, text);
  }
  await docker(["cp", contents.bundleFile, `${containers.browser}:${folder}/webflow.mjs`]);
  await shell(`cat > ${folder}/content`, contents.operator);
}

async function start(): Promise<void> {
  const script = `echo $$ > ${pidFile}; exec node ${folder}/webflow.mjs prober >> ${log} 2>&1`;
  const environment = ["-e", "NODE_ENV=production", "-e", `WEBFLOW_PROBER_DIR=${trustFolder}`];
  await docker(["exec", "-d", ...environment, containers.browser, "sh", "-c", script]);
}

export async function proberOutside(contents: Contents, own: Trust): Promise<void> {
  if ((await runningContent()) === contents.operator && (await answers())) return;
  await shell(stopScript);
  await install(contents, own);
  await start();
  await until("the prober on the browser's host answers", 20, async () => ((await answers()) ? true : undefined)).catch(
    async (error: Error) => {
      throw new Error(`${error.message}; its last words:\n${await shell(`tail -n 15 ${log}`)}`);
    },
  );
}
