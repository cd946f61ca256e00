import { describe, expect, it } from "vitest";
import { claimsOf } from "./claims.ts";
import type { WebFlowClassSpec } from "./class-schema.ts";
import { classFor } from "./classes.ts";
import { complete } from "./complete.ts";
import type { WebFlowSpec } from "./schema.ts";
import type { Flow, WebFlow, WebFlowClass } from "./types.ts";

function flow(spec: Partial<WebFlowSpec> = {}): WebFlow {
  return {
    apiVersion: "webflow.dev/v1alpha1",
    kind: "WebFlow",
    metadata: {
      name: "shop",
      namespace: "default",
      uid: "u1",
      generation: 3,
      creationTimestamp: "2026-11-23T10:00:00Z",
    },
    spec: { host: "shop.example.test", process: { image: "shop:1", ports: [{ name: "http", port: 8080 }] }, ...spec },
  };
}

function named(name: string, spec: WebFlowClassSpec = {}): WebFlowClass {
  return { apiVersion: "webflow.dev/v1alpha1", kind: "WebFlowClass", metadata: { name, generation: 7 }, spec };
}

const operator = { dnsMode: "Delegated" } as const;

const completed = (spec: Partial<WebFlowSpec> = {}, ...classes: WebFlowClass[]): Flow => {
  const raw = flow(spec);
  return complete(raw, classFor(raw, classes), claimsOf([raw]), operator);
};

/** Under a class that all flows without a name follow. */
const under = (klass: WebFlowClassSpec, spec: Partial<WebFlowSpec> = {}) =>
  completed(spec, named("standard", { default: true, ...klass }));

describe("a WebFlow of ten lines under no class", () => {
  const shop = completed({ database: { engine: "Postgres" } });

  it("is a path with every choice made", () => {
    expect(shop).toEqual({
      name: "shop",
      namespace: "default",
      uid: "u1",
      generation: 3,
      createdAt: "2026-11-23T10:00:00Z",
      host: "shop.example.test",
      hosts: ["shop.example.test"],
      edges: [{ name: "main", scope: "Public" }],
      routes: [{ path: "/", match: "Prefix", port: "http" }],
      group: { min: 2, max: 4, targets: [{ resource: "cpu", utilization: 70 }], subnet: undefined, spread: "Zone" },
      process: {
        image: "shop:1",
        ports: [{ name: "http", port: 8080 }],
        health: undefined,
        workers: undefined,
        threads: undefined,
        command: undefined,
        args: undefined,
        env: [],
        imagePullSecrets: [],
        requests: { cpu: "100m", memory: "128Mi" },
        limits: { memory: "256Mi" },
        stopSeconds: 30,
      },
      database: {
        engine: "Postgres",
        version: "15",
        image: "postgres:15",
        storage: "1Gi",
        storageClassName: undefined,
        subnet: undefined,
        retention: "Retain",
      },
      checks: [
        {
          name: "get",
          method: "GET",
          path: "/",
          body: undefined,
          status: undefined,
          withinMillis: 2000,
          everyMillis: 10_000,
          writes: false,
        },
      ],
      class: {
        name: undefined,
        zones: [],
        dns: "None",
        ttlSeconds: 5,
        ingressClassName: undefined,
        ingressAnnotations: {},
        roundMillis: 10_000,
        controlMillis: 600_000,
        isolation: "Reported",
        publicLeg: "Reported",
        vantages: [],
      },
      faults: [],
      lostTo: undefined,
      heldHosts: ["shop.example.test"],
    });
  });
});

const publicSubnet = { name: "public", nodeSelector: { subnet: "public" } };
const vantage = { name: "browser", url: "https://203.0.113.10:8443", caBundle: "-----BEGIN CERTIFICATE-----" };

