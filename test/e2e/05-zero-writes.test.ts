// Claim 5, third part: when nothing happens the operator writes nothing, and a restart of it writes nothing either.
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  conditionOf,
  eventually,
  kube,
  long,
  operatorUser,
  operatorWritesSince,
  readFlow,
  shop,
  writesSince,
} from "./cluster.ts";

const quiet = long ? 600 : 60;

/** Until the news of the tests before are told: Ready, nothing on its way, and no write for a while. */
async function settled(): Promise<void> {
  await eventually("the operator has come to rest", 240, async () => {
    const flow = await readFlow(shop);
    const rests = conditionOf(flow, "Ready")?.status === "True" && conditionOf(flow, "Reconciling")?.status !== "True";
    return rests && operatorWritesSince(new Date(Date.now() - 20_000)).length === 0;
  });
}

beforeAll(settled, 300_000);

test(`${quiet} idle seconds: no write by the operator but its Lease`, { timeout: (quiet + 60) * 1000 }, async () => {
  const since = new Date();
  await sleep(quiet * 1000);
  expect(operatorWritesSince(since)).toEqual([]);
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
  expect(operatorWritesSince(since)).toEqual([]);
  expect(conditionOf(await readFlow(shop), "Ready")?.status).toBe("True");
});
