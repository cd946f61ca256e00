// Claim 2: what kubectl shows of a WebFlow.
import { expect, test } from "vitest";
import { kubectl } from "../../hack/cluster/access.ts";
import type { FlowView } from "../../src/serve/flow-view.ts";
import { hopNames } from "../../src/webflow/types.ts";
import { conditionOf, kube, readFlow, shop, webflow } from "./cluster.ts";

test("kubectl get wf shows host, Ready, where it is broken and since when", async () => {
  const [head = "", ...lines] = (await kube(["get", "wf", "-A"])).trim().split("\n");
  expect(head.split(/\s+/)).toEqual(["NAMESPACE", "NAME", "HOST", "READY", "BROKEN-AT", "SINCE", "AGE"]);
  const line = lines.find((each) => /^default\s+shop\s/.test(each)) ?? "";
  expect(line).toMatch(/^default\s+shop\s+shop\.example\.test\s+True\s/);
});

test("the status has the eight hops in path order, each judged, for the present generation", async () => {
  const flow = await readFlow(shop);
  expect(flow.status?.observedGeneration).toBe(flow.metadata.generation);
  expect(flow.status?.hops?.map((hop) => hop.hop)).toEqual([...hopNames]);
  expect(flow.status?.hops?.map((hop) => hop.state)).toEqual(hopNames.map(() => "Healthy"));
  expect(flow.status?.brokenAt).toBeUndefined();
  expect(flow.status?.url).toBe("http://shop.example.test/");
  expect(conditionOf(flow, "Ready")).toMatchObject({ status: "True", observedGeneration: flow.metadata.generation });
  for (const hop of flow.status?.hops ?? []) {
    expect(hop.message).not.toBe("");
    expect(hop.facts.length, hop.hop).toBeGreaterThan(0);
  }
});

test("the spec is as it was written: nothing was put in, and no namespace is named in it", async () => {
  const { spec } = await readFlow(shop);
  expect(Object.keys(spec).sort()).toEqual(["database", "host", "process"]);
  expect(JSON.stringify(spec)).not.toContain("namespace");
});

test("webflow trace tells the same in path order, from a fresh round, and ends with code 0", async () => {
  const traced = await webflow("trace", shop.name, "-o", "json");
  expect(traced.code, traced.stderr).toBe(0);
  const view = JSON.parse(traced.stdout) as FlowView;
  expect(view).toMatchObject({ flow: "shop", ready: "True", brokenAt: null, source: "fresh" });
  expect(view.hops.map(({ hop, state }) => `${hop} ${state}`)).toEqual(hopNames.map((hop) => `${hop} Healthy`));
  for (const hop of view.hops) {
    expect(Object.keys(hop)).toEqual(expect.arrayContaining(["reason", "message", "vantage", "millis"]));
  }
  expect(typeof view.hops.find(({ hop }) => hop === "response")?.millis).toBe("number");
  expect((await webflow("trace", "nobody")).code).toBe(3);
});

test("all pods of the flow and of the operator pass restricted Pod Security", async () => {
  for (const namespace of [shop.namespace, "webflow-system"]) {
    const label = "pod-security.kubernetes.io/enforce=restricted";
    const told = await kubectl(["label", "--dry-run=server", "--overwrite", "namespace", namespace, label]);
    expect(told.code, told.stderr).toBe(0);
    // The API server warns of each pod that would be refused.
    expect(told.stderr).toBe("");
  }
});

test("no token goes to an unverified kubelet: the API server knows their authority, and theirs are served certificates", async () => {
  const pods = await kube(["-n", "kube-system", "get", "pods", "-l", "component=kube-apiserver", "-o", "json"]);
  expect(pods).toContain("--kubelet-certificate-authority=");
  const metrics = await kube(["-n", "kube-system", "get", "deployment", "metrics-server", "-o", "json"]);
  expect(metrics).not.toContain("--kubelet-insecure-tls");
  for (const node of (await kube(["get", "nodes", "-o", "name"])).trim().split("\n")) {
    expect(await kube(["get", "--raw", `/api/v1/${node.replace("node/", "nodes/")}/proxy/healthz`])).toBe("ok");
  }
});

test("kubectl explain documents every level", async () => {
  for (const path of [
    "webflow.spec",
    "webflow.spec.database.retention",
    "webflow.status.hops",
    "webflowclass.spec.vantages",
  ]) {
    expect(await kube(["explain", path])).toMatch(/DESCRIPTION:\n\s+\S+/);
  }
});
