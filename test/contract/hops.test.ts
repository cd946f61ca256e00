import { describe, expect, it } from "vitest";
import type { Desired } from "../../src/hops/hop.ts";
import { path } from "../../src/hops/index.ts";
import { verdictOf } from "../../src/hops/verdict.ts";
import type { Question } from "../../src/probe/question.ts";
import { labels, names } from "../../src/webflow/address.ts";
import * as kinds from "../../src/webflow/kinds.ts";
import { type Flow, hopNames } from "../../src/webflow/types.ts";
import { aCheck, aClass, aFlow, aTinyFlow } from "../builders.ts";
import { aHealthyCluster, Cluster } from "../cluster-builder.ts";
import { violations } from "./pod-security.ts";

const longName = "a-name-that-is-as-long-as-names-may-be-40";
const flows: Record<string, Flow> = {
  shop: aFlow(),
  tiny: aTinyFlow(),
  "one pod": aFlow({ group: { ...aFlow().group, min: 1, max: 1 } }),
  "TLS and aliases": aFlow({
    hosts: ["shop.example.test", "www.example.test"],
    edges: [{ name: "main", scope: "Public", tlsSecret: "shop-tls" }],
    routes: [
      { path: "/", match: "Prefix", port: "http" },
      { path: "/orders", match: "Exact", port: "http" },
    ],
    checks: [aCheck(), aCheck({ name: "order", method: "POST", writes: true, everyMillis: 3_600_000 })],
  }),
  "two vantages": aFlow({
    class: aClass({
      vantages: ["one", "two"].map((name) => ({
        name,
        url: `https://${name}:8443`,
        caBundle: "PEM",
        resolver: "203.0.113.53",
      })),
    }),
  }),
  "the longest name": aFlow({ name: longName.slice(0, 40), host: "long.example.test", hosts: ["long.example.test"] }),
};
const lost = aFlow({ lostTo: { namespace: "other", host: "shop.example.test" } });

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

/** A cluster as it is before, on the way and after; every object and answer deep-frozen. */
function clustersOf(flow: Flow): Record<string, Cluster> {
  const healthy = aHealthyCluster(frozen(flow));
  for (const kind of Object.values(kinds)) healthy.change(kind, undefined, frozen);
  for (const settled of healthy.answers.values()) frozen(settled);
  const unanswered = aHealthyCluster(flow);
  unanswered.answers.clear();
  const silent = aHealthyCluster(flow).settle(() => ({ outcome: "timeout" }));
  return { empty: new Cluster(flow), unanswered, healthy, silent };
}

const wishes = (cluster: Cluster): Desired[] => path.flatMap((hop) => hop.desire?.(cluster.flow, cluster.seen) ?? []);

describe("the path", () => {
  it("has the eight hops in order", () => {
    expect(path.map((hop) => hop.name)).toEqual(hopNames);
  });
});

