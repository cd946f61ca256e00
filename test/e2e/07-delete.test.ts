// Claim 7: a deleted flow leaves its data and credentials and nothing else, and finds them again.
import { afterAll, beforeAll, expect, test } from "vitest";
import { exchange } from "../../hack/main-job/exchange.ts";
import { waitUntilReady } from "../../hack/main-job/ready.ts";
import { labels, names } from "../../src/webflow/address.ts";
import {
  apply,
  childrenOf,
  deleteNamespace,
  eventually,
  flowObject,
  kube,
  makeNamespace,
  onBrowser,
  writesSince,
} from "./cluster.ts";

const bakery = { namespace: "e2e-bakery", name: "bakery" };
const stall = { namespace: "e2e-bakery", name: "stall" };
const url = "http://bakery.example.test";
/** Asks the zone's own server for the name until told to end, as often as twice a second, and at most 200 times. */
const digs = `rm -f /tmp/digs-end; asked=0; failed=0
while [ ! -e /tmp/digs-end ] && [ $asked -lt 200 ]; do
  asked=$((asked + 1))
  [ "$(dig +short +tries=2 +time=1 @198.51.100.53 bakery.example.test)" = 198.51.100.10 ] || failed=$((failed + 1))
  sleep 0.5
done
echo "$asked asked, $failed failed"`;
const object = flowObject(bakery, { database: { engine: "Postgres" }, checks: [{ name: "front", path: "/" }] });

async function addressAt(server: string): Promise<string> {
  const asked = await onBrowser(["dig", "+short", "+tries=1", "+time=2", `@${server}`, "bakery.example.test"]);
  return asked.stdout.trim();
}

beforeAll(() => makeNamespace(bakery.namespace));
afterAll(() => deleteNamespace(bakery.namespace));

let order = 0;

test("a new name is answered within ten seconds", async () => {
  const since = new Date();
  await apply(object);
  await eventually(
    "the zone's own server answers",
    30,
    async () => (await addressAt("198.51.100.53")) === "198.51.100.10",
  );
  const applied = writesSince(since).find(
    ({ objectRef }) => objectRef?.resource === "webflows" && objectRef.name === bakery.name,
  );
  expect(Date.now() - new Date(applied?.stageTimestamp ?? 0).getTime()).toBeLessThanOrEqual(10_000);
});

test("a restart of operator and name servers loses no name, and a new one is answered within ten seconds after it", async () => {
  const asking = onBrowser(["sh", "-c", digs], { timeoutMs: 240_000 });
  for (const deployment of ["webflow-dns", "webflow-operator"]) {
    await kube(["-n", "webflow-system", "rollout", "restart", `deployment/${deployment}`]);
    await kube(["-n", "webflow-system", "rollout", "status", `deployment/${deployment}`, "--timeout=120s"]);
  }
  await onBrowser(["touch", "/tmp/digs-end"]);
  expect((await asking).stdout.trim().split("\n").at(-1)).toMatch(/^[1-9]\d* asked, 0 failed$/);
  const begun = Date.now();
  await apply(flowObject(stall));
  await eventually("the new name is answered", 30, async () => {
    const asked = await onBrowser(["dig", "+short", "+tries=1", "+time=2", "@198.51.100.53", "stall.example.test"]);
    return asked.stdout.trim() === "198.51.100.10";
  });
  expect(Date.now() - begun).toBeLessThanOrEqual(10_000);
});

test("an order is taken", async () => {
  await waitUntilReady(bakery, 180);
  const came = await exchange({ url: `${url}/orders`, json: '{"item":"bread","quantity":4}' });
  expect(came.status).toBe(201);
  order = (JSON.parse(came.body) as { id: number }).id;
});

test("the flow is deleted: everything is gone but the claim and its Secret, and the name is no longer known", async () => {
  await kube(["-n", bakery.namespace, "delete", "webflow", bakery.name, "--timeout=30s"]);
  const left = [`PersistentVolumeClaim/${names.databaseClaim(bakery)}`, `Secret/${names.databaseSecret(bakery)}`];
  await eventually("only claim and Secret are left", 90, async () => {
    const children = (await childrenOf(bakery)).map((child) => `${child.kind}/${child.metadata.name}`).sort();
    const pods = await kube([
      "-n",
      bakery.namespace,
      "get",
      "pods",
      "-l",
      `${labels.flow}=${bakery.name}`,
      "-o",
      "name",
    ]);
    return JSON.stringify(children) === JSON.stringify(left) && pods.trim() === "";
  });
  await eventually("the name does not resolve", 20, async () => {
    const asked = await onBrowser(["dig", "+tries=1", "+time=2", "bakery.example.test"]);
    return asked.stdout.includes("NXDOMAIN");
  });
  await expect(exchange({ url: `${url}/` })).rejects.toThrow("dns");
});

test("the same flow applied again finds its data", async () => {
  expect(order).toBeGreaterThan(0);
  await apply(object);
  await waitUntilReady(bakery, 180);
  const came = await exchange({ url: `${url}/orders/${order}` });
  expect(came.status).toBe(200);
  expect(JSON.parse(came.body)).toMatchObject({ id: order, item: "bread", quantity: 4 });
});
