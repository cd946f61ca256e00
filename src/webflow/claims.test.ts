import { describe, expect, it } from "vitest";
import { claimsOf } from "./claims.ts";
import type { WebFlow } from "./types.ts";

interface Sketch {
  key: string;
  host?: string;
  aliases?: string[];
  minute?: number;
  holds?: string[];
  routes?: WebFlow["spec"]["routes"];
}

function flow({ key, host = "shop.example.test", aliases, minute = 0, holds, routes }: Sketch): WebFlow {
  const [namespace = "", name = ""] = key.split("/");
  const creationTimestamp = `2026-11-23T10:${String(minute).padStart(2, "0")}:00Z`;
  return {
    apiVersion: "webflow.dev/v1alpha1",
    kind: "WebFlow",
    metadata: { namespace, name, creationTimestamp },
    spec: {
      host,
      ...(aliases === undefined ? {} : { aliases }),
      ...(routes === undefined ? {} : { routes }),
      process: { image: "shop", ports: [{ name: "http", port: 8080 }] },
    },
    ...(holds === undefined ? {} : { status: { hosts: holds } }),
  };
}

describe("of two namespaces that ask for a host", () => {
  const older = flow({ key: "a/shop", minute: 1 });
  const younger = flow({ key: "b/shop", minute: 2 });

  it.each([
    ["in order", [older, younger]],
    ["the other way round", [younger, older]],
  ])("the one with the older claim owns it, listed %s", (_, flows) => {
    const claims = claimsOf(flows);
    expect(claims.lostTo(older)).toBeUndefined();
    expect(claims.lostTo(younger)).toEqual({ namespace: "a", host: "shop.example.test" });
  });

  it("the name decides between claims of the same second", () => {
    const [a, b] = [flow({ key: "a/shop" }), flow({ key: "b/shop" })];
    expect(claimsOf([b, a]).lostTo(b)?.namespace).toBe("a");
  });

  it("an alias is a claim like any other", () => {
    const alias = flow({ key: "a/other", host: "other.example.test", aliases: ["shop.example.test"], minute: 0 });
    expect(claimsOf([alias, older, younger]).lostTo(younger)?.namespace).toBe("a");
    expect(claimsOf([alias, younger]).lostTo(younger)).toEqual({ namespace: "a", host: "shop.example.test" });
  });

  it("an older WebFlow that is edited later does not take a host that is held", () => {
    const holder = flow({ key: "b/shop", minute: 5, holds: ["shop.example.test"] });
    const edited = flow({ key: "a/old", minute: 0, holds: ["old.example.test"] });
    const claims = claimsOf([edited, holder]);
    expect(claims.lostTo(holder)).toBeUndefined();
    expect(claims.lostTo(edited)?.namespace).toBe("b");
    expect(claims.owned(holder)).toHaveLength(1);
    expect(claims.owned(edited)).toEqual([]);
  });

  it("the loser has it once the owner is gone", () => {
    expect(claimsOf([younger]).lostTo(younger)).toBeUndefined();
  });
});

describe("within the owner's namespace", () => {
  const front = flow({ key: "a/front", minute: 1 });
  const orders = flow({ key: "a/orders", minute: 2, routes: [{ path: "/orders" }] });
  const shopOrders = flow({ key: "a/late", minute: 3, routes: [{ path: "/orders/", match: "Prefix" }] });
  const exact = flow({ key: "a/exact", minute: 4, routes: [{ path: "/orders", match: "Exact" }] });

  it("flows share the host by path", () => {
    const claims = claimsOf([front, orders, exact]);
    for (const each of [front, orders, exact]) {
      expect(claims.lostTo(each)).toBeUndefined();
      expect(claims.conflict(each)).toBeUndefined();
    }
  });

  it("the younger of two on the same path is told of the older", () => {
    const claims = claimsOf([shopOrders, orders]);
    expect(claims.conflict(orders)).toBeUndefined();
    expect(claims.conflict(shopOrders)).toEqual({
      hop: "router",
      reason: "HostConflict",
      message:
        "WebFlow orders has had shop.example.test/orders for longer: choose another host in spec.host, or another path in spec.routes.",
    });
  });

  it("a flow of a namespace that lost the host takes no path", () => {
    const stranger = flow({ key: "z/orders", minute: 2, routes: [{ path: "/orders" }] });
    const mine = flow({ key: "a/orders", minute: 3, routes: [{ path: "/orders" }] });
    expect(claimsOf([front, stranger, mine]).conflict(mine)).toBeUndefined();
  });
});

it("a thousand flows are weighed in well under a second", () => {
  const flows = Array.from({ length: 1000 }, (_, n) =>
    flow({ key: `ns-${n % 49}/flow-${n}`, host: `host-${n % 300}.example.test`, minute: n % 60 }),
  );
  const started = performance.now();
  const claims = claimsOf(flows);
  const lost = flows.filter((each) => claims.lostTo(each) !== undefined).length;
  expect(lost).toBeGreaterThan(0);
  expect(performance.now() - started).toBeLessThan(500);
});
