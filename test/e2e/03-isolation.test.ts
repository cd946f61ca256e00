// Claim 3: the database is reached by the web tier and by nobody else, and the status says so because it was tried.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containers, gatewayAddress, vpcRange } from "../../hack/cluster/addresses.ts";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { names } from "../../src/webflow/address.ts";
import {
  apply,
  childrenOf,
  conditionOf,
  connectFrom,
  connectScript,
  deleteNamespace,
  dockerExec,
  eventually,
  flowObject,
  kube,
  makeNamespace,
  millisUntilRemade,
  need,
  operatorUser,
  readFlow,
  shop,
  writesSince,
} from "./cluster.ts";

interface Pod extends KubeObject {
  spec: { nodeName: string };
  status: { podIP: string; conditions: { type: string; status: string }[] };
}

const databasePort = 5432;
/** Where a pod of the test listens on the database's node, open to all: what a refusal is compared with. */
const openPort = 9100;
const stranger = "e2e-stranger";

async function databasePod(): Promise<Pod> {
  return need<Pod>("-n", shop.namespace, "pod", names.databasePod(shop));
}

async function nodeAddress(node: string): Promise<string> {
  return kube(["get", "node", node, "-o", 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}']);
}

const idle = "setInterval(() => {}, 1000)";
const listen = `require("node:net").createServer((socket) => socket.end()).listen(${openPort})`;

async function deviceOf(host: string, range: string): Promise<string> {
  const shown = await dockerExec(host, ["ip", "-o", "-4", "addr", "show", "to", range]);
  return shown.stdout.split(/\s+/)[1] ?? "";
}

function scriptPod(namespace: string, name: string, script: string, place: Record<string, unknown> = {}): KubeObject {
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name },
    spec: {
      ...place,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          name: "probe",
          image: "shop:0.1.0",
          command: ["node", "-e", script],
          securityContext: security,
        },
      ],
    },
  };
}

async function connectFromPod(namespace: string, pod: string, address: string, port: number): Promise<string> {
  return (await kube(["-n", namespace, "exec", pod, "--", "node", "-e", connectScript(address, port)])).trim();
}

const isolated = async () => conditionOf(await readFlow(shop), "DatabaseIsolated")?.status;

describe("the database pod's address", () => {
  let database: Pod;
  let open: string;

  beforeAll(async () => {
    database = await databasePod();
    const { nodeName } = database.spec;
    await makeNamespace(stranger);
    await apply(
      scriptPod(stranger, "stranger", idle),
      scriptPod(stranger, "listener", listen, { nodeName, tolerations: [{ operator: "Exists" }] }),
      scriptPod(shop.namespace, "e2e-unlabelled", idle),
    );
    for (const [namespace, pod] of [
      [stranger, "stranger"],
      [stranger, "listener"],
      [shop.namespace, "e2e-unlabelled"],
    ] as const) {
      await kube(["-n", namespace, "wait", `pod/${pod}`, "--for=condition=Ready", "--timeout=60s"]);
    }
    open = (await need<Pod>("-n", stranger, "pod", "listener")).status.podIP;
  });

  afterAll(async () => {
    await kube(["-n", shop.namespace, "delete", "pod", "e2e-unlabelled", "--ignore-not-found"]);
    await deleteNamespace(stranger);
  });

  test("lies on a node of the private subnet", async () => {
    const node = await need("node", database.spec.nodeName);
    expect(node.metadata.labels).toMatchObject({ "webflow.dev/subnet": "private" });
  });

  test("is not reached from the browser's host: there is no route", async () => {
    expect(await connectFrom(containers.browser, database.status.podIP, databasePort)).toMatch(/unreachable/i);
  });

  test("is not reached from the browser's host with a route either: policy refuses, though another pod there is reached", async () => {
    const privateNode = await nodeAddress(database.spec.nodeName);
    const device = await deviceOf(containers.gateway, vpcRange);
    const routes: [host: string, ...route: string[]][] = [database.status.podIP, open].flatMap((address) => [
      [containers.gateway, `${address}/32`, "via", privateNode, "dev", device, "onlink"],
      [containers.browser, `${address}/32`, "via", gatewayAddress],
    ]);
    try {
      for (const [host, ...route] of routes) {
        const done = await dockerExec(host, ["ip", "route", "replace", ...route]);
        expect(done.code, done.stderr).toBe(0);
      }
      expect(await connectFrom(containers.browser, open, openPort)).toBe("open");
      expect(await connectFrom(containers.browser, database.status.podIP, databasePort)).toMatch(/timed out|timeout/i);
    } finally {
      for (const [host, address = ""] of routes) await dockerExec(host, ["ip", "route", "del", address]);
    }
    expect(await connectFrom(containers.browser, open, openPort)).toMatch(/unreachable/i);
  });

  test("is not reached from a pod in another namespace, though another pod there is reached", async () => {
    expect(await connectFromPod(stranger, "stranger", open, openPort)).toBe("open");
    expect(await connectFromPod(stranger, "stranger", database.status.podIP, databasePort)).toBe("timeout");
  });

  test("is not reached from a pod without the label in its own namespace, though another pod there is reached", async () => {
    expect(await connectFromPod(shop.namespace, "e2e-unlabelled", open, openPort)).toBe("open");
    expect(await connectFromPod(shop.namespace, "e2e-unlabelled", database.status.podIP, databasePort)).toBe("timeout");
  });

  test("is reached from the web tier", async () => {
    expect(await connectFromPod(shop.namespace, `deployment/${shop.name}`, database.status.podIP, databasePort)).toBe(
      "open",
    );
  });
});