describe("what a flow does not say, its class says:", () => {
  const klass: WebFlowClassSpec = {
    zones: ["example.test"],
    subnets: [publicSubnet, { name: "private" }],
    engines: [{ engine: "Postgres", versions: [{ version: "17", image: "mirror/postgres:17" }] }],
    defaults: {
      min: 3,
      max: 9,
      subnet: "public",
      databaseSubnet: "private",
      storage: "2048Mi",
      stopSeconds: 5,
      within: "1s",
    },
    probes: { round: "5s", control: "30s", isolation: "Required" },
    vantages: [vantage],
  };
  const shop = under(klass, { database: { engine: "Postgres" } });

  it.each<[string, unknown, unknown]>([
    ["the size of the group", [shop.group.min, shop.group.max], [3, 9]],
    ["the subnet of the pods", shop.group.subnet, publicSubnet],
    ["the subnet of the database", shop.database?.subnet?.name, "private"],
    ["the engine's version", shop.database?.image, "mirror/postgres:17"],
    ["the storage, as the API server prints it", shop.database?.storage, "2Gi"],
    ["how long it may take to stop", shop.process.stopSeconds, 5],
    ["how long a check may take", shop.checks[0]?.withinMillis, 1000],
    ["how often it is asked", shop.checks[0]?.everyMillis, 5000],
    ["how names are made known", shop.class.dns, "Delegated"],
    ["that the public leg is required, since there is a vantage", shop.class.publicLeg, "Required"],
    ["which revision of the class it was", shop.class.revision, "standard/7"],
    ["nothing that is wrong", shop.faults, []],
  ])("%s", (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  it("and the flow's own word stands before it", () => {
    const own = under(klass, { vmGroup: { min: 1 }, checks: [{ name: "a", path: "/a", every: "1m" }] });
    expect(own.group.min).toBe(1);
    expect(own.checks[0]?.everyMillis).toBe(60_000);
  });
});

describe("amounts", () => {
  const amounts = (resources: WebFlowSpec["process"]["resources"], defaults: WebFlowClassSpec["defaults"] = {}) => {
    const process = {
      image: "shop:1",
      ports: [{ name: "http", port: 8080 }],
      ...(resources === undefined ? {} : { resources }),
    };
    const { requests, limits } = under({ defaults }, { process }).process;
    return { requests, limits };
  };

  it("are written as the API server prints them", () => {
    const { requests, limits } = amounts({
      requests: { cpu: "0.5", memory: "1024Mi" },
      limits: { cpu: "1000m", memory: "2048Mi" },
    });
    expect(requests).toEqual({ cpu: "500m", memory: "1Gi" });
    expect(limits).toEqual({ cpu: "1", memory: "2Gi" });
  });

  it("raise a default limit that a declared request is above", () => {
    expect(amounts({ requests: { memory: "512Mi" } }).limits.memory).toBe("512Mi");
  });

  it("lower a default request that is above a declared limit", () => {
    expect(amounts({ limits: { cpu: "50m" } }).requests.cpu).toBe("50m");
  });

  it("lower the class's request to a declared limit", () => {
    expect(amounts({ limits: { memory: "64Mi" } }, { requests: { memory: "1Gi" } }).requests.memory).toBe("64Mi");
  });
});

describe("checks", () => {
  it("without any, the health path is asked", () => {
    const process = { image: "shop:1", ports: [{ name: "http", port: 8080 }], health: { path: "/healthz" } };
    expect(completed({ process }).checks.map(({ name, path }) => [name, path])).toEqual([["get", "/healthz"]]);
  });

  it("that write are asked once an hour and marked", () => {
    const [json, form] = completed({
      checks: [
        { name: "json", method: "POST", path: "/orders", json: "{}" },
        { name: "form", method: "PUT", path: "/orders", form: "a=b", every: "2h" },
      ],
    }).checks;
    expect(json).toMatchObject({
      writes: true,
      everyMillis: 3_600_000,
      body: { type: "application/json", text: "{}" },
    });
    expect(form).toMatchObject({
      everyMillis: 7_200_000,
      body: { type: "application/x-www-form-urlencoded", text: "a=b" },
    });
  });
});

describe("of the group's bounds, one that was not said gives way to one that was:", () => {
  const bounds = (own: { min?: number; max?: number }, defaults: { min?: number; max?: number } = {}) => {
    const { group, faults } = under({ defaults }, { vmGroup: own });
    expect(faults).toEqual([]);
    return [group.min, group.max];
  };

  it.each([
    ["the built-in max to a min", { min: 6 }, {}, [6, 6]],
    ["the built-in min to a max", { max: 1 }, {}, [1, 1]],
    ["the class's max to a min", { min: 6 }, { max: 3 }, [6, 6]],
    ["the class's min to a max", { max: 2 }, { min: 3, max: 9 }, [2, 2]],
    ["the built-in min to the class's max", {}, { max: 1 }, [1, 1]],
    ["the built-in max to the class's min", {}, { min: 7 }, [7, 7]],
    ["none to both", { min: 1, max: 8 }, { min: 3, max: 4 }, [1, 8]],
  ])("%s", (_, own, defaults, expected) => {
    expect(bounds(own, defaults)).toEqual(expected);
  });
});

it("without a zone nobody is told the name, whatever the operator's mode", () => {
  expect(under({ dns: { mode: "Delegated" } }).class.dns).toBe("None");
});

describe("what the user must edit is a fault that says so:", () => {
  const database = (fields: object) => ({ database: { engine: "Postgres" as const, ...fields } });
  const zones = ["example.test", "shop.test"];

  it.each<[string, Flow, string, string, string]>([
    [
      "a class that is not there",
      completed({ className: "gold" }, named("iron")),
      "dns",
      "ClassNotFound",
      "WebFlowClass gold, which does not exist (there are iron)",
    ],
    ["a class where there is none", completed({ className: "gold" }), "dns", "ClassNotFound", "(there is none)"],
    [
      "two default classes",
      completed({}, named("b", { default: true }), named("a", { default: true })),
      "dns",
      "TwoDefaultClasses",
      "WebFlowClasses a, b are all marked default",
    ],
    [
      "a host outside the zones",
      under({ zones }, { host: "shop.other.test" }),
      "dns",
      "HostOutsideZones",
      "(example.test, shop.test)",
    ],
    [
      "the name server's own name",
      under({ zones }, { host: "webflow-ns.shop.test" }),
      "dns",
      "HostReserved",
      "webflow-ns.shop.test is the name server's own",
    ],
    ["an alias outside the zones", under({ zones }, { aliases: ["a.b"] }), "dns", "HostOutsideZones", "Host a.b lies"],
    [
      "a host that only ends like a zone",
      under({ zones }, { host: "bigexample.test" }),
      "dns",
      "HostOutsideZones",
      "bigexample.test",
    ],
    [
      "a subnet the class has not",
      under({ subnets: [publicSubnet] }, { vmGroup: { subnet: "dmz" } }),
      "vmgroup",
      "SubnetNotOffered",
      "(it has public): use one of these",
    ],
    [
      "a subnet where there is none",
      under({}, database({ subnet: "dmz" })),
      "database",
      "SubnetNotOffered",
      "(it has none)",
    ],
    [
      "a version nobody offers",
      under({}, database({ version: "9" })),
      "database",
      "VersionNotOffered",
      "(it offers 15, 16, 17, 18)",
    ],
    [
      "an engine the class does not offer",
      under({ engines: [] }, database({})),
      "database",
      "EngineNotOffered",
      "(it offers: none)",
    ],
  ])("%s", (_, found, hop, reason, words) => {
    expect(found.faults).toHaveLength(1);
    expect(found.faults[0]).toMatchObject({ hop, reason });
    expect(found.faults[0]?.message).toContain(words);
  });

  it("a named class helps where two are marked default", () => {
    const classes = [named("a", { default: true }), named("b", { default: true })];
    expect(completed({ className: "a" }, ...classes).faults).toEqual([]);
  });

  it("the database stays part of the path while its version is not on offer", () => {
    expect(under({}, database({ version: "9" })).database).toMatchObject({ version: "9", image: "" });
  });

  it("a path that an older flow of the namespace has", () => {
    const older = {
      ...flow(),
      metadata: { ...flow().metadata, name: "older", creationTimestamp: "2026-11-23T09:00:00Z" },
    };
    const found = complete(flow(), undefined, claimsOf([flow(), older]), operator);
    expect(found.faults.map((fault) => fault.reason)).toEqual(["HostConflict"]);
    expect(found.lostTo).toBeUndefined();
  });
});

describe("data that is there", () => {
  const klass = named("standard", {
    default: true,
    engines: [
      {
        engine: "Postgres",
        versions: [
          { version: "16", image: "postgres:16" },
          { version: "15", image: "postgres:15" },
        ],
      },
    ],
  });
  const over = (madeWith: string | undefined, version?: string) => {
    const raw = flow({ database: { engine: "Postgres", ...(version === undefined ? {} : { version }) } });
    return complete(raw, classFor(raw, [klass]), claimsOf([raw]), { ...operator, madeWith });
  };

  it("keeps the version it was made with, also when the class puts another one first", () => {
    expect(over(undefined).database?.image).toBe("postgres:16");
    expect(over("Postgres/15").database?.image).toBe("postgres:15");
    expect(over("Postgres/15").faults).toEqual([]);
  });

  it("is never given to another version", () => {
    expect(over("Postgres/15", "16").faults).toMatchObject([{ hop: "database", reason: "VersionMismatch" }]);
  });

  describe("in a subnet", () => {
    const subnets = [{ name: "private" }, { name: "vault" }];
    const made = (madeIn: string | undefined, own: { subnet?: string }, offered = subnets) => {
      const defaults = offered.some(({ name }) => name === "vault") ? { databaseSubnet: "vault" } : {};
      const klass = named("standard", { default: true, subnets: offered, defaults });
      const raw = flow({ database: { engine: "Postgres", ...own } });
      return complete(raw, classFor(raw, [klass]), claimsOf([raw]), { ...operator, madeIn });
    };

    it("stays there, also when the class names another one", () => {
      expect(made(undefined, {}).database?.subnet?.name).toBe("vault");
      expect(made("private", {}).database?.subnet?.name).toBe("private");
      expect(made("", {}).database?.subnet).toBeUndefined();
      for (const where of [undefined, "private", ""]) expect(made(where, {}).faults).toEqual([]);
    });

    it("is never taken to another one", () => {
      expect(made("private", { subnet: "private" }).faults).toEqual([]);
      const { database, faults } = made("private", { subnet: "vault" });
      expect(database?.subnet?.name).toBe("private");
      expect(faults).toMatchObject([{ hop: "database", reason: "SubnetMismatch" }]);
      expect(made("", { subnet: "vault" }).faults[0]?.message).toContain("was made in no subnet");
    });

    it("that the class has no longer is missed", () => {
      const { faults } = made("private", {}, [{ name: "vault" }]);
      expect(faults).toMatchObject([{ hop: "database", reason: "SubnetNotOffered" }]);
      expect(faults[0]?.message).toContain(
        "made in subnet private, which the class does not have: bring it back there",
      );
    });
  });
});
