/**
 * A Flow, the objects of a cluster that serves it, and the answers that prove it: what tests of hops begin with, each
 * to break the one thing that it is about.
 */
import type { Flow, FlowCheck } from "../src/webflow/types.ts";

export const noon = Date.parse("2026-01-01T12:00:00Z");
export const ago = (millis: number, now = noon): string => new Date(now - millis).toISOString();
export const hour = 3_600_000;

export const edgeAddress = "198.51.100.10";

export const aCheck = (changed: Partial<FlowCheck> = {}): FlowCheck => ({
  name: "get",
  method: "GET",
  path: "/healthz",
  body: undefined,
  status: undefined,
  withinMillis: 2000,
  everyMillis: 10_000,
  writes: false,
  ...changed,
});

const privateSubnet = {
  name: "private",
  nodeSelector: { "webflow.dev/subnet": "private" },
  tolerations: [
    { key: "webflow.dev/subnet", operator: "Equal" as const, value: "private", effect: "NoSchedule" as const },
  ],
};

export const aDatabase: NonNullable<Flow["database"]> = {
  engine: "Postgres",
  version: "15",
  image: "postgres:15",
  storage: "1Gi",
  storageClassName: undefined,
  subnet: privateSubnet,
  retention: "Retain",
};

export const aClass = (changed: Partial<Flow["class"]> = {}): Flow["class"] => ({
  name: "standard",
  revision: "standard/1",
  zones: ["example.test"],
  dns: "Delegated",
  ttlSeconds: 5,
  ingressClassName: "traefik",
  ingressAnnotations: {},
  roundMillis: 10_000,
  controlMillis: 600_000,
  isolation: "Required",
  publicLeg: "Required",
  vantages: [{ name: "browser", url: "https://203.0.113.10:8443", caBundle: "PEM", resolver: "203.0.113.53" }],
  ...changed,
});

/** The shop, whole. */
export function aFlow(changed: Partial<Flow> = {}): Flow {
  return {
    name: "shop",
    namespace: "default",
    uid: "flow-uid",
    generation: 1,
    createdAt: ago(hour),
    host: "shop.example.test",
    hosts: ["shop.example.test"],
    edges: [{ name: "main", scope: "Public" }],
    routes: [{ path: "/", match: "Prefix", port: "http" }],
    group: {
      min: 2,
      max: 10,
      targets: [{ resource: "cpu", utilization: 70 }],
      subnet: { name: "public", nodeSelector: { "webflow.dev/subnet": "public" } },
      spread: "Zone",
    },
    process: {
      image: "shop:0.1.0",
      ports: [{ name: "http", port: 8080 }],
      health: { path: "/healthz", port: "http" },
      workers: 2,
      threads: 4,
      command: undefined,
      args: undefined,
      env: [],
      imagePullSecrets: [],
      requests: { cpu: "100m", memory: "128Mi" },
      limits: { memory: "256Mi" },
      stopSeconds: 30,
    },
    database: aDatabase,
    checks: [aCheck()],
    class: aClass(),
    faults: [],
    lostTo: undefined,
    heldHosts: ["shop.example.test"],
    ...changed,
  };
}

/** Ten lines of YAML and no class. */
export const aTinyFlow = (): Flow => {
  const { process, group, ...rest } = aFlow();
  return {
    ...rest,
    name: "tiny",
    host: "tiny.example.test",
    hosts: ["tiny.example.test"],
    group: { ...group, max: 4, subnet: undefined },
    process: { ...process, health: undefined, workers: undefined, threads: undefined },
    database: undefined,
    checks: [aCheck({ path: "/" })],
    class: aClass({
      name: undefined,
      zones: [],
      dns: "None",
      ingressClassName: undefined,
      isolation: "Reported",
      publicLeg: "Reported",
      vantages: [],
    }),
  };
};
