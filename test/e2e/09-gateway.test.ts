// The seed's router: the gateway's table leads to the nodes that are alive, and to no other.
import { expect, test } from "vitest";
import { containers } from "../../hack/cluster/addresses.ts";
import { docker } from "../../hack/cluster/docker.ts";
import { exchange } from "../../hack/main-job/exchange.ts";
import { waitUntilReady } from "../../hack/main-job/ready.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { dockerExec, eventually, kube, list, shop, shopUrl } from "./cluster.ts";

const addressOf = (node: string): Promise<string> =>
  kube(["get", "node", node, "-o", 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}']);

async function nextHops(): Promise<string> {
  return (await dockerExec(containers.gateway, ["ip", "route", "show", "198.51.100.0/24"])).stdout;
}

async function publicNodes(): Promise<string[]> {
  return (await list("nodes", "-l", "webflow.dev/subnet=public")).map(({ metadata }) => metadata.name).sort();
}

test("the gateway has no way into the private subnet, and what nodes send out goes by its address", async () => {
  const [node] = await list<KubeObject & { spec: { podCIDR: string } }>("nodes", "-l", "webflow.dev/subnet=private");
  const routes = (await dockerExec(containers.gateway, ["ip", "route"])).stdout;
  expect(routes).toContain(`blackhole ${await addressOf(node?.metadata.name ?? "")}`);
  expect(routes).toContain(`blackhole ${node?.spec.podCIDR}`);
  expect((await dockerExec(containers.gateway, ["iptables", "-t", "nat", "-S", "POSTROUTING"])).stdout).toContain(
    "MASQUERADE",
  );
});

test("a node that is dead leaves the routing table, requests go on, and it comes back", async () => {
  const [dead = "", alive = ""] = await publicNodes();
  const [gone, stays] = await Promise.all([addressOf(dead), addressOf(alive)]);
  expect(await nextHops()).toContain(gone);
  await docker(["pause", dead]);
  try {
    await eventually("the dead next hop is dropped", 20, async () => !(await nextHops()).includes(gone));
    expect(await nextHops()).toContain(stays);
  } finally {
    await docker(["unpause", dead]);
  }
  await eventually("the next hop is back", 20, async () => (await nextHops()).includes(gone));
  expect((await exchange({ url: `${shopUrl}/healthz` })).status).toBe(200);
  await waitUntilReady(shop, 120);
});