describe.each(Object.entries({ ...flows, "a lost claim": lost }))("every hop of %s", (_, flow) => {
  const clusters = Object.entries(clustersOf(flow));

  it.each(clusters)("says the same twice of the same frozen world (%s)", (_state, cluster) => {
    for (const hop of path) {
      const once = JSON.stringify([
        hop.desire?.(flow, cluster.seen),
        hop.asks(flow, cluster.seen),
        hop.judge(flow, cluster.seen),
      ]);
      expect(
        JSON.stringify([hop.desire?.(flow, cluster.seen), hop.asks(flow, cluster.seen), hop.judge(flow, cluster.seen)]),
      ).toBe(once);
    }
  });

  it.each(clusters)("names each of its facts once, in CamelCase and in sentences (%s)", (_state, cluster) => {
    for (const hop of path) {
      const facts = hop.judge(flow, cluster.seen);
      expect(facts.length).toBeGreaterThan(0);
      expect(facts.length).toBeLessThanOrEqual(64);
      expect(new Set(facts.map((fact) => fact.name)).size).toBe(facts.length);
      for (const { reason, message } of facts) {
        expect(reason).toMatch(/^[A-Z][A-Za-z0-9]*$/);
        expect(message).toMatch(/^[A-Z].*\.$/);
        expect(message.length).toBeLessThanOrEqual(1024);
      }
    }
  });

  it.each(clusters)("asks each question once, under its own name (%s)", (_state, cluster) => {
    const questions = cluster.questions();
    expect(new Set(questions.map(({ key }) => key)).size).toBe(questions.length);
    for (const hop of path)
      for (const { key, hop: asker } of hop.asks(flow, cluster.seen))
        expect([asker, key.split("/")[0]]).toEqual([hop.name, hop.name]);
  });

  it.each(clusters)(
    "asks addresses that objects, the class or the operator named, and no others (%s)",
    (_state, cluster) => {
      const known = knownAddresses(cluster);
      for (const question of cluster.questions())
        for (const address of addressesOf(question)) expect(known).toContain(address);
    },
  );

  it("watches every kind that it keeps as wanted, and Secrets never", () => {
    for (const hop of path) {
      expect(hop.watches).not.toContain(kinds.Secret);
      for (const [, cluster] of clusters) {
        const kept = (hop.desire?.(flow, cluster.seen) ?? []).filter(({ mode }) => mode === "apply");
        for (const { kind } of kept) expect(hop.watches).toContain(kind);
      }
    }
  });

  it("desires objects of its namespace, under the flow's name, with its labels", () => {
    for (const { kind, object } of clusters.flatMap(([, cluster]) => wishes(cluster))) {
      expect(object).toMatchObject({ apiVersion: kind.apiVersion, kind: kind.kind });
      expect([names.web(flow), names.database(flow)]).toContain(object.metadata.name);
      expect(object.metadata.namespace).toBe(flow.namespace);
      expect(object.metadata.labels?.[labels.flow]).toBe(flow.name);
      expect(object.metadata.ownerReferences).toBeUndefined();
    }
  });

  it("desires no label or name that Kubernetes refuses", () => {
    for (const { object } of clusters.flatMap(([, cluster]) => wishes(cluster))) {
      expect(object.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      for (const value of labelValues(object)) expect(value).toMatch(/^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/);
    }
  });

  it("desires pods that the restricted Pod Security standard admits, without a token", () => {
    for (const spec of clusters.flatMap(([, cluster]) => wishes(cluster)).flatMap(podSpecs)) {
      expect(violations(spec)).toEqual([]);
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    }
  });

  it("never desires a number of web pods, nor a Secret's password", () => {
    for (const { kind, object } of clusters.flatMap(([, cluster]) => wishes(cluster))) {
      if (kind === kinds.Deployment) expect(object.spec).not.toHaveProperty("replicas");
      if (kind === kinds.Secret) expect(JSON.stringify(object)).not.toMatch(/password/i);
    }
  });

  it("waits only for what is desired", () => {
    for (const [, cluster] of clusters) {
      const all = new Set(wishes(cluster).map(({ kind, object }) => `${kind.kind}/${object.metadata.name}`));
      for (const { after = [] } of wishes(cluster)) for (const key of after) expect(all).toContain(key);
    }
  });

  it("desires nothing else once it stands", () => {
    const [before, after] = [new Cluster(flow), aHealthyCluster(flow)];
    expect(wishes(after)).toEqual(wishes(before));
  });
});

describe.each(Object.entries(flows))("the verdicts on %s", (_, flow) => {
  it("are Healthy or NotApplicable where everything stands and answers", () => {
    const cluster = aHealthyCluster(flow);
    for (const hop of path) {
      const { state, reason } = verdictOf(hop.judge(flow, cluster.seen));
      expect(["Healthy", "NotApplicable"], `${hop.name}: ${reason}`).toContain(state);
    }
  });

  it("are not Broken before anything has been done", () => {
    const cluster = new Cluster(flow);
    for (const hop of path) expect(verdictOf(hop.judge(flow, cluster.seen)).state).not.toBe("Broken");
  });
});

describe("a flow that has lost its host", () => {
  it("is not routed, not recorded and not asked about anything", () => {
    const cluster = aHealthyCluster(lost);
    expect(wishes(cluster).map(({ kind }) => kind)).not.toContain(kinds.Ingress);
    expect(cluster.questions()).toEqual([]);
  });

  it("is Broken at the router and Unknown at the other hops of the public leg", () => {
    const cluster = aHealthyCluster(lost);
    const states = path.map((hop) => verdictOf(hop.judge(lost, cluster.seen)));
    const found = Object.fromEntries(
      path.map((hop, index) => [hop.name, `${states[index]?.state}/${states[index]?.reason}`]),
    );
    expect(found).toMatchObject({
      dns: "Unknown/HostConflict",
      edge: "Unknown/HostConflict",
      router: "Broken/HostConflict",
      response: "Unknown/HostConflict",
      process: "Healthy/Running",
    });
  });
});

function podSpecs({ object }: Desired): unknown[] {
  const template = (object.spec as { template?: { spec?: unknown } } | undefined)?.template;
  return template?.spec === undefined ? [] : [template.spec];
}

/** Values of everything that is called labels, matchLabels or selector, at any depth. */
function labelValues(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isMap = ["labels", "matchLabels", "nodeSelector"].includes(key);
    return isMap ? (Object.values(inner) as string[]) : labelValues(inner);
  });
}

function addressesOf({ ask }: Question): string[] {
  if (ask.type === "dns") return [ask.server];
  if (ask.type === "http") return [ask.address ?? ask.resolver ?? "none"];
  return "address" in ask && ask.address !== undefined ? [ask.address] : [];
}

function knownAddresses({ flow, seen }: Cluster): string[] {
  const text = JSON.stringify([seen.list(kinds.Pod), seen.list(kinds.Ingress), seen.operator.dnsServers]);
  const named = [...text.matchAll(/"(\d+\.\d+\.\d+\.\d+)"/g)].map((match) => match[1] ?? "");
  return [...named, ...flow.class.vantages.map(({ resolver = "" }) => resolver)];
}
