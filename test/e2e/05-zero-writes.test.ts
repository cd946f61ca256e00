// Claim 5, third part: when nothing happens the operator writes nothing, and a restart of it writes nothing either.
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../src/kernel/objects.ts";
import {
  conditionOf,
  eventually,
  kube,
  long,
  need,
  operatorUser,
  operatorWritesSince,
  readFlow,
  shop,
  writesSince,
} from "./cluster.ts";

const quiet = long ? 600 : 60;

/** Until the news of the tests before are told: Ready, nothing on its way, and no write for a while. */
async function settled(): Promise<void> {
  await eventually("the group is at its smallest and the operator has come to rest", 420, async () => {
    const flow = await readFlow(shop);
    const rests = conditionOf(flow, "Ready")?.status === "True" && conditionOf(flow, "Reconciling")?.status !== "True";
    const { spec } = await need<KubeObject & { spec: { replicas: number } }>(
      ...["-n", shop.namespace, "deployment", shop.name],
    );
    return rests && spec.replicas === 2 && operatorWritesSince(new Date(Date.now() - 20_000)).length === 0;
  });
}

/** What a status that was written anyway has to say: the facts that have moved since. */
async function factsSince(time: Date): Promise<string[]> {
  const facts = (await readFlow(shop)).status?.hops?.flatMap((hop) => hop.facts.map((fact) => ({ hop, fact }))) ?? [];
  const moved = facts.filter(({ fact }) => new Date(fact.since ?? 0).getTime() > time.getTime() - 1000);
  return moved.map(({ hop, fact }) => `${hop.hop} ${fact.name} ${fact.state} ${fact.reason} since ${fact.since}`);
}

beforeAll(settled, 500_000);

test(`${quiet} idle seconds: no write by the operator but its Lease`, { timeout: (quiet + 60) * 1000 }, async () => {
  const since = new Date();
  await sleep(quiet * 1000);
  expect(operatorWritesSince(since), (await factsSince(since)).join("; ")).toEqual([]);
  const leases = writesSince(since).filter(
    ({ user, objectRef }) => user.username === operatorUser && objectRef?.resource === "leases",
  );
  expect(leases.length, "the audit log does tell of the operator").toBeGreaterThan(0);
});

test("the operator is restarted, and no child is written", async () => {
  const since = new Date();
  await kube(["-n", "webflow-system", "rollout", "restart", "deployment/webflow-operator"]);
  await kube(["-n", "webflow-system", "rollout", "status", "deployment/webflow-operator", "--timeout=180s"]);
  await sleep(30_000);
  expect(operatorWritesSince(since), (await factsSince(since)).join("; ")).toEqual([]);
  expect(conditionOf(await readFlow(shop), "Ready")?.status).toBe("True");
});
