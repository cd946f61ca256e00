import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KubeObject } from "../objects.ts";
import { canonicalObject, hashOf, sameMeaning } from "./canonical.ts";
import { covers, seenOf, uncovered } from "./covers.ts";
import { sameQuantity } from "./quantity.ts";

function object(spec: unknown, metadata: object = {}, kind = "Deployment"): KubeObject {
  return { apiVersion: "v1", kind, metadata: { name: "x", ...metadata }, spec };
}

const container = (extra: object) => ({ template: { spec: { containers: [{ name: "web", image: "a", ...extra }] } } });

interface Row {
  live: unknown;
  desired: unknown;
  at: string | undefined;
  kind?: string;
}

const rows: Record<string, Row> = {
  "what the server adds is fine": { live: { a: 1, replicas: 3 }, desired: { a: 1 }, at: undefined },
  "a changed value is not": { live: { a: 2 }, desired: { a: 1 }, at: "spec.a" },
  "a missing value is not": { live: {}, desired: { a: 1 }, at: "spec.a" },
  "null is no wish": { live: {}, desired: { a: null }, at: undefined },
  "an empty list is there when absent": { live: {}, desired: { a: [] }, at: undefined },
  "an empty list is not there when full": { live: { a: [1] }, desired: { a: [] }, at: "spec.a" },
  "an empty map means something": { live: {}, desired: { emptyDir: {} }, at: "spec.emptyDir" },
  "containers are found by name": {
    live: { containers: [{ name: "sidecar" }, { name: "web", image: "a", imagePullPolicy: "Always" }] },
    desired: { containers: [{ name: "web", image: "a" }] },
    at: undefined,
  },
  "a missing container is missed": {
    live: { containers: [{ name: "sidecar" }] },
    desired: { containers: [{ name: "web" }] },
    at: "spec.containers[web]",
  },
  "variables are found by name": {
    live: container({
      env: [
        { name: "B", value: "2" },
        { name: "A", value: "1" },
      ],
    }),
    desired: container({ env: [{ name: "A", value: "1" }] }),
    at: undefined,
  },
  "a changed variable is seen": {
    live: container({ env: [{ name: "A", value: "2" }] }),
    desired: container({ env: [{ name: "A", value: "1" }] }),
    at: "spec.template.spec.containers[web].env[A].value",
  },
  "a variable is no quantity": {
    live: container({ env: [{ name: "A", value: "1Gi" }] }),
    desired: container({ env: [{ name: "A", value: "1024Mi" }] }),
    at: "spec.template.spec.containers[web].env[A].value",
  },
  "quantities are compared by value": {
    live: container({ resources: { requests: { cpu: "1", memory: "1Gi" } } }),
    desired: container({ resources: { requests: { cpu: "1000m", memory: "1024Mi" } } }),
    at: undefined,
  },
  "a different quantity is seen": {
    live: container({ resources: { limits: { cpu: "1" } } }),
    desired: container({ resources: { limits: { cpu: "999m" } } }),
    at: "spec.template.spec.containers[web].resources.limits.cpu",
  },
  "ports are found by number, TCP where not said": {
    live: {
      ports: [
        { port: 443, protocol: "TCP" },
        { port: 80, protocol: "TCP", nodePort: 30000 },
      ],
    },
    desired: { ports: [{ port: 80, targetPort: undefined }] },
    at: undefined,
  },
  "the same number for TCP and UDP is two ports": {
    live: { ports: [{ port: 53, protocol: "UDP" }] },
    desired: {
      ports: [
        { port: 53, protocol: "TCP" },
        { port: 53, protocol: "UDP" },
      ],
    },
    at: "spec.ports[53/TCP]",
  },
  "other lists have the same items in order": {
    live: { args: ["b", "a"] },
    desired: { args: ["a", "b"] },
    at: "spec.args[0]",
  },
  "and as many": {
    live: { rules: [{ host: "a" }, { host: "b" }] },
    desired: { rules: [{ host: "a" }] },
    at: "spec.rules",
  },
  "an addition to a selector changes it": {
    live: { selector: { app: "x", also: "y" } },
    desired: { selector: { app: "x" } },
    at: "spec.selector.also",
  },
  "an addition to matchLabels changes the selector": {
    live: { selector: { matchLabels: { app: "x", also: "y" } } },
    desired: { selector: { matchLabels: { app: "x" } } },
    at: "spec.selector.matchLabels.also",
  },
  "what the server fills into a policy is fine": {
    kind: "NetworkPolicy",
    live: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: 5432, protocol: "TCP" }] }] },
    desired: { podSelector: {}, ingress: [{ ports: [{ port: 5432 }] }] },
    at: undefined,
  },
  "a policy widened by an empty selector is seen": {
    kind: "NetworkPolicy",
    live: { ingress: [{ from: [{ podSelector: { matchLabels: { a: "b" } }, namespaceSelector: {} }] }] },
    desired: { ingress: [{ from: [{ podSelector: { matchLabels: { a: "b" } } }] }] },
    at: "spec.ingress[0].from[0].namespaceSelector",
  },
  "a policy widened by a range of ports is seen": {
    kind: "NetworkPolicy",
    live: { ingress: [{ ports: [{ port: 1, protocol: "TCP", endPort: 65535 }] }] },
    desired: { ingress: [{ ports: [{ port: 1, protocol: "TCP" }] }] },
    at: "spec.ingress[0].ports[0].endPort",
  },
  "a policy widened by a second peer is seen": {
    kind: "NetworkPolicy",
    live: { ingress: [{ from: [{ podSelector: {} }, { ipBlock: { cidr: "0.0.0.0/0" } }] }] },
    desired: { ingress: [{ from: [{ podSelector: {} }] }] },
    at: "spec.ingress[0].from",
  },
  "a policy widened by a rule where none was wanted is seen": {
    kind: "NetworkPolicy",
    live: { ingress: [{}] },
    desired: { ingress: [] },
    at: "spec.ingress",
  },
};

