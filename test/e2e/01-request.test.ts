// Claim 1: a person's request - GET, POST of a form, POST of JSON - gets through by host name and comes back.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../hack/cluster/paths.ts";
import { attempt } from "../../hack/cluster/run.ts";
import { exchange } from "../../hack/main-job/exchange.ts";
import { servedIn } from "../../hack/main-job/proof.ts";
import { hopNames } from "../../src/webflow/types.ts";
import { childrenOf, list, onBrowser, shop, shopUrl } from "./cluster.ts";

const page = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

function orderOf(body: string): { id: number; item: string; quantity: number } {
  return JSON.parse(body) as { id: number; item: string; quantity: number };
}

describe("a request made on the browser's host by host name", () => {
  test("is resolved by the vendor's resolver, which asks the zone's own server", async () => {
    const configured = await onBrowser(["cat", "/etc/resolv.conf"]);
    expect(configured.stdout.trim()).toBe("nameserver 203.0.113.53");
    const asked = await onBrowser(["dig", "+short", "shop.example.test"]);
    expect(asked.stdout.trim()).toBe("198.51.100.10");
    const own = await onBrowser(["dig", "+norecurse", "@198.51.100.53", "shop.example.test"]);
    expect(own.stdout).toMatch(/flags:[^;]*\baa\b/);
  });

  test("GETs a page with a form", async () => {
    const came = await exchange({ url: `${shopUrl}/`, accept: page });
    expect(came.status).toBe(200);
    expect(came.body).toContain('<form method="post" action="/orders">');
    expect(came.headers.get("webflow-flow")).toBe("default/shop");
    expect(servedIn(came.body)?.pod).toBe(came.headers.get("webflow-pod"));
  });

  test("POSTs a form and JSON, and what was ordered is stored", async () => {
    const form = await exchange({ url: `${shopUrl}/orders`, form: "item=caf%C3%A9&quantity=2" });
    const json = await exchange({ url: `${shopUrl}/orders`, json: '{"item":"tea","quantity":3}' });
    expect([form.status, json.status]).toEqual([201, 201]);
    for (const [came, item, quantity] of [
      [form, "café", 2],
      [json, "tea", 3],
    ] as const) {
      const { id } = orderOf(came.body);
      const found = await exchange({ url: `${shopUrl}/orders/${id}` });
      expect(found.status).toBe(200);
      expect(orderOf(found.body)).toMatchObject({ id, item, quantity });
    }
  });

  test("POSTs a form as a browser does and gets a page back", async () => {
    const came = await exchange({ url: `${shopUrl}/orders`, form: "item=bun&quantity=1", accept: page });
    expect(came.status).toBe(201);
    expect(came.body).toMatch(/<h1>Order \d+<\/h1>/);
  });

  test("with a bad order gets 400 and the field's name", async () => {
    const came = await exchange({ url: `${shopUrl}/orders`, json: '{"item":"bar","quantity":"many"}' });
    expect(came.status).toBe(400);
    expect(JSON.parse(came.body)).toMatchObject({ field: "quantity" });
  });

  test("is served by several pods on both public nodes, by several processes and threads", async () => {
    const served: ReturnType<typeof servedIn>[] = [];
    const different = (pick: (one: (typeof served)[number]) => unknown) => new Set(served.map(pick)).size;
    const processes = () => different((one) => `${one?.pod} ${one?.process}`);
    // Side by side: one after the other go over the same kept connections, each of which is one process's.
    for (let round = 0; round < 6 && processes() < 3; round++) {
      const came = await Promise.all(Array.from({ length: 8 }, () => exchange({ url: `${shopUrl}/healthz` })));
      served.push(...came.map(({ body }) => servedIn(body)));
    }
    expect(different((one) => one?.pod)).toBeGreaterThan(1);
    expect(different((one) => one?.node)).toBe(2);
    expect(processes()).toBeGreaterThan(2);
    expect(different((one) => one?.thread)).toBeGreaterThan(1);
  });
});

/** Everything of ours as it is stored; what others move by themselves (status, scale, leases) is left out. */
async function stored(): Promise<string[]> {
  const kinds = "webflows,daemonsets,statefulsets,services,configmaps,secrets,ingresses";
  const places = [shop.namespace, "webflow-system"];
  const ours = (await Promise.all([list("webflowclasses"), ...places.map((place) => list("-n", place, kinds))])).flat();
  const templates = (await Promise.all(places.map((place) => list("-n", place, "deployments")))).flat();
  const text = ({ kind, metadata, spec, data }: (typeof ours)[number]) => {
    const { namespace, name, uid, annotations, resourceVersion } = metadata;
    return JSON.stringify([kind, namespace, name, uid, annotations, spec, kind === "Secret" ? resourceVersion : data]);
  };
  const unscaled = templates.map((each) => ({ ...each, spec: { ...(each.spec as object), replicas: 0 } }));
  return [...ours, ...(await childrenOf(shop)).filter(({ kind }) => kind !== "Deployment"), ...unscaled]
    .map(text)
    .sort();
}

async function lastOrder(): Promise<unknown> {
  const came = await exchange({ url: `${shopUrl}/`, accept: "application/json" });
  return (JSON.parse(came.body) as { latest: unknown[] }).latest[0];
}

describe("npm run up, when all is up", () => {
  test("draws the path, sends the GET alone, changes nothing and takes less than 20 s", async () => {
    const before = { stored: await stored(), order: await lastOrder() };
    const begun = Date.now();
    const script = join(projectRoot, "hack", "up.ts");
    const done = await attempt([process.execPath, "--disable-warning=ExperimentalWarning", script], {
      timeoutMs: 120_000,
    });
    const seconds = (Date.now() - begun) / 1000;
    expect(done.code, done.stderr).toBe(0);
    const places = hopNames.map((hop) => done.stdout.search(new RegExp(`✔ ${hop}\\b`)));
    expect(places, done.stdout).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(done.stdout).toMatch(/GET page +200 +pod \S+ +node \S+ +process \d+ +thread \d+/);
    expect(done.stdout).not.toContain("POST");
    expect({ stored: await stored(), order: await lastOrder() }).toEqual(before);
    expect(seconds).toBeLessThan(20);
  });
});
