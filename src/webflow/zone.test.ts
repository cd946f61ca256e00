import { describe, expect, it } from "vitest";
import { isReserved, parseRecords, zoneData, zoneOf } from "./zone.ts";

const server = { addresses: ["198.51.100.53"] };
const shop = { host: "shop.example.test", targets: ["198.51.100.10"], ttlSeconds: 5 };
const at = (records: (typeof shop)[], previous: Record<string, string>, now: number) =>
  zoneData(["example.test"], records, { server, previous, now });

describe("a zone file", () => {
  it("reads back as the records it was made of", () => {
    const data = at([shop, { ...shop, host: "www.shop.example.test", targets: ["lb.cloud.example"] }], {}, 1_000_000);
    const records = parseRecords(data);
    expect(records.get("shop.example.test")).toEqual(["198.51.100.10"]);
    expect(records.get("www.shop.example.test")).toEqual(["lb.cloud.example"]);
  });

  it("stays the same bytes while no record changes", () => {
    const first = at([shop], {}, 1_000_000);
    expect(at([shop], first, 9_000_000)).toEqual(first);
  });

  it("gets a greater serial with each change, also when the clock stands or goes back", () => {
    const serial = (data: Record<string, string>) =>
      Number(/SOA \S+ \S+ (\d+)/.exec(data["db.example.test"] ?? "")?.[1]);
    const first = at([], {}, 1_000_000);
    const second = at([shop], first, 1_000_000);
    const third = at([], second, 500_000);
    expect(serial(first)).toBe(1000);
    expect(serial(second)).toBe(1001);
    expect(serial(third)).toBe(1002);
  });

  it("lets a record go with its flow", () => {
    const before = at([shop], {}, 1_000_000);
    expect(parseRecords(at([], before, 2_000_000)).has("shop.example.test")).toBe(false);
  });
});

describe("the server's own name", () => {
  it("is a load balancer's where there is one, without glue", () => {
    const options = { server: { addresses: [], name: "ns.cloud.example" }, previous: {}, now: 1_000_000 };
    const text = zoneData(["example.test"], [shop], options)["db.example.test"];
    expect(text).toContain("example.test. 5 IN NS ns.cloud.example.\n");
    expect(text).not.toContain("webflow-ns");
  });
});

describe("what no flow may take", () => {
  it("is the name server's own name, nor anything below it", () => {
    const ns = ["webflow-ns.example.test", "a.webflow-ns.example.test"];
    const data = at(
      ns.map((host) => ({ ...shop, host })),
      {},
      1_000_000,
    );
    expect(parseRecords(data).get("webflow-ns.example.test")).toEqual(["198.51.100.53"]);
    expect(parseRecords(data).has("a.webflow-ns.example.test")).toBe(false);
    expect(ns.map((host) => isReserved(host, ["example.test"]))).toEqual([true, true]);
    expect(isReserved("webflow-ns.other.test", ["example.test"])).toBe(false);
  });

  it("is the zone's own name for an alias, though it may have an address", () => {
    const apex = { ...shop, host: "example.test" };
    expect(parseRecords(at([apex], {}, 1_000_000)).get("example.test")).toEqual(["198.51.100.10"]);
    expect(parseRecords(at([{ ...apex, targets: ["lb.cloud.example"] }], {}, 1_000_000)).has("example.test")).toBe(
      false,
    );
  });
});

describe("the zone of a host", () => {
  it.each([
    ["shop.example.test", "example.test"],
    ["example.test", "example.test"],
    ["a.sub.example.test", "sub.example.test"],
    ["badexample.test", undefined],
    ["shop.other.test", undefined],
  ])("%s lies in %s", (host, zone) => {
    expect(zoneOf(host, ["example.test", "sub.example.test"])).toBe(zone);
  });
});
