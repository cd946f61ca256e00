// Claim 5, first part: what is deleted by hand is back within a second; what must not be remade is reported.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/kernel/objects.ts";
import { names } from "../../src/webflow/address.ts";
import {
  apply,
  childrenOf,
  conditionOf,
  deleteNamespace,
  eventually,
  flowObject,
  hopOf,
  kube,
  makeNamespace,
  millisUntilRemade,
  need,
  operatorUser,
  readFlow,
  writesSince,
} from "./cluster.ts";

const kiosk = { namespace: "e2e-kiosk", name: "kiosk" };
const plurals: Readonly<Record<string, string>> = {
  Service: "services",
  ServiceAccount: "serviceaccounts",
  NetworkPolicy: "networkpolicies",
  Ingress: "ingresses",
  HorizontalPodAutoscaler: "horizontalpodautoscalers",
  PodDisruptionBudget: "poddisruptionbudgets",
  Deployment: "deployments",
  StatefulSet: "statefulsets",
};

const everyKind = [...Object.keys(plurals), "PersistentVolumeClaim", "Secret"];

const ready = async () => conditionOf(await readFlow(kiosk), "Ready")?.status === "True";

beforeAll(async () => {
  const spec = {
    vmGroup: { min: 2, max: 3 },
    database: { engine: "Postgres" },
    checks: [{ name: "front", path: "/" }],
  };
  await makeNamespace(kiosk.namespace);
  await apply(flowObject(kiosk, spec));
  await eventually("all children are there", 60, async () => {
    const kinds = new Set((await childrenOf(kiosk)).map((child) => child.kind));
    return everyKind.every((kind) => kinds.has(kind));
  });
});

afterAll(() => deleteNamespace(kiosk.namespace));

describe("a child deleted by hand is back within a second", () => {
  for (const [kind, plural] of Object.entries(plurals)) {
    test(kind, async () => {
      const children = (await childrenOf(kiosk)).filter((child) => child.kind === kind);
      expect(children.length).toBeGreaterThan(0);
      for (const { metadata } of children) await deleteAndWait(plural, metadata.name);
    });
  }

  test("and the flow becomes Ready", async () => {
    await eventually("kiosk is Ready", 180, ready);
  });
});

async function deleteAndWait(plural: string, name: string): Promise<void> {
  const since = new Date();
  await kube(["-n", kiosk.namespace, "delete", plural, name, "--wait=false"]);
  const millis = await eventually(`${plural}/${name} is back`, 15, async () =>
    millisUntilRemade(since, plural, { namespace: kiosk.namespace, name }),
  );
  expect(millis, `${plural}/${name}: milliseconds until it was back`).toBeLessThanOrEqual(1000);
}

describe("what must not be remade", () => {
  const secret = names.databaseSecret(kiosk);

  test("a deleted Secret is reported with the remedy, not remade, and taken up again when it is put back", async () => {
    const { metadata, ...rest } = await need("-n", kiosk.namespace, "secret", secret);
    const kept: KubeObject = {
      ...rest,
      metadata: {
        namespace: kiosk.namespace,
        name: metadata.name,
        ...(metadata.labels ? { labels: metadata.labels } : {}),
      },
    };
    const since = new Date();
    await kube(["-n", kiosk.namespace, "delete", "secret", secret]);
    try {
      const flow = await eventually("the missing Secret is reported", 120, async () => {
        const seen = await readFlow(kiosk);
        return seen.status?.brokenAt === "database" ? seen : undefined;
      });
      expect(hopOf(flow, "database")).toMatchObject({ state: "Broken", reason: "CredentialsMissing" });
      expect(hopOf(flow, "database")?.message).toContain(secret);
      const made = writesSince(since).filter(
        ({ user, objectRef, responseStatus, requestURI }) =>
          user.username === operatorUser &&
          objectRef?.resource === "secrets" &&
          responseStatus?.code === 201 &&
          !requestURI.includes("dryRun"),
      );
      expect(made).toEqual([]);
    } finally {
      await kube(["create", "-f", "-"], JSON.stringify(kept));
    }
    await eventually("kiosk is Ready again", 120, ready);
  });

  test("a deleted claim is reported while the database still runs on it", async () => {
    const claim = names.databaseClaim(kiosk);
    await kube(["-n", kiosk.namespace, "delete", "pvc", claim, "--wait=false"]);
    const hop = await eventually("the deleted claim is reported", 60, async () => {
      const found = hopOf(await readFlow(kiosk), "database");
      return found?.facts.some((fact) => fact.state !== "Healthy" && fact.message.includes(claim)) ? found : undefined;
    });
    expect(hop.state).not.toBe("Healthy");
  });
});
