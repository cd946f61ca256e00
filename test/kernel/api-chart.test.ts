/** The chart, the plain install and the samples, held against a real API server. Needs helm and kubectl of the cache. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { chart, helm, installFile, plainInstall } from "../../hack/generate/install.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { binFolder } from "../harness/control-plane.ts";
import { type Api, startApi } from "./api-server.ts";

const root = join(import.meta.dirname, "..", "..");
const manifests = join(root, "manifests");
const bin = (name: string) => join(binFolder(), name);
const namespace = "webflow-system";

let api: Api;
beforeAll(async () => {
  api = await startApi();
  kubectl(["apply", "-f", join(manifests, "namespace.yaml")]);
});
afterAll(async () => {
  await api?.stop();
});

function kubectl(args: readonly string[], input?: string): string {
  const done = spawnSync(bin("kubectl"), ["--kubeconfig", api.kubeconfig, ...args], { encoding: "utf8", input });
  if (done.status !== 0) throw new Error(`kubectl ${args[0]}: ${done.stderr}`);
  return done.stdout;
}

/** Taken by the API server with strict validation, as it would be on a cluster; nothing is stored. */
const tried = (text: string) =>
  kubectl(["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"], text);

const template = (...values: string[]) =>
  helm(bin("helm"), [
    "template",
    "webflow",
    chart,
    "--namespace",
    namespace,
    ...values.flatMap((value) => ["--set", value]),
  ]);

const objectsIn = (text: string): KubeObject[] =>
  parseAllDocuments(text).flatMap((document) => {
    const value: unknown = document.toJS();
    return value === null ? [] : [value as KubeObject];
  });

describe("the chart", () => {
  it("passes helm's own lint", () => {
    expect(helm(bin("helm"), ["lint", "--strict", chart])).toContain("0 chart(s) failed");
  });

  it.each([
    ["without any value", []],
    ["with a public name server", ["dns.service.type=LoadBalancer", "dns.service.loadBalancerIP=198.51.100.53"]],
    [
      "with everything that can be left out left out",
      [
        "dns.enabled=false",
        "crds.enabled=false",
        "networkPolicy.enabled=false",
        "rbac.aggregate=false",
        "prober.existingSecret=mine",
      ],
    ],
    [
      "with certificate and token of one's own",
      ["prober.tls.crt=a", "prober.tls.key=b", "prober.token=c", "podAnnotations.a=b", "podLabels.c=d"],
    ],
  ])("%s is taken whole by the API server", (_, values) => {
    const text = template(...values);
    expect(tried(text).trim().split("\n")).toHaveLength(objectsIn(text).length);
  });

  it.each([
    ["a value that does not exist", "operator.replica=2", "replica"],
    ["no operator at all", "operator.replicas=0", "replicas"],
    ["a mode we do not know", "dns.mode=delegated", "mode"],
    ["a policy of pulling we do not know", "image.pullPolicy=Sometimes", "pullPolicy"],
    ["a pull Secret as an object", "controlJob.imagePullSecrets[0].name=registry", "imagePullSecrets"],
    ["a certificate without its key", "prober.tls.crt=a", "prober.tls needs both crt and key"],
  ])("refuses %s, naming it", (_, value, words) => {
    expect(() => template(value)).toThrow(words);
  });

  it("runs every pod under restricted Pod Security", async () => {
    const owners = objectsIn(template()).filter((object) => ["Deployment", "DaemonSet", "Pod"].includes(object.kind));
    expect(owners.map((owner) => owner.metadata.name).sort()).toEqual([
      "webflow-canary",
      "webflow-dns",
      "webflow-operator",
      "webflow-prober",
      "webflow-test-ready",
    ]);
    for (const owner of owners) {
      const { template: pod = owner } = owner.spec as { template?: { spec?: unknown } };
      const body = { apiVersion: "v1", kind: "Pod", metadata: { name: "tried" }, spec: pod.spec };
      const reply = await api.send(
        "POST",
        `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`,
        body,
      );
      expect(reply.message).toBe("");
    }
  });

  it("tells the operator which Secrets control Jobs pull with, only where there are any", () => {
    const line = (...values: string[]) =>
      /name: WEBFLOW_CONTROL_PULL_SECRETS\n\s+value: (.*)/.exec(template(...values))?.[1];
    expect(line()).toBeUndefined();
    expect(line("controlJob.imagePullSecrets={registry,other}")).toBe('"registry,other"');
  });

  it("writes one Secret, and a ServiceMonitor only where asked", () => {
    const kinds = (...values: string[]) => objectsIn(template(...values)).map((object) => object.kind);
    expect(kinds().filter((kind) => kind === "Secret")).toHaveLength(1);
    expect(kinds("prober.existingSecret=mine")).not.toContain("Secret");
    expect(kinds()).not.toContain("ServiceMonitor");
    expect(kinds("serviceMonitor.enabled=true")).toContain("ServiceMonitor");
  });
});

