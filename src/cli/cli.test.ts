import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeAnswer, FakeApi } from "../../test/harness/fake-api.ts";
import { runCli } from "../cli.ts";
import { type FlowView, flowView } from "../serve/flow-view.ts";
import { hopNames, type WebFlow } from "../webflow/types.ts";
import type { OpenForward } from "./forward.ts";
import { findPath } from "./reach.ts";

type Ready = "True" | "False" | "Unknown";

function aFlow({ ready = "True" as Ready, generation = 1 } = {}): WebFlow {
  const [at, observedGeneration] = [new Date(Date.now() - 120_000).toISOString(), 1];
  const state = ready === "False" ? "Broken" : "Healthy";
  const condition = { type: "Ready" as const, reason: "Any", observedGeneration, lastTransitionTime: at };
  return {
    apiVersion: "webflow.dev/v1alpha1",
    kind: "WebFlow",
    metadata: { name: "shop", namespace: "default", generation, creationTimestamp: at },
    spec: { host: "shop.example.test" } as WebFlow["spec"],
    status: {
      observedGeneration,
      conditions: [{ ...condition, status: ready, message: `The path is ${state}.` }],
      ...(ready === "False" ? { brokenAt: "database" as const } : {}),
      hops: hopNames.map((hop) => ({
        hop,
        state: hop === "database" ? state : "Healthy",
        reason: "Any",
        message: `${hop} was asked.`,
        vantage: "operator",
        since: at,
        facts: [],
      })),
    },
  };
}

const freshView = (ready: Ready): FlowView => {
  const raw = aFlow({ ready });
  return flowView(raw, raw.status, { asOf: new Date().toISOString(), source: "fresh", millis: () => 7 });
};

const aLease = (renewedAgo = 1000, holder = "webflow-operator-a_10.0.0.1_x") => ({
  metadata: { name: "webflow-operator", namespace: "webflow-system" },
  spec: {
    holderIdentity: holder,
    leaseDurationSeconds: 15,
    renewTime: new Date(Date.now() - renewedAgo).toISOString().replace("Z", "000Z"),
  },
});

const refusal = (status: number, message: string): FakeAnswer => ({ status, body: { kind: "Status", message } });

/** What the API server has; undefined: no such object. */
interface Cluster {
  flow: WebFlow | undefined;
  lease: FakeAnswer;
  token: FakeAnswer;
}

const api = new FakeApi();
let cluster: Cluster;
let folder: string;
let kubeconfig: string;
let printed: string;
let complained: string;

function answer({ method, path }: { method: string; path: string }): FakeAnswer {
  if (path.endsWith("/webflows/shop") && cluster.flow !== undefined) return { body: cluster.flow };
  if (path === "/apis/coordination.k8s.io/v1/namespaces/webflow-system/leases/webflow-operator") return cluster.lease;
  if (method === "POST" && path.endsWith("/serviceaccounts/webflow-viewer/token")) return cluster.token;
  if (path.endsWith("/portforward")) return refusal(403, "no");
  return refusal(404, `nothing is at ${path}`);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "webflow-cli-"));
  kubeconfig = join(folder, "config");
  cluster = {
    flow: aFlow(),
    lease: { body: aLease() },
    token: { body: { status: { token: "viewer-token" }, spec: { audiences: [] } } },
  };
  api.requests.length = 0;
  api.answer = answer;
  await api.start();
  signIn({ token: "own-token" });
  printed = "";
  complained = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    complained += String(text);
    return true;
  });
});

const servers: Server[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
  for (const server of servers.splice(0)) server.close();
  await api.stop();
});

/** A kubeconfig whose user signs in so. */
function signIn(user: object): void {
  const text = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: "default" } }],
    clusters: [{ name: "test", cluster: { server: api.url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user }],
  });
  writeFileSync(kubeconfig, text);
}

/** A leader on a port of its own, and the way there, as a port-forward would open it. */
async function aLeader(status: number, body: unknown): Promise<{ forward: OpenForward; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { asked, forward: async () => ({ port, refused: new Promise(() => {}), close: () => {} }) };
}

const trace = (args: readonly string[] = [], forward?: OpenForward) =>
  runCli(["trace", "shop", "--kubeconfig", kubeconfig, ...args], forward);
const told = () => JSON.parse(printed) as FlowView & { fallback?: string };

