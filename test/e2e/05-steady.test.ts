// Claim 5, second part: no request is lost over a roll-out and the drain of a node.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { eventually, kube, list, load, long, readFlow, shop, shopUrl } from "./cluster.ts";

const rate = 50;
const seconds = long ? 180 : 75;

async function publicNode(): Promise<string> {
  const nodes = await list("nodes", "-l", "webflow.dev/subnet=public");
  return nodes.map((node) => node.metadata.name).sort()[0] ?? "";
}

/** A drained node gets no pod back by itself: a roll-out spreads them again, as the status then says. */
afterAll(async () => {
  await kube(["uncordon", await publicNode()]);
  await rollOut();
  await eventually("shop is Healthy at every hop again", 120, async () => {
    const { status } = await readFlow(shop);
    return status?.hops?.every((hop) => hop.state === "Healthy") && status.observedGeneration !== undefined;
  });
}, 300_000);

async function rollOut(): Promise<void> {
  await kube(["-n", shop.namespace, "rollout", "restart", `deployment/${shop.name}`]);
  await kube(["-n", shop.namespace, "rollout", "status", `deployment/${shop.name}`, "--timeout=120s"]);
}

test(`${rate} requests a second for ${seconds} s over a roll-out and a drain: none fails`, {
  timeout: (seconds + 120) * 1000,
}, async () => {
  const node = await publicNode();
  const loading = load(`${shopUrl}/`, rate, seconds);
  const disturb = async (): Promise<void> => {
    await sleep(5000);
    await rollOut();
    await sleep(3000);
    await kube(["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"]);
  };
  const disturbing = disturb().then(() => Date.now());
  const report = await loading;
  const ended = Date.now();
  expect(await disturbing, "the drain ended while the load went on").toBeLessThan(ended);
  expect(report.sent).toBe(rate * seconds);
  expect(report.failed, JSON.stringify(report)).toBe(0);
});