describe("the rights that the chart gives", () => {
  beforeAll(() => {
    const rights = objectsIn(template()).filter((object) => /Role|ServiceAccount/.test(object.kind));
    kubectl(["apply", "--server-side", "-f", "-"], rights.map((object) => JSON.stringify(object)).join("\n---\n"));
  });

  interface Asked {
    verb: string;
    resource: string;
    group?: string;
    subresource?: string;
    namespace?: string;
    name?: string;
  }

  async function may(account: string, asked: Asked): Promise<boolean> {
    const spec = {
      user: `system:serviceaccount:${namespace}:${account}`,
      resourceAttributes: { namespace: "default", ...asked },
    };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const { body } = await api.send("POST", path, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec,
    });
    return (body.status as { allowed?: boolean } | undefined)?.allowed === true;
  }

  const own = { namespace };
  const flows = { group: "webflow.dev", resource: "webflows" };
  const leases = { group: "coordination.k8s.io", resource: "leases" };

  it.each<[boolean, string, Asked]>([
    [true, "webflow-operator", { verb: "create", resource: "secrets" }],
    [false, "webflow-operator", { verb: "get", resource: "secrets" }],
    [false, "webflow-operator", { verb: "patch", resource: "secrets" }],
    [true, "webflow-operator", { verb: "patch", group: "apps", resource: "deployments" }],
    [true, "webflow-operator", { verb: "patch", ...flows, subresource: "status" }],
    [false, "webflow-operator", { verb: "patch", ...flows }],
    [false, "webflow-operator", { verb: "delete", resource: "persistentvolumeclaims" }],
    [false, "webflow-operator", { verb: "patch", resource: "pods" }],
    [true, "webflow-operator", { verb: "patch", resource: "pods", ...own }],
    [true, "webflow-operator", { verb: "patch", resource: "configmaps", ...own, name: "webflow-zones" }],
    [false, "webflow-operator", { verb: "patch", resource: "configmaps", ...own, name: "webflow-dns" }],
    [false, "webflow-operator", { verb: "get", resource: "configmaps" }],
    [true, "webflow-operator", { verb: "create", resource: "configmaps", ...own }],
    [true, "webflow-operator", { verb: "get", resource: "configmaps", ...own, name: "webflow-zones" }],
    [false, "webflow-operator", { verb: "get", resource: "configmaps", ...own, name: "webflow-dns" }],
    [false, "webflow-operator", { verb: "list", resource: "configmaps", ...own }],
    [false, "webflow-operator", { verb: "watch", resource: "configmaps", ...own }],
    [true, "webflow-operator", { verb: "delete", group: "apps", resource: "statefulsets" }],
    [false, "webflow-operator", { verb: "delete", group: "apps", resource: "deployments" }],
    [false, "webflow-operator", { verb: "delete", resource: "serviceaccounts" }],
    [false, "webflow-operator", { verb: "delete", group: "autoscaling", resource: "horizontalpodautoscalers" }],
    [true, "webflow-operator", { verb: "update", ...leases, ...own, name: "webflow-operator" }],
    [false, "webflow-operator", { verb: "update", ...leases, ...own, name: "another" }],
    [false, "webflow-operator", { verb: "patch", ...leases, ...own, name: "webflow-operator" }],
    [true, "webflow-operator", { verb: "create", group: "events.k8s.io", resource: "events" }],
    [false, "webflow-operator", { verb: "patch", group: "events.k8s.io", resource: "events" }],
    [true, "webflow-operator", { verb: "create", group: "batch", resource: "jobs" }],
    [false, "webflow-operator", { verb: "delete", group: "batch", resource: "jobs" }],
    [true, "webflow-operator", { verb: "watch", resource: "nodes" }],
    [false, "webflow-operator", { verb: "get", resource: "pods" }],
    [false, "webflow-operator", { verb: "get", resource: "persistentvolumeclaims" }],
    [true, "webflow-viewer", { verb: "get", ...flows }],
    [false, "webflow-viewer", { verb: "create", ...flows }],
    [false, "webflow-viewer", { verb: "get", resource: "pods" }],
    [false, "webflow-prober", { verb: "get", resource: "pods" }],
    [false, "webflow-canary", { verb: "get", ...flows }],
  ])("%s for %s: %j", async (allowed, account, asked) => {
    expect(await may(account, asked)).toBe(allowed);
  });

  it("reach to the list of ConfigMaps that is the zones', and to no other", () => {
    const listed = (...selector: string[]) =>
      kubectl([
        "get",
        "configmaps",
        "-n",
        namespace,
        ...selector,
        "--as",
        `system:serviceaccount:${namespace}:webflow-operator`,
      ]);
    kubectl(["create", "configmap", "webflow-zones", "-n", namespace]);
    try {
      expect(listed("--field-selector", "metadata.name=webflow-zones", "-o", "name")).toBe("configmap/webflow-zones\n");
      expect(() => listed()).toThrow("cannot list resource");
    } finally {
      kubectl(["delete", "configmap", "webflow-zones", "-n", namespace]);
    }
  });
});

