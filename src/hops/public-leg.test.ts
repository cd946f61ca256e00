/** dns, edge, router and response: each broken by itself, and who is blamed. */
import { describe, expect, it } from "vitest";
import { aCheck, aClass, aFlow, ago, edgeAddress, noon } from "../../test/builders.ts";
import { aHealthyCluster, type Cluster } from "../../test/cluster-builder.ts";
import { anObject } from "../../test/object-builder.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { HopName } from "../webflow/types.ts";
import { path } from "./index.ts";
import { verdictOf } from "./verdict.ts";

const noAddress = (cluster: Cluster, age = 3_600_000) =>
  cluster.change(kinds.Ingress, "shop", (ingress) => {
    const metadata = { ...ingress.metadata, creationTimestamp: ago(age) };
    return { ...ingress, metadata, status: {} };
  });

type Row = [string, (cluster: Cluster) => unknown, Partial<Record<HopName, string>>];

/** Each row: what happens, and all hops that are then not Healthy. */
const rows: Row[] = [
  [
    "the record has another address",
    (c) => c.change(kinds.ConfigMap, undefined, (map) => ({ ...map, data: {} })),
    { dns: "Progressing/RecordPending", response: "Unknown/WaitsForDns" },
  ],
  [
    "a name server does not answer",
    (c) => c.answerAll("dns/authoritative/10.244.1.53", { outcome: "timeout" }),
    { dns: "Degraded/TimedOut" },
  ],
  [
    "no name server answers",
    (c) =>
      c
        .answerAll("dns/authoritative", { outcome: "timeout" })
        .answerAll("dns/resolver", { outcome: "servfail" })
        .answerAll("response", { outcome: "servfail" }),
    { dns: "Broken/TimedOut", response: "Unknown/WaitsForDns" },
  ],
  [
    "no name server is ready",
    (c) =>
      Object.assign(c, { operator: { ...c.operator, dnsServers: [] } }).answer(
        "dns/resolver/browser/203.0.113.53/shop.example.test/A",
        { outcome: "servfail" },
      ),
    { dns: "Broken/NoNameServer" },
  ],
  [
    "a name server knows no such name",
    (c) => c.answerAll("dns/authoritative", { outcome: "nxdomain" }),
    { dns: "Broken/NameNotFound" },
  ],
  [
    "the delegation is lame",
    (c) => c.answerAll("dns/authoritative", { outcome: "not-authoritative" }),
    { dns: "Broken/NotAuthoritative" },
  ],
  [
    "one name server is stale",
    (c) => c.answerAll("dns/authoritative/10.244.1.53", { addresses: ["198.51.100.99"] }),
    { dns: "Degraded/WrongAddress" },
  ],
  [
    "a client's resolver is stale",
    (c) => c.answerAll("dns/resolver", { addresses: ["198.51.100.99"] }),
    { dns: "Broken/WrongAddress" },
  ],
  [
    "the edge has no address",
    (c) => noAddress(c),
    {
      dns: "Unknown/WaitsForEdge",
      edge: "Broken/NoAddress",
      router: "Unknown/NotTaken",
      response: "Unknown/WaitsForEdge",
    },
  ],
  [
    "the edge has no address yet",
    (c) => noAddress(c, 5_000),
    {
      dns: "Progressing/AddressPending",
      edge: "Progressing/AddressPending",
      router: "Progressing/NotTakenYet",
      response: "Progressing/NotAskedYet",
    },
  ],
  [
    "no packet comes through",
    (c) =>
      c
        .answerAll("edge", { outcome: "timeout" })
        .answerAll("router/rule", { outcome: "timeout" })
        .answerAll("response", { outcome: "timeout" }),
    { edge: "Broken/TimedOut", router: "Unknown/NotReached", response: "Unknown/WaitsForEdge" },
  ],
  [
    "the door is closed",
    (c) => c.answerAll("edge/tcp", { outcome: "refused" }).answerAll("edge/http", { outcome: "refused" }),
    { edge: "Broken/ConnectionRefused" },
  ],
  [
    "the door does not speak HTTP",
    (c) => c.answerAll("edge/http", { outcome: "protocol" }),
    { edge: "Broken/NotHttp" },
  ],
  [
    "the IngressClass is gone",
    (c) => noAddress(c.delete(kinds.IngressClass)),
    {
      dns: "Unknown/WaitsForEdge",
      edge: "Unknown/WaitsForRouter",
      router: "Broken/IngressClassMissing",
      response: "Unknown/WaitsForEdge",
    },
  ],
  [
    "the Ingress is gone",
    (c) => c.delete(kinds.Ingress),
    {
      dns: "Progressing/AddressPending",
      edge: "Progressing/AddressPending",
      router: "Progressing/NotWrittenYet",
      response: "Progressing/NotAskedYet",
    },
  ],
  [
    "the Ingress could not be written",
    (c) => c.failures.set("Ingress/shop", { reason: "NameConflict", message: "it is somebody else's" }),
    { router: "Broken/NameConflict" },
  ],
  [
    "the rule leads to another WebFlow",
    (c) => c.answerAll("router/rule", { status: 200, flow: "default/other" }),
    { router: "Broken/LeadsElsewhere" },
  ],
  [
    "the router answers for itself",
    (c) =>
      c
        .answerAll("router/rule", { outcome: "status", status: 404 })
        .settleNew()
        .answerAll("response", { outcome: "status", status: 404 }),
    { router: "Broken/NotRouted", response: "Unknown/WaitsForRouter" },
  ],
  [
    "a check gets a wrong status",
    (c) => c.answerAll("response", { outcome: "status", status: 500 }),
    { response: "Broken/WrongStatus" },
  ],
  ["a check comes too late", (c) => c.answerAll("response", { outcome: "slow" }), { response: "Broken/TooSlow" }],
  ["a check is cut off", (c) => c.answerAll("response", { outcome: "truncated" }), { response: "Broken/Truncated" }],
  [
    "the vantage does not answer",
    (c) => ["edge", "dns/resolver", "router/rule", "response"].map((key) => c.answerAll(key, { outcome: "vantage" })),
    {
      dns: "Unknown/VantageUnreachable",
      edge: "Unknown/VantageUnreachable",
      router: "Unknown/NotReached",
      response: "Unknown/VantageUnreachable",
    },
  ],
];