describe("what is wanted is there", () => {
  it.each(Object.entries(rows))("%s", (_name, { live, desired, at, kind }) => {
    expect(uncovered(object(live, {}, kind), object(desired, {}, kind))).toBe(at);
  });

  it("with labels, annotations and owners beside those of others", () => {
    const owner = { apiVersion: "v1", kind: "WebFlow", name: "shop", uid: "1", controller: true };
    const live = object(
      {},
      {
        labels: { a: "1", b: "2" },
        annotations: { c: "3" },
        ownerReferences: [{ ...owner, uid: "2", controller: false }, owner],
      },
    );
    expect(covers(live, object({}, { labels: { a: "1" }, ownerReferences: [owner] }))).toBe(true);
    expect(uncovered(live, object({}, { labels: { a: "2" } }))).toBe("metadata.labels.a");
    expect(uncovered(live, object({}, { ownerReferences: [{ ...owner, uid: "3" }] }))).toBe(
      "metadata.ownerReferences[3]",
    );
    expect(uncovered(object({}), object({}, { labels: { a: "2" } }))).toBe("metadata.labels");
  });

  it("outside spec too", () => {
    const map = (data: object): KubeObject => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data });
    expect(covers(map({ a: "1", b: "2" }), map({ a: "1" }))).toBe(true);
    expect(uncovered(map({}), map({ a: "1" }))).toBe("data.a");
  });

  it("by every object itself, and by it with anything added to its maps", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("any")),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie("any")),
      ),
    })).any;
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), value), (spec) => {
        expect(uncovered(object(spec), object(structuredClone(spec)))).toBeUndefined();
        expect(uncovered(object({ ...spec, addition: 1 }), object(spec))).toBeUndefined();
        expect(uncovered(object(spec), object({ ...spec, addition: 1 }))).toBe("spec.addition");
      }),
    );
  });
});

describe("what was seen behind the wanted fields", () => {
  it("changes with them and not with the status or labels of others", () => {
    const desired = object({ a: 1 }, { labels: { ours: "1" } });
    const live = object({ a: 2 }, { labels: { ours: "1", theirs: "1" } });
    const seen = seenOf(live, desired);
    expect(
      seenOf(
        { ...live, status: { x: 1 }, metadata: { ...live.metadata, labels: { ours: "1", theirs: "2" } } },
        desired,
      ),
    ).toBe(seen);
    expect(seenOf({ ...live, spec: { a: 3 } }, desired)).not.toBe(seen);
    expect(seenOf({ ...live, metadata: { ...live.metadata, labels: {} } }, desired)).not.toBe(seen);
  });
});

describe("quantities", () => {
  it.each([
    ["1", 1],
    ["1000m", "1"],
    ["0.5", "500m"],
    ["1Gi", "1024Mi"],
    ["1e3", "1k"],
    ["1.5Gi", "1536Mi"],
    ["0", "0Gi"],
    ["-1", "-1000m"],
    ["1500000000n", "1.5"],
  ])("%s is %s", (a, b) => {
    expect(sameQuantity(a, b)).toBe(true);
    expect(sameQuantity(b, a)).toBe(true);
  });

  it.each([
    ["1", "2"],
    ["1G", "1Gi"],
    ["abc", "abc"],
    ["", ""],
    ["Gi", "Gi"],
    ["1", undefined],
    ["1", true],
    ["1e999", "1e999"],
  ])("%s is not %s", (a, b) => expect(sameQuantity(a, b)).toBe(false));
});

describe("a wish has one form", () => {
  it("without nulls, but with what is empty", () => {
    const wish = { ...object({ a: null, b: [], c: {}, d: [{ e: undefined, f: 1 }] }), extra: undefined };
    expect(canonicalObject(wish)).toEqual({
      apiVersion: "v1",
      kind: "Deployment",
      metadata: { name: "x" },
      spec: { b: [], c: {}, d: [{ f: 1 }] },
    });
  });

  it("whose hash does not depend on the order of keys, and does on that of lists", () => {
    expect(hashOf({ a: 1, b: { c: 2, d: 3 } })).toBe(hashOf({ b: { d: 3, c: 2 }, a: 1 }));
    expect(hashOf([1, 2])).not.toBe(hashOf([2, 1]));
    expect(hashOf({ a: "1" })).not.toBe(hashOf({ a: 1 }));
  });

  it("in which empty and absent mean the same for a status", () => {
    expect(sameMeaning(undefined, {})).toBe(true);
    expect(sameMeaning({ a: [], b: { c: null } }, {})).toBe(true);
    expect(sameMeaning({ a: [1] }, { a: [] })).toBe(false);
    expect(sameMeaning({ a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 2 }, { b: 1 }] })).toBe(false);
    expect(sameMeaning({ a: 0 }, {})).toBe(false);
  });
});
