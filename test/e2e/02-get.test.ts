// Claim 2: what kubectl shows of a WebFlow.
import { expect, test } from "vitest";
import { hopNames } from "../../src/webflow/types.ts";
import { conditionOf, kube, readFlow, shop } from "./cluster.ts";

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