const unwell = (cluster: Cluster) =>
  Object.fromEntries(
    Object.entries(cluster.verdicts).filter(
      ([, found]) => !found.startsWith("Healthy") && !found.startsWith("NotApplicable"),
    ),
  );

describe("on the public leg", () => {
  it.each(rows)("%s", (_, happens, expected) => {
    const cluster = aHealthyCluster();
    happens(cluster);
    expect(unwell(cluster)).toEqual(expected);
  });

  it("one answer that has not settled moves nothing", () => {
    const cluster = aHealthyCluster();
    const before = cluster.verdicts;
    for (const prefix of ["dns", "edge", "router/rule", "response"])
      cluster.answerAll(prefix, { addresses: [edgeAddress], flow: "default/shop" }, { outcome: "timeout" });
    expect(cluster.verdicts).toEqual(before);
  });
});

/** As after a change of the zone, or of the Ingress, so many seconds ago. */
const zoneChanged = (cluster: Cluster, seconds: number) =>
  cluster.change(kinds.ConfigMap, undefined, (map) => {
    const [[key, text] = ["", ""]] = Object.entries(map.data as Record<string, string>);
    const serial = Math.floor(noon / 1000) - seconds;
    return { ...map, data: { [key]: text.replace(/ \d+ 60 30 /, ` ${serial} 60 30 `) } };
  });
const ingressMade = (cluster: Cluster, seconds: number) =>
  cluster.change(kinds.Ingress, "shop", (ingress) => ({
    ...ingress,
    metadata: { ...ingress.metadata, creationTimestamp: ago(seconds * 1000) },
  }));

