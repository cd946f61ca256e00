// What the end-to-end tests share: kubectl, the browser's host, the audit log, waiting, and flows of a test's own.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import {
  type AuditEvent,
  auditLog,
  dockerExec,
  kubeconfigPath,
  kubectl,
  kubectlPath,
  onBrowser,
} from "../../hack/cluster/access.ts";
import { projectRoot } from "../../hack/cluster/paths.ts";
import { attempt, type Outcome } from "../../hack/cluster/run.ts";
import { generatorCommand } from "../../hack/load.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { labels } from "../../src/webflow/address.ts";
import type { Condition, HopName, HopStatus, WebFlow } from "../../src/webflow/types.ts";

export type { AuditEvent } from "../../hack/cluster/access.ts";
export { dockerExec, onBrowser };

/** Long runs by hand (`npm test -- long`); a sample of each in the gate. */
export const long = process.env.WEBFLOW_LONG === "1";
export const operatorUser = "system:serviceaccount:webflow-system:webflow-operator";
export const shop = { namespace: "default", name: "shop" } as const;
export const shopUrl = "http://shop.example.test";

export interface FlowName {
  namespace: string;
  name: string;
}

/** Runs kubectl and returns what it printed; throws with its words when it fails. */
export async function kube(args: readonly string[], input?: string): Promise<string> {
  const done = await kubectl(args, input === undefined ? {} : { input });
  if (done.code === 0) return done.stdout;
  throw new Error(`kubectl ${args.slice(0, 6).join(" ")}: ${done.stderr.trim()}`);
}

/** The webflow command against this cluster. */
export function webflow(...args: string[]): Promise<Outcome> {
  const script = join(projectRoot, "hack", "webflow.ts");
  return attempt([process.execPath, "--disable-warning=ExperimentalWarning", script, ...args], { timeoutMs: 60_000 });
}

export async function get<T = KubeObject>(...args: string[]): Promise<T | undefined> {
  const text = await kube(["get", ...args, "-o", "json", "--ignore-not-found"]);
  return text.trim() === "" ? undefined : (JSON.parse(text) as T);
}

export async function list<T = KubeObject>(...args: string[]): Promise<T[]> {
  return (await get<{ items: T[] }>(...args))?.items ?? [];
}

export async function need<T = KubeObject>(...args: string[]): Promise<T> {
  const found = await get<T>(...args);
  if (!found) throw new Error(`there is no ${args.join(" ")}`);
  return found;
}

export function readFlow({ namespace, name }: FlowName): Promise<WebFlow> {
  return need<WebFlow>("-n", namespace, "webflow", name);
}

export const conditionOf = (flow: WebFlow, type: string): Condition | undefined =>
  flow.status?.conditions?.find((condition) => condition.type === type);

export const hopOf = (flow: WebFlow, hop: HopName): HopStatus | undefined =>
  flow.status?.hops?.find((each) => each.hop === hop);

/** Asks until the answer is neither undefined nor false. */
export async function eventually<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what}: not so within ${seconds} s`);
    await sleep(300);
  }
}

/** Writes that the API server answered since then, oldest first. A dry run is none: it is how a Secret is asked after. */
export function writesSince(time: Date): AuditEvent[] {
  const verbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);
  const written = (event: AuditEvent) => verbs.has(event.verb) && !event.requestURI.includes("dryRun=");
  return auditLog().filter((event) => written(event) && new Date(event.stageTimestamp) >= time);
}

/**
 * What the operator wrote, but for its Lease and the Jobs of the allowed side, which are counted apart. A review asks the
 * API server something and stores nothing.
 */
export function operatorWritesSince(time: Date): string[] {
  const apart = new Set(["leases", "jobs", "tokenreviews", "subjectaccessreviews", "selfsubjectaccessreviews"]);
  return writesSince(time)
    .filter((event) => event.user.username === operatorUser && !apart.has(event.objectRef?.resource ?? ""))
    .map(describeWrite);
}

export function describeWrite({ stageTimestamp, verb, objectRef, responseStatus }: AuditEvent): string {
  const { resource = "", subresource, namespace = "", name = "" } = objectRef ?? {};
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${stageTimestamp} ${verb} ${what} ${namespace}/${name} ${responseStatus?.code ?? ""}`;
}

