import { createServer, request as httpRequest } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestClock } from "../../test/harness/clock.ts";
import { type Certificate, makeCertificate } from "../probe/testing/certificates.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { Reviews, User } from "./access.ts";
import type { FlowView } from "./flow-view.ts";
import { type FlowsOptions, flowsApp } from "./flows-app.ts";
import { pinnedHandOn } from "./hand-on.ts";
import { plainApp } from "./plain-app.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});
let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate("webflow");
});
afterAll(() => certificate.remove());

async function serve(app: Express, tls?: Certificate): Promise<number> {
  const server = tls === undefined ? createServer(app) : createTls({ cert: tls.cert, key: tls.key }, app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  });
  return (server.address() as AddressInfo).port;
}

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: () => Record<string, unknown>;
}

function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: "127.0.0.1", port, path, agent: false, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) }),
      );
    });
    sent.on("error", reject).end();
  });
}

describe("the plain port", () => {
  const start = (ready: { ok: boolean; reasons: string[] }) => {
    const { registry } = createMetrics({ writes: [{ resource: "pods", verb: "patch" }] });
    return serve(plainApp({ registry, ready: () => ready }));
  };

  it("says that it is alive, ready or why not", async () => {
    expect((await ask(await start({ ok: false, reasons: [] }), "/healthz")).status).toBe(200);
    expect((await ask(await start({ ok: true, reasons: [] }), "/readyz")).status).toBe(200);
    const waiting = await ask(await start({ ok: false, reasons: ["Pod is not synced"] }), "/readyz");
    expect([waiting.status, waiting.json()]).toEqual([503, { ok: false, reasons: ["Pod is not synced"] }]);
  });

  it("tells its metrics, from zero on", async () => {
    const { status, text, headers } = await ask(await start({ ok: true, reasons: [] }), "/metrics");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^text\/plain/);
    expect(text).toContain('webflow_probes_total{hop="edge",vantage="outside",outcome="timeout"} 0');
    expect(text).toContain('webflow_writes_total{result="refused",resource="pods",verb="patch"} 0');
  });

  it("knows nothing else, and tells nothing of flows", async () => {
    const port = await start({ ok: true, reasons: [] });
    expect((await ask(port, "/flows")).status).toBe(404);
    const post = await ask(port, "/readyz", { method: "POST" });
    expect([post.status, post.headers.allow]).toEqual([405, "GET, HEAD"]);
    expect((await ask(port, "/%ff")).status).toBeLessThan(500);
  });
});

const view = (namespace: string, flow: string): FlowView => ({
  flow,
  namespace,
  host: `${flow}.example.test`,
  asOf: "2026-01-01T00:00:00Z",
  source: "status",
  ready: "True",
  message: "",
  brokenAt: null,
  hops: [],
});
const views = [view("default", "shop"), view("default", "books"), view("other", "shop")];
const users: Record<string, User> = {
  "viewer-token": { username: "viewer", groups: ["readers"], extra: { scope: ["a"] } },
  "admin-token": { username: "admin" },
};

function reviews(): Reviews & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    review: async (token) => {
      asked.push(`review ${token}`);
      return users[token];
    },
    allowed: async (user, namespace, name) => {
      asked.push(`${user.username} ${namespace ?? "*"} ${name ?? "*"}`);
      if (user.username === "admin") return true;
      return namespace === "default" && name === "shop";
    },
  };
}