describe("a zone that has just changed", () => {
  const settled = [
    [{ outcome: "nxdomain" }, "Broken/NameNotFound"],
    [{ outcome: "nodata" }, "Broken/NoAddressRecord"],
    [{ outcome: "not-authoritative" }, "Broken/NotAuthoritative"],
    [{ outcome: "refused" }, "Broken/ConnectionRefused"],
    [{ outcome: "servfail", detail: "the server answered REFUSED" }, "Broken/NameServerFailed"],
    [{ addresses: ["198.51.100.99"] }, "Broken/WrongAddress"],
  ] as const;
  const stale = (seconds: number, answer: object) =>
    zoneChanged(aHealthyCluster(), seconds).forget("dns/").forget("response/").answerAll("dns/authoritative", answer);

  it.each(settled)("is not read yet by a server that says %j, for a quarter of a minute", (answer, then) => {
    for (const seconds of [0, 14]) {
      const cluster = stale(seconds, answer);
      expect(cluster.verdicts).toMatchObject({ dns: "Progressing/NotLoadedYet", response: "Progressing/NotAskedYet" });
      const keys = cluster.questions().map(({ key }) => key);
      expect(keys.filter((key) => /^(dns.resolver|response)/.test(key))).toEqual([]);
    }
    expect(stale(15, answer).fact("dns", "authoritative")).toMatchObject({
      state: then.split("/")[0],
      reason: then.split("/")[1],
    });
  });

  it("excuses a server that has refused and has just begun to know the zone, and none that fails", () => {
    const refusing = stale(1, { outcome: "servfail", detail: "the server answered REFUSED" });
    refusing.answerAll("dns/authoritative", { outcome: "servfail" }, { addresses: [edgeAddress] });
    expect(refusing.verdicts.dns).toBe("Progressing/NotLoadedYet");
    expect(stale(1, { outcome: "servfail", detail: "the server answered SERVFAIL" }).verdicts.dns).toBe(
      "Broken/NameServerFailed",
    );
  });

  it("excuses no server that does not answer, nor one that was wrong before and still is", () => {
    expect(stale(1, { outcome: "timeout" }).verdicts.dns).toBe("Broken/TimedOut");
    const cluster = stale(1, { outcome: "nxdomain" });
    for (const [key, answer] of cluster.answers)
      if (key.startsWith("dns/authoritative")) cluster.answers.set(key, { ...answer, since: noon - 15_000 });
    expect(cluster.verdicts.dns).toBe("Broken/NameNotFound");
  });

  it("is asked about every second until a server has read it, and then no more than others", () => {
    const cluster = stale(1, { outcome: "nxdomain" }).answerAll("dns/authoritative/10.244.1.53", {
      addresses: [edgeAddress],
    });
    const periods = cluster
      .questions()
      .flatMap(({ key, everyMillis }) =>
        key.startsWith("dns/authoritative") ? [`${key.split("/")[2]} ${everyMillis}`] : [],
      );
    expect(periods).toEqual(["10.244.1.53:5353 10000", "10.244.2.53:5353 1000"]);
  });

  it("does not last where the serial is of another time", () => {
    expect(stale(-60, { outcome: "nxdomain" }).verdicts.dns).toBe("Broken/NameNotFound");
  });

  it("is asked of a resolver when every server has read it, and not of the one that was first", () => {
    const cluster = stale(1, { outcome: "nxdomain" }).answerAll("dns/authoritative/10.244.1.53", {
      addresses: [edgeAddress],
    });
    const keys = () => cluster.questions().map(({ key }) => key.split("/").slice(0, 2).join("/"));
    expect(cluster.verdicts.dns).toBe("Progressing/NotLoadedYet");
    expect(keys()).not.toContain("dns/resolver");
    cluster.answerAll("dns/authoritative", { addresses: [edgeAddress] });
    expect(keys()).toContain("dns/resolver");
  });
});

describe("an Ingress that is new", () => {
  it.each<[object, object, string]>([
    [{ outcome: "status", status: 404 }, { status: 200, flow: "default/shop" }, "Broken/NotRouted"],
    [{ outcome: "status", status: 503 }, { status: 200, flow: "default/shop" }, "Broken/NotRouted"],
    [{ status: 200, flow: "default/other" }, {}, "Broken/LeadsElsewhere"],
    [{ outcome: "slow" }, {}, "Unknown/NotReached"],
  ])("may not be followed yet by a controller that answers %j", (answer, own, then) => {
    const at = (seconds: number) =>
      ingressMade(aHealthyCluster(), seconds).answerAll("router/rule", answer).settleNew(own).verdicts.router;
    expect([at(1), at(19)]).toEqual(Array(2).fill("Progressing/NotLoadedYet"));
    expect(at(20)).toBe(then);
  });

  it("is no excuse for a door that is closed", () => {
    expect(ingressMade(aHealthyCluster(), 1).answerAll("router/rule", { outcome: "timeout" }).verdicts.router).toBe(
      "Unknown/NotReached",
    );
  });
});