describe("trace asks the leader afresh", () => {
  it.each([
    ["True", 0, "Ready. The path is Healthy."],
    ["False", 1, "Broken at database. The path is Broken."],
    ["Unknown", 2, "Not known to be ready."],
  ] as const)("and ends, where Ready is %s, with %i", async (ready, code, words) => {
    const { forward } = await aLeader(200, freshView(ready));
    expect(await trace([], forward)).toBe(code);
    expect(printed).toContain(words);
    expect(printed).toContain("(a fresh round by the leader)");
  });

  it("and tells programs of every hop in path order, in this shape", async () => {
    const { forward, asked } = await aLeader(200, freshView("False"));
    expect(await trace(["-o", "json"], forward)).toBe(1);
    expect(told()).toMatchObject({ flow: "shop", ready: "False", brokenAt: "database" });
    expect(told().hops).toEqual(
      hopNames.map((hop) => ({
        hop,
        state: hop === "database" ? "Broken" : "Healthy",
        reason: "Any",
        message: `${hop} was asked.`,
        vantage: "operator",
        millis: 7,
      })),
    );
    expect(told()).not.toHaveProperty("fallback");
    expect(asked.map(({ url }) => url)).toEqual(["/flows/default/shop?fresh=1"]);
  });

  it("at the pod that holds the Lease, in the operator's namespace", async () => {
    const { forward } = await aLeader(200, freshView("True"));
    const targets: unknown[] = [];
    await trace([], (kube, target) => {
      targets.push(target);
      return forward(kube, target);
    });
    expect(targets).toEqual([{ namespace: "webflow-system", pod: "webflow-operator-a", port: 8081 }]);
    const lease = "/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases/webflow-operator";
    await trace(["--operator-namespace", "elsewhere"], forward);
    expect(api.requests.map(({ path }) => path)).toContain(lease);
  });

  const script = `console.log(JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "exec-token" } }))`;
  it.each([
    ["a token of the kubeconfig's", { token: "own-token" }, "own-token"],
    [
      "a token of an exec plugin",
      {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: process.execPath,
          args: ["-e", script],
          interactiveMode: "Never",
        },
      },
      "exec-token",
    ],
    ["one asked for the reader's ServiceAccount, where a certificate signs in", {}, "viewer-token"],
  ])("with %s", async (_, user, token) => {
    signIn(user);
    const { forward, asked } = await aLeader(200, freshView("True"));
    expect(await trace([], forward)).toBe(0);
    expect(asked[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it("with the token of a file, as in a pod", async () => {
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "file-token\n");
    const kube = new KubeConfig();
    const authProvider = { name: "tokenFile", config: { tokenFile } };
    kube.loadFromClusterAndUser({ name: "c", server: api.url, skipTLSVerify: true }, { name: "u", authProvider });
    const { forward, asked } = await aLeader(200, freshView("True"));
    const reach = { kube, operator: "webflow-system", localPort: 8081, forward };
    await findPath(reach, { namespace: "default", name: "shop" }, Date.now());
    expect(asked[0]?.headers.authorization).toBe("Bearer file-token");
  });
});

describe("trace falls back to the status", () => {
  it.each([
    ["True", 0, "Ready. The path is Healthy."],
    ["False", 1, "Broken at database. The path is Broken."],
    ["Unknown", 2, "Not known to be ready."],
  ] as const)("and ends, where Ready is %s and somebody leads, with %i", async (ready, code, words) => {
    cluster.flow = aFlow({ ready });
    expect(await trace()).toBe(code);
    expect(printed).toContain(words);
    expect(printed).toMatch(/\(the object's status, last changed 12\d s ago\)/);
  });

  it("in the same shape for programs, with why", async () => {
    await trace(["-o", "json"]);
    expect(told().hops.map(({ hop, millis }) => [hop, millis])).toEqual(hopNames.map((hop) => [hop, null]));
    expect(told()).toMatchObject({ flow: "shop", ready: "True", brokenAt: null, source: "status" });
    expect(told().fallback).toMatch(/^no port-forward to the pod webflow-operator-a: .*403/);
  });

  it.each<[string, Partial<Cluster>, RegExp]>([
    ["nobody leads", { lease: { body: aLease(1000, "") } }, /no operator leads at the moment/],
    ["the Lease has run out", { lease: { body: aLease(60_000) } }, /no port-forward to the pod/],
    ["the Lease may not be read", { lease: refusal(403, "leases is forbidden") }, /^leases is forbidden$/],
    ["there is no Lease", { lease: refusal(404, "leases not found") }, /^leases not found$/],
  ])("which nobody is known to keep where %s: 2", async (_, changed, why) => {
    Object.assign(cluster, changed);
    expect(await trace(["-o", "json"])).toBe(2);
    expect(told()).toMatchObject({
      ready: "Unknown",
      message:
        "No operator is known to lead, so whether the status still holds is not known. Last known: The path is Healthy.",
    });
    expect(told().fallback).toMatch(why);
  });

  it.each(["True", "False"] as const)(
    "which says nothing of an object edited since, whether Ready was %s: 2",
    async (ready) => {
      cluster.flow = aFlow({ ready, generation: 2 });
      expect(await trace()).toBe(2);
      expect(printed).toContain("Not known to be ready. The WebFlow has been edited since");
    },
  );

  it("where no operator has judged the flow yet: 2", async () => {
    const { status: _, ...unjudged } = aFlow();
    cluster.flow = unjudged as WebFlow;
    expect(await trace()).toBe(2);
    expect(printed).toContain("No operator has judged this WebFlow yet.");
  });

  it.each<[string, number, unknown, RegExp]>([
    ["refuses the token", 401, '{"error":"get a new one"}', /the leader answered 401: .*get a new one/],
    ["answers what is no JSON", 200, "<html>", /JSON/],
  ])("where the leader %s, and says so", async (_, status, body, why) => {
    const { forward } = await aLeader(status, body);
    expect(await trace(["-o", "json"], forward)).toBe(0);
    expect(told().fallback).toMatch(why);
  });

  it("where no token is to be had, and says so", async () => {
    signIn({});
    cluster.token = refusal(403, "serviceaccounts/token is forbidden");
    const { forward, asked } = await aLeader(200, freshView("True"));
    expect(await trace(["-o", "json"], forward)).toBe(0);
    expect(told().fallback).toBe("serviceaccounts/token is forbidden");
    expect(asked).toEqual([]);
  });
});

describe("trace itself fails with 3", () => {
  it("where there is no such WebFlow, and says what to do", async () => {
    cluster.flow = undefined;
    expect(await trace()).toBe(3);
    expect(complained).toContain("there is no WebFlow shop in namespace default: see kubectl get webflows");
  });

  it("where the WebFlow may not be read, in the API server's own words", async () => {
    api.answer = () => refusal(403, "webflows is forbidden");
    expect(await trace()).toBe(3);
    expect(complained).toBe("webflow: webflows is forbidden\n");
  });

  it("where it is not understood", async () => {
    expect(await trace(["--output", "yaml"])).toBe(3);
    expect(complained).toContain("Allowed choices are text, json");
  });
});