describe("the plain install", () => {
  it('is what "npm run generate" makes of the chart', () => {
    expect(readFileSync(join(root, installFile), "utf8")).toBe(plainInstall(bin("helm")));
  });

  it("is taken whole by the API server, with a Secret of the user's own making", () => {
    const copy = mkdtempSync(join(tmpdir(), "webflow-manifests-"));
    try {
      cpSync(manifests, copy, { recursive: true });
      for (const name of ["tls.crt", "tls.key", "token"]) writeFileSync(join(copy, "prober", name), name);
      const text = kubectl(["kustomize", copy]);
      const secrets = objectsIn(text).filter((object) => object.kind === "Secret");
      expect(secrets.map((secret) => [secret.metadata.name, Object.keys(secret.data ?? {}).sort()])).toEqual([
        ["webflow-prober", ["tls.crt", "tls.key", "token"]],
      ]);
      expect(tried(text)).toContain("deployment.apps/webflow-operator serverside-applied");
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});

describe("the samples are taken by the API server:", () => {
  it.each(["kind/class.yaml", "kind/shop.yaml", "eks/class.yaml", "eks/shop.yaml"])("%s", async (name) => {
    const text = readFileSync(join(manifests, "samples", name), "utf8");
    const reply = await api.tryCreate(
      parse(text.replace("CERTIFICATE", '"-----BEGIN CERTIFICATE-----"')) as KubeObject,
    );
    expect(reply.message).toBe("");
  });
});

describe("kubectl explain", () => {
  it.each([
    ["webflow.spec.database.retention", "What becomes of the volume when the WebFlow is deleted"],
    ["wf.status.hops.facts.vantage", "From where it was seen"],
    ["wfc.spec.subnets", "Sets of nodes by name"],
  ])("tells of %s", (path, words) => {
    expect(kubectl(["explain", path]).replaceAll(/\s+/g, " ")).toContain(words);
  });
});