describe("after a start", () => {
  const reasons = (cluster: Cluster) => path.map((hop) => verdictOf(hop.judge(cluster.flow, cluster.seen)));

  it("a hop that has no answers says that it has not asked yet, whatever the path was before", () => {
    const cluster = aHealthyCluster().forget("");
    const open = reasons(cluster).filter(({ state }) => state !== "Healthy");
    expect(open.map(({ reason }) => reason)).toEqual(Array(open.length).fill("NotAskedYet"));
    expect(open.length).toBe(6);
    expect(cluster.fact("database", "credentials")?.reason).toBe("NotAskedYet");
  });

  it.each([
    ["some name servers have answered, none of them well", "NotAskedYet", ["dns/authoritative/10.244.1.53"]],
    ["all have answered, none of them well", "WaitsForDns", ["dns/authoritative"]],
  ])("%s: response is %s", (_, reason, keys) => {
    const cluster = aHealthyCluster().forget("");
    for (const key of keys) cluster.answerAll(key, { outcome: "timeout" });
    expect(cluster.fact("response", "public-get")?.reason).toBe(reason);
  });
});

describe("dns", () => {
  it("is asked of nobody before the source of record has the name, nor of a resolver before a name server has", () => {
    const cluster = aHealthyCluster().forget("");
    const keys = () => cluster.questions().map(({ key }) => key.split("/").slice(0, 2).join("/"));
    expect(new Set(keys().filter((key) => key.startsWith("dns")))).toEqual(new Set(["dns/authoritative"]));
    expect(keys()).not.toContain("response/get");
    cluster.answerAll("dns/authoritative", { addresses: [edgeAddress] });
    expect(keys()).toEqual(expect.arrayContaining(["dns/resolver", "response/get"]));
    cluster.change(kinds.ConfigMap, undefined, (map) => ({ ...map, data: {} }));
    expect(keys().filter((key) => key.startsWith("dns"))).toEqual([]);
  });

  it("goes on asking a resolver when the name servers have gone", () => {
    const cluster = aHealthyCluster();
    cluster.operator = { ...cluster.operator, dnsServers: [] };
    expect(cluster.questions().map(({ key }) => key)).toEqual(
      expect.arrayContaining(["dns/resolver/browser/203.0.113.53/shop.example.test/A", "response/get/browser"]),
    );
  });

  it("does not exist where nobody is told of the names", () => {
    const cluster = aHealthyCluster(aFlow({ class: aClass({ dns: "None" }) }));
    expect(cluster.verdicts.dns).toBe("NotApplicable/NotDelegated");
    expect(cluster.questions().find(({ key }) => key === "response/get/browser")?.ask).toMatchObject({
      address: edgeAddress,
    });
  });

  it("leads an alias for a load balancer's name, which has no address in our zone", () => {
    const cluster = aHealthyCluster();
    cluster.change(kinds.Ingress, "shop", (ingress) => ({
      ...ingress,
      status: { loadBalancer: { ingress: [{ hostname: "lb.cloud.example" }] } },
    }));
    cluster.change(kinds.ConfigMap, undefined, (map) => ({
      ...map,
      data: { "db.example.test": "shop.example.test. 5 IN CNAME lb.cloud.example.\n" },
    }));
    cluster.forget("").settle().answerAll("dns/authoritative", { outcome: "nodata" });
    expect(cluster.verdicts).toMatchObject({
      dns: "Healthy/Resolved",
      edge: "Healthy/AddressAssigned",
      response: "Healthy/ComesBack",
    });
  });

  it("is Broken by a host outside the zones, and then nothing on the public leg is asked or routed", () => {
    const faults = [{ hop: "dns" as const, reason: "HostOutsideZones" as const, message: "Host is outside." }];
    const cluster = aHealthyCluster(aFlow({ faults }));
    expect(cluster.verdicts).toMatchObject({
      dns: "Broken/HostOutsideZones",
      edge: "Unknown/HostOutsideZones",
      router: "Unknown/HostOutsideZones",
      response: "Unknown/HostOutsideZones",
    });
  });
});

describe("edge", () => {
  const secure = aFlow({
    hosts: ["shop.example.test", "www.example.test"],
    edges: [{ name: "main", scope: "Public", tlsSecret: "shop-tls" }],
  });

  it("is broken by a certificate that is wrong for one host, and names the Secret", () => {
    const cluster = aHealthyCluster(secure).answerAll("edge/tls/www.example.test", { outcome: "tls" });
    expect(cluster.verdicts.edge).toBe("Broken/TlsFailed");
    expect(cluster.fact("edge", "public-tls")?.message).toContain("Secret/shop-tls");
  });

  it("asks in its own name, so that no route and no process can be at fault", () => {
    const ask = aHealthyCluster()
      .questions()
      .find(({ key }) => key.startsWith("edge/http"))?.ask;
    expect(ask).toMatchObject({ host: edgeAddress, status: "any" });
  });
});

