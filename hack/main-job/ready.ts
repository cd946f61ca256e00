// Waits until the WebFlow is Ready, telling of each hop as it changes; a time-out names the hop that is not there.
import { setTimeout as sleep } from "node:timers/promises";
import { type HopStatus, hopNames, type WebFlow } from "../../src/webflow/types.ts";
import { kubectl } from "../cluster/addons/manifests.ts";
import { say } from "../cluster/progress.ts";

export interface FlowName {
  namespace: string;
  name: string;
}

/** What is not as a Ready flow has it, the cause first; undefined when all is well. */
export function obstacle(flow: WebFlow | undefined): string | undefined {
  const { status } = flow ?? {};
  const ready = status?.conditions?.find((condition) => condition.type === "Ready");
  if (!flow || !status || !ready) return "no operator has judged it yet";
  if (status.observedGeneration !== flow.metadata.generation) return "the operator has not seen its last change yet";
  if (ready.status === "True") return undefined;
  const hops = status.hops ?? [];
  const fine = new Set(["Healthy", "Degraded", "NotApplicable"]);
  const hop = hops.find((each) => each.hop === status.brokenAt) ?? hops.find((each) => !fine.has(each.state));
  if (hop) return `hop ${hop.hop} is ${describe(hop)}`;
  return `${ready.reason}: ${ready.message}`;
}

const describe = ({ state, reason, message }: HopStatus) => `${state}, ${reason}: ${message}`;

async function read({ namespace, name }: FlowName): Promise<WebFlow | undefined> {
  const text = await kubectl(["-n", namespace, "get", "webflow", name, "-o", "json", "--ignore-not-found"]);
  return text.trim() === "" ? undefined : (JSON.parse(text) as WebFlow);
}

function tell(flow: WebFlow | undefined, told: Map<string, string>): void {
  for (const name of hopNames) {
    const hop = flow?.status?.hops?.find((each) => each.hop === name);
    const text = hop ? describe(hop) : "not judged yet";
    if (told.get(name) === text) continue;
    told.set(name, text);
    if (hop) say(`  ${name.padEnd(9)} ${text}`);
  }
}

export async function waitUntilReady(name: FlowName, seconds: number): Promise<WebFlow> {
  const end = Date.now() + seconds * 1000;
  const told = new Map<string, string>();
  for (;;) {
    const flow = await read(name);
    const wrong = obstacle(flow);
    if (flow && wrong === undefined) return flow;
    tell(flow, told);
    if (Date.now() > end)
      throw new Error(`WebFlow ${name.namespace}/${name.name} is not Ready after ${seconds} s: ${wrong}`);
    await sleep(1000);
  }
}