/** Milliseconds from the last deletion of an object to the operator's making it anew; undefined while it is away. */
export function millisUntilRemade(since: Date, resource: string, { namespace, name }: FlowName): number | undefined {
  const of = writesSince(since).filter(
    ({ objectRef: ref }) =>
      ref?.resource === resource && ref.namespace === namespace && ref.name === name && !ref.subresource,
  );
  const gone = of.findLast((event) => event.verb === "delete" && event.user.username !== operatorUser);
  const back = of.find(
    (event) =>
      gone !== undefined &&
      event.user.username === operatorUser &&
      event.responseStatus?.code === 201 &&
      event.stageTimestamp > gone.stageTimestamp,
  );
  if (!gone || !back) return undefined;
  return new Date(back.stageTimestamp).getTime() - new Date(gone.stageTimestamp).getTime();
}

export async function apply(...objects: KubeObject[]): Promise<void> {
  await kube(["apply", "--server-side", "-f", "-"], objects.map((object) => stringify(object)).join("---\n"));
}

/** A namespace of a test's own, under restricted Pod Security; one that an earlier run left behind is waited out. */
export async function makeNamespace(name: string): Promise<void> {
  const old = await get("namespace", name);
  if (old?.metadata.deletionTimestamp) await kube(["wait", "--for=delete", `namespace/${name}`, "--timeout=180s"]);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
}

/** A WebFlow of a test's own: the sample's image behind a host of its own. */
export function flowObject({ namespace, name }: FlowName, spec: Record<string, unknown> = {}): KubeObject {
  return {
    apiVersion: "webflow.dev/v1alpha1",
    kind: "WebFlow",
    metadata: { namespace, name },
    spec: {
      host: `${name}.example.test`,
      vmGroup: { min: 1, max: 1 },
      process: { image: "shop:0.1.0", ports: [{ name: "http", port: 8080 }], health: { path: "/healthz" } },
      ...spec,
    },
  };
}

/** Goes on in the background: the next file need not wait for it. */
export async function deleteNamespace(name: string): Promise<void> {
  await kube(["delete", "namespace", name, "--ignore-not-found", "--wait=false"]);
}

/** Everything of a flow, by the label that all its children wear. */
export async function childrenOf({ namespace, name }: FlowName): Promise<KubeObject[]> {
  const kinds = [
    ...["deployments", "statefulsets", "services", "serviceaccounts", "ingresses", "networkpolicies"],
    ...["horizontalpodautoscalers", "poddisruptionbudgets", "persistentvolumeclaims", "secrets"],
  ];
  return list("-n", namespace, kinds.join(","), "-l", `${labels.flow}=${name}`);
}

/** Every value that Ready takes from now on, as the API server tells of it. */
export function watchReady({ namespace, name }: FlowName): { stop(): string[] } {
  const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{" "}{.status.brokenAt}{"\\n"}';
  const args = ["--kubeconfig", kubeconfigPath(), "-n", namespace, "get", "webflow", name, "--watch", "-o", path];
  const child = spawn(kubectlPath(), args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (part: Buffer) => {
    text += part.toString();
  });
  return {
    stop() {
      child.kill();
      return text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
    },
  };
}

export interface LoadReport {
  sent: number;
  failed: number;
  retried: number;
  pods: Record<string, number>;
  nodes: Record<string, number>;
  causes: Record<string, number>;
}

/** The load generator on the browser's host, to its end. */
export async function load(url: string, rate: number, seconds: number): Promise<LoadReport> {
  const options = ["--url", url, "--rate", String(rate), "--seconds", String(seconds), "--json"];
  const done = await onBrowser(await generatorCommand(options), { timeoutMs: (seconds + 60) * 1000 });
  if (done.stdout === "") throw new Error(`the load generator ended with code ${done.code}: ${done.stderr.trim()}`);
  return JSON.parse(done.stdout) as LoadReport;
}

/** Tries a TCP connection from inside a container of the picture; "open", or how it failed. */
export async function connectFrom(container: string, address: string, port: number): Promise<string> {
  const done = await dockerExec(container, ["nc", "-vz", "-w", "3", address, String(port)]);
  return done.code === 0 ? "open" : done.stderr.trim() || "no connection";
}

export const connectScript = (address: string, port: number): string =>
  `const s=require("node:net").connect({host:"${address}",port:${port},timeout:4000});` +
  `const say=(t)=>{console.log(t);process.exit(0)};` +
  `s.on("connect",()=>say("open"));s.on("timeout",()=>say("timeout"));s.on("error",(e)=>say(e.code));`;