describe("without a vantage", () => {
  it.each([
    ["Reported", "Healthy"],
    ["Required", "Unknown"],
  ] as const)("and %s, edge and response are %s and say so", (publicLeg, state) => {
    const cluster = aHealthyCluster(aFlow({ class: aClass({ vantages: [], publicLeg }) }));
    expect(cluster.fact("edge", "public-leg")).toMatchObject({
      state: "Unknown",
      reason: "NoVantage",
      required: publicLeg === "Required",
    });
    expect(cluster.verdicts.edge).toMatch(`${state}/`);
    expect(cluster.verdicts.response).toBe(`${state}/NoVantage`);
  });
});

describe("a public leg that is merely reported", () => {
  const reported = () => aHealthyCluster(aFlow({ class: aClass({ publicLeg: "Reported" }) }));

  it("holds no hop up when its vantage cannot be asked, and says so in its facts", () => {
    const cluster = reported();
    for (const key of ["edge", "dns/resolver", "router/rule", "response"])
      cluster.answerAll(key, { outcome: "vantage" });
    expect(cluster.verdicts).toMatchObject({
      dns: "Healthy/Authoritative",
      edge: "Healthy/AddressAssigned",
      router: "Healthy/Accepted",
    });
    expect(cluster.fact("edge", "public-tcp")).toMatchObject({ state: "Unknown", required: false });
  });

  it("is broken all the same when it is", () => {
    expect(reported().answerAll("edge", { outcome: "timeout" }).verdicts.edge).toBe("Broken/TimedOut");
  });
});

describe("router", () => {
  it("does not know where its rules lead when the service does not say who it is", () => {
    const cluster = aHealthyCluster().answerAll("router/rule", { status: 200 }).settleNew({ status: 200 });
    expect(cluster.fact("router", "rules")).toMatchObject({
      state: "Unknown",
      reason: "IdentityNotSent",
      required: false,
    });
    expect(cluster.verdicts.router).toBe("Healthy/Accepted");
  });

  it("is broken when it knows no such page and a pod that does not say who it is does", () => {
    const cluster = aHealthyCluster()
      .answerAll("router/rule", { outcome: "status", status: 404 })
      .settleNew({ status: 200 });
    expect(cluster.verdicts.router).toBe("Broken/NotRouted");
  });

  it("takes a service's own 404 for an answer", () => {
    const cluster = aHealthyCluster().answerAll("router/rule", {
      outcome: "status",
      status: 404,
      flow: "default/shop",
    });
    expect(cluster.verdicts.router).toBe("Healthy/LeadsHere");
  });
});

describe("response", () => {
  const order = aCheck({
    name: "order",
    method: "POST",
    path: "/orders",
    writes: true,
    everyMillis: 3_600_000,
    status: [201],
    body: { type: "application/json", text: "{}" },
  });

  it("asks a check that writes from one vantage only, marked, and not before somebody could answer it", () => {
    const vantages = ["one", "two"].map((name) => ({ name, url: `https://${name}:8443`, caBundle: "PEM" }));
    const cluster = aHealthyCluster(aFlow({ checks: [aCheck(), order], class: aClass({ vantages }) }));
    const asked = () => cluster.questions().filter(({ hop }) => hop === "response");
    expect(asked().map(({ key }) => key)).toEqual(["response/get/one", "response/get/two", "response/order/one"]);
    expect(asked()[2]).toMatchObject({
      writes: true,
      everyMillis: 3_600_000,
      ask: { method: "POST", status: [201], check: "order" },
    });
    cluster.delete(kinds.Pod);
    expect(asked()).toHaveLength(2);
  });

  it("takes the last word of a check that writes, and the settled word of one that reads", () => {
    const cluster = aHealthyCluster(aFlow({ checks: [order] }));
    cluster.answerAll("response/order", {}, { outcome: "status", status: 500 });
    expect(cluster.verdicts.response).toBe("Broken/WrongStatus");
  });

  it("never puts a status that may move into its message but by its class", () => {
    const messages = [500, 503].map(
      (status) =>
        aHealthyCluster().answerAll("response", { outcome: "status", status }).fact("response", "public-get")?.message,
    );
    expect(messages[0]).toContain("(5xx)");
    expect(messages[0]).toBe(messages[1]);
  });
});

describe("what is not ours", () => {
  it("gives no address to ask", () => {
    const cluster = aHealthyCluster();
    cluster.put(
      anObject(kinds.Ingress, names.web(cluster.flow), {
        status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
      }),
    );
    expect(JSON.stringify(cluster.questions())).not.toContain("192.0.2.1");
    expect(cluster.now).toBe(noon);
  });
});