function options(more: Partial<FlowsOptions> = {}): FlowsOptions {
  return {
    ...reviews(),
    clock: new TestClock(),
    leader: () => ({ self: true }),
    flows: () => views,
    flow: (namespace, name) => views.find((one) => one.namespace === namespace && one.flow === name),
    fresh: async (namespace, name) => ({ ...view(namespace, name), source: "fresh" }),
    handOn: () => Promise.reject(new Error("not to be handed on")),
    ...more,
  };
}
const start = (more: Partial<FlowsOptions> = {}, tls?: Certificate) => serve(flowsApp(options(more)), tls);
const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe("paths are told to those who may get them", () => {
  it("one of them, from the status or after a fresh round", async () => {
    const port = await start();
    const reply = await ask(port, "/flows/default/shop", as("viewer-token"));
    expect([reply.status, reply.json()]).toEqual([200, view("default", "shop")]);
    expect(reply.headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(reply.headers).not.toHaveProperty("x-powered-by");
    expect((await ask(port, "/flows/default/shop?fresh=1", as("viewer-token"))).json()).toMatchObject({
      source: "fresh",
    });
  });

  it("all that they may, and no more", async () => {
    const port = await start();
    expect((await ask(port, "/flows", as("viewer-token"))).json()).toEqual({ flows: [view("default", "shop")] });
    expect((await ask(port, "/flows", as("admin-token"))).json()).toEqual({ flows: views });
  });

  it("asking the API server once in a few seconds, and again after", async () => {
    const clock = new TestClock();
    const api = reviews();
    const port = await start({ ...api, clock });
    await ask(port, "/flows/default/shop", as("viewer-token"));
    await ask(port, "/flows/default/shop", as("viewer-token"));
    expect(api.asked).toEqual(["review viewer-token", "viewer default shop"]);
    await clock.advance(6000);
    await ask(port, "/flows/default/shop", as("viewer-token"));
    expect(api.asked).toHaveLength(4);
  });

  const refusals: Record<string, [string, Record<string, string>, number, RegExp]> = {
    "no token": ["/flows", {}, 401, /send the header Authorization: Bearer TOKEN/],
    "another scheme": ["/flows", { authorization: "Basic YTpi" }, 401, /bearer token is needed/],
    "a token that nobody knows": ["/flows/default/shop", { authorization: "Bearer x" }, 401, /get a new one/],
    "a path of others": [
      "/flows/other/shop",
      { authorization: "Bearer viewer-token" },
      403,
      /may not get.*"shop" in namespace "other"/,
    ],
    "whether a path of others is there": [
      "/flows/other/none",
      { authorization: "Bearer viewer-token" },
      403,
      /may not get/,
    ],
    "a path that is not there": [
      "/flows/default/none",
      { authorization: "Bearer admin-token" },
      404,
      /no WebFlow "none"/,
    ],
    "a name that is none": [
      "/flows/default/..%2fshop",
      { authorization: "Bearer admin-token" },
      404,
      /names of Kubernetes objects/,
    ],
    "another page": ["/admin", { authorization: "Bearer admin-token" }, 404, /ask \/flows/],
  };
  it.each(Object.entries(refusals))("but not %s", async (_name, [path, headers, status, error]) => {
    const reply = await ask(await start(), path, { headers });
    expect(reply.status).toBe(status);
    expect(reply.json().error).toMatch(error);
    expect(reply.headers["www-authenticate"]).toBe(status === 401 ? "Bearer" : undefined);
  });

  it("by GET alone", async () => {
    const reply = await ask(await start(), "/flows/default/shop", { method: "DELETE", ...as("admin-token") });
    expect([reply.status, reply.headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it("and to nobody while the API server cannot be asked, and then again", async () => {
    let down = true;
    const api = reviews();
    const review: Reviews["review"] = (token) =>
      down ? Promise.reject(new Error("no route: 10.0.0.1")) : api.review(token);
    const port = await start({ ...api, review });
    const reply = await ask(port, "/flows", as("admin-token"));
    expect([reply.status, reply.headers["retry-after"]]).toEqual([503, "1"]);
    expect(reply.text).not.toContain("10.0.0.1");
    down = false;
    expect((await ask(port, "/flows", as("admin-token"))).status).toBe(200);
  });

  it("and a fault of ours tells nothing of our insides", async () => {
    const flow = (): FlowView => {
      throw new Error("secret inside");
    };
    const reply = await ask(await start({ flow }), "/flows/default/shop", as("admin-token"));
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain("secret");
  });
});

describe("a standby", () => {
  const handOn = () => pinnedHandOn(() => certificate.cert);

  it("hands on to the leader with the caller's own token, over pinned TLS", async () => {
    const api = reviews();
    const leader = await start(api, certificate);
    const url = `https://127.0.0.1:${leader}`;
    const standby = await start({ leader: () => ({ self: false, url }), handOn: handOn() });
    const reply = await ask(standby, "/flows/default/shop?fresh=1", as("viewer-token"));
    expect([reply.status, reply.json()]).toEqual([200, { ...view("default", "shop"), source: "fresh" }]);
    expect(api.asked).toContain("review viewer-token");
    expect((await ask(standby, "/flows/other/shop", as("viewer-token"))).status).toBe(403);
    expect((await ask(standby, "/flows", as("admin-token"))).json()).toEqual({ flows: views });
    expect((await ask(standby, "/flows")).status).toBe(401);
  });

  it("gives its caller's token to nobody who does not show the pinned certificate", async () => {
    const other = makeCertificate("webflow");
    const seen: unknown[] = [];
    const url = `https://127.0.0.1:${await start({ review: async (token) => void seen.push(token) }, other)}`;
    const standby = await start({ leader: () => ({ self: false, url }), handOn: handOn() });
    const reply = await ask(standby, "/flows", as("admin-token"));
    other.remove();
    expect([reply.status, seen]).toEqual([503, []]);
  });

  it("does not hand on what was handed on to it, nor to nobody", async () => {
    let url = "";
    const port = await start({ leader: () => ({ self: false, url }), handOn: handOn() }, certificate);
    url = `https://127.0.0.1:${port}`;
    const plain = await start({ leader: () => ({ self: false, url }), handOn: handOn() });
    const circle = await ask(plain, "/flows", as("admin-token"));
    expect([circle.status, circle.json().error]).toEqual([503, "the leader is changing: try again"]);
    const alone = await start({ leader: () => ({ self: false }) });
    expect((await ask(alone, "/flows", as("admin-token"))).json().error).toBe(
      "no operator leads at the moment: try again",
    );
  });
});