describe("DatabaseIsolated", () => {
  const widening: KubeObject = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: shop.namespace, name: "e2e-widening" },
    spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] },
  };

  test("is True, and is not while another policy widens ours", async () => {
    await eventually("DatabaseIsolated is True", 120, async () => (await isolated()) === "True");
    try {
      await apply(widening);
      await eventually("DatabaseIsolated is no longer True", 60, async () => (await isolated()) !== "True");
    } finally {
      await kube(["-n", shop.namespace, "delete", "networkpolicy", "e2e-widening", "--ignore-not-found"]);
    }
    await eventually("DatabaseIsolated is True again", 180, async () => (await isolated()) === "True");
    await eventually(
      "shop is Ready again",
      120,
      async () => conditionOf(await readFlow(shop), "Ready")?.status === "True",
    );
  });
});

describe("our policy", () => {
  const policy = { namespace: shop.namespace, name: names.databasePolicy(shop) };
  const readSpec = async () => (await need("-n", policy.namespace, "networkpolicy", policy.name)).spec;

  test("is back within a second when it was deleted", async () => {
    const wanted = await readSpec();
    const since = new Date();
    await kube(["-n", policy.namespace, "delete", "networkpolicy", policy.name]);
    const millis = await eventually("the policy is made again", 10, async () =>
      millisUntilRemade(since, "networkpolicies", policy),
    );
    expect(millis).toBeLessThanOrEqual(1000);
    expect(await readSpec()).toEqual(wanted);
  });

  test("is back within a second when it was edited", async () => {
    const wanted = await readSpec();
    const since = new Date();
    const edit = JSON.stringify([{ op: "replace", path: "/spec/ingress", value: [{}] }]);
    await kube(["-n", policy.namespace, "patch", "networkpolicy", policy.name, "--type=json", "-p", edit]);
    const millis = await eventually("the policy is mended", 10, async () => {
      const writes = writesSince(since).filter(
        (event) => event.objectRef?.resource === "networkpolicies" && event.objectRef.name === policy.name,
      );
      const edited = writes.find((event) => event.user.username !== operatorUser);
      const mended = writes.find(
        (event) => event.user.username === operatorUser && edited && event.stageTimestamp > edited.stageTimestamp,
      );
      return edited && mended && new Date(mended.stageTimestamp).getTime() - new Date(edited.stageTimestamp).getTime();
    });
    expect(millis).toBeLessThanOrEqual(1000);
    expect(await readSpec()).toEqual(wanted);
  });
});

describe("a new flow with a database", () => {
  const vault = { namespace: "e2e-vault", name: "vault" };
  afterAll(() => deleteNamespace(vault.namespace));

  test("has its policy before its database pod", async () => {
    const since = new Date();
    await makeNamespace(vault.namespace);
    await apply(flowObject(vault, { database: { engine: "Postgres" } }));
    await eventually(
      "the database pod is there",
      60,
      async () =>
        (await childrenOf(vault)).some((child) => child.kind === "StatefulSet") &&
        (await kube(["-n", vault.namespace, "get", "pods", "-o", "name"])).includes(names.databasePod(vault)),
    );
    const created = writesSince(since).filter(
      ({ objectRef, responseStatus }) =>
        objectRef?.namespace === vault.namespace && responseStatus?.code === 201 && !objectRef.subresource,
    );
    const first = (resource: string, name: string) =>
      created.find(({ objectRef }) => objectRef?.resource === resource && objectRef.name === name);
    const policy = first("networkpolicies", names.databasePolicy(vault));
    const pod = first("pods", names.databasePod(vault));
    expect(policy, "creation of the policy in the audit log").toBeDefined();
    expect(pod, "creation of the database pod in the audit log").toBeDefined();
    expect(new Date(policy?.stageTimestamp ?? 0).getTime()).toBeLessThan(
      new Date(pod?.requestReceivedTimestamp ?? 0).getTime(),
    );
  });
});
