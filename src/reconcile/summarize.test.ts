import { describe, expect, it } from "vitest";
import { type Fact, type Flow, type HopName, hopNames, type State, type WebFlowStatus } from "../webflow/types.ts";
import { announce } from "./announce.ts";
import { type HopVerdict, type Summary, summarize } from "./summarize.ts";

const flow = {
  name: "shop",
  namespace: "default",
  generation: 3,
  host: "shop.example.test",
  hosts: ["shop.example.test"],
  heldHosts: ["shop.example.test"],
  class: {},
  edges: [{ name: "main", scope: "Public" }],
  faults: [],
} as unknown as Flow;
const fact = (state: State, more: Partial<Fact> = {}): Fact => ({
  name: "answers",
  required: true,
  state,
  reason: `Is${state}`,
  message: `it is ${state}.`,
  vantage: "browser",
  ...more,
});
const verdict = (hop: HopName, state: State, more: Partial<HopVerdict> = {}): HopVerdict => ({
  hop,
  state,
  reason: `Is${state}`,
  message: `it is ${state}.`,
  vantage: "browser",
  facts: [fact(state, { name: "public-check" })],
  moving: false,
  held: false,
  ...more,
});
const all = (changed: Partial<Record<HopName, HopVerdict>> = {}) =>
  hopNames.map((hop) => changed[hop] ?? verdict(hop, "Healthy"));
const at = (verdicts: HopVerdict[], last: WebFlowStatus | undefined, now: number, more: Partial<Summary> = {}) =>
  summarize({
    flow,
    verdicts,
    isolation: { status: "Proven", reason: "Refused", message: "refused." },
    addresses: ["198.51.100.10"],
    last,
    now,
    fresh: false,
    ...more,
  });
const condition = (status: WebFlowStatus, type: string) => status.conditions?.find((each) => each.type === type);
const noon = Date.parse("2026-01-01T12:00:00Z");

describe("a status", () => {
  it("is Ready when every hop is fine, in path order, with the url that was proven", () => {
    const status = at(all({ dns: verdict("dns", "NotApplicable"), lb: verdict("lb", "Degraded") }), undefined, noon);
    expect(condition(status, "Ready")).toMatchObject({ status: "True", reason: "IsDegraded", observedGeneration: 3 });
    expect(status.hops?.map((hop) => hop.hop)).toEqual(hopNames);
    expect(status).toMatchObject({
      url: "http://shop.example.test/",
      observedGeneration: 3,
      since: "2026-01-01T12:00:00Z",
    });
    expect(status.brokenAt).toBeUndefined();
  });

  it("names the first broken hop in path order", () => {
    const status = at(
      all({ database: verdict("database", "Broken"), edge: verdict("edge", "Broken") }),
      undefined,
      noon,
    );
    expect(status.brokenAt).toBe("edge");
    expect(condition(status, "Ready")).toMatchObject({ status: "False", message: "edge: it is Broken." });
  });

  it("is Unknown, not Ready, when a hop could not be asked", () => {
    const status = at(all({ response: verdict("response", "Unknown") }), undefined, noon);
    expect(condition(status, "Ready")?.status).toBe("Unknown");
    expect(status.brokenAt).toBeUndefined();
    expect(status.url).toBeUndefined();
  });

  it("does not move when nothing moved, whatever the clock says", () => {
    const first = at(all(), undefined, noon);
    expect(at(all(), first, noon + 3_600_000)).toEqual(first);
  });

  it("keeps since while the state and reason stay, and moves it when they move", () => {
    const first = at(all(), undefined, noon);
    const broken = at(all({ lb: verdict("lb", "Broken") }), first, noon + 60_000);
    expect(broken.since).toBe("2026-01-01T12:01:00Z");
    expect(broken.hops?.find((hop) => hop.hop === "lb")?.since).toBe("2026-01-01T12:01:00Z");
    expect(broken.hops?.find((hop) => hop.hop === "dns")?.since).toBe("2026-01-01T12:00:00Z");
  });

  it("counts from the first answer that said so, and keeps that over a start of the operator", () => {
    const first = at(all(), undefined, noon);
    const since = (time: string) => {
      const { facts, ...lb } = verdict("lb", "Broken");
      return all({ lb: { ...lb, facts: facts.map((each) => ({ ...fact("Broken"), name: each.name, since: time })) } });
    };
    const broken = at(since("2026-01-01T12:00:57Z"), first, noon + 60_000);
    expect(broken).toMatchObject({ since: "2026-01-01T12:00:57Z", brokenAt: "lb" });
    expect(broken.hops?.find((hop) => hop.hop === "lb")?.since).toBe("2026-01-01T12:00:57Z");
    expect(at(since("2026-01-01T13:00:00Z"), broken, noon + 3_600_000)).toEqual(broken);
    const healed = at(all(), broken, noon + 7_200_000);
    expect(healed.hops?.find((hop) => hop.hop === "lb")?.since, "never before it was Broken").toBe(
      "2026-01-01T14:00:00Z",
    );
  });

  it("says of a roll-out under a hop that serves that it moves, and leaves the hop as it is", () => {
    const rollout = fact("Progressing", { name: "rollout", required: false, reason: "RollingOut" });
    const rolling = at(
      all({ process: verdict("process", "Healthy", { facts: [fact("Healthy"), rollout] }) }),
      undefined,
      noon,
    );
    expect(condition(rolling, "Reconciling")).toMatchObject({ status: "True", message: "process is on its way." });
    expect(condition(rolling, "Ready")?.status).toBe("True");
  });

  it("keeps the last verdict of a hop that moves, and says that it moves", () => {
    const first = at(all(), undefined, noon);
    const moving = at(all({ process: verdict("process", "Progressing", { moving: true }) }), first, noon + 1_000);
    expect(moving.hops).toEqual(first.hops);
    expect(condition(moving, "Ready")).toEqual(condition(first, "Ready"));
    expect(condition(moving, "Reconciling")).toMatchObject({ status: "True", message: "process is on its way." });
    expect(condition(first, "Reconciling")).toBeUndefined();
  });

  it("says nothing of a hop that a process which has just begun has not asked yet", () => {
    const first = at(all(), undefined, noon);
    const held = all({ lb: verdict("lb", "Progressing", { held: true }) });
    expect(at(held, first, noon + 1_000)).toEqual(first);
  });

  it("never has a message longer than the schema takes: it would be refused whole", () => {
    const message = "x".repeat(5000);
    const long = verdict("lb", "Broken", { message, facts: [fact("Broken", { message })] });
    const status = at(all({ lb: long }), undefined, noon);
    const lengths = [
      ...(status.conditions ?? []),
      ...(status.hops ?? []),
      ...(status.hops ?? []).flatMap((hop) => hop.facts),
    ].map((each) => each.message.length);
    expect(Math.max(...lengths)).toBe(2048);
  });

  it("keeps the url once it was proven, until the host changes", () => {
    const first = at(all(), undefined, noon);
    const broken = at(all({ response: verdict("response", "Broken") }), first, noon);
    expect(broken.url).toBe("http://shop.example.test/");
    const elsewhere = { ...flow, host: "new.example.test" } as Flow;
    expect(at(all({ response: verdict("response", "Broken") }), first, noon, { flow: elsewhere }).url).toBeUndefined();
  });

  it("says True of isolation only when it is proven, and repeats in Ready what is merely reported", () => {
    const isolation = {
      status: "Unproven",
      reason: "ControlFailed",
      message: "the allowed client could not connect.",
    } as const;
    const status = at(all(), undefined, noon, { isolation });
    expect(condition(status, "DatabaseIsolated")).toMatchObject({ status: "Unknown", reason: "ControlFailed" });
    expect(condition(status, "Ready")?.message).toContain(
      "DatabaseIsolated is Unknown: the allowed client could not connect.",
    );
    const violated = at(all(), undefined, noon, { isolation: { ...isolation, status: "Violated" } });
    expect(condition(violated, "DatabaseIsolated")?.status).toBe("False");
  });

  it("records the hosts it holds, and none that it lost", () => {
    expect(at(all(), undefined, noon).hosts).toEqual(["shop.example.test"]);
    const lostTo = { namespace: "other", host: "alias.example.test" };
    const held = (heldHosts: readonly string[]) => ({ ...flow, lostTo, heldHosts }) as Flow;
    expect(at(all(), undefined, noon, { flow: held([]) }).hosts).toBeUndefined();
    expect(at(all(), undefined, noon, { flow: held(flow.hosts) }).hosts).toEqual(["shop.example.test"]);
  });

  it("keeps what was known of isolation while a process that has just begun has not asked yet", () => {
    const first = at(all(), undefined, noon);
    const unasked = { status: "Unproven", reason: "NotAskedYet", message: "not asked." } as const;
    const isolated = (fresh: boolean) =>
      condition(at(all(), first, noon, { isolation: unasked, fresh }), "DatabaseIsolated");
    expect(isolated(true)).toEqual(condition(first, "DatabaseIsolated"));
    expect(isolated(false)).toMatchObject({ status: "Unknown", reason: "NotAskedYet" });
  });

  it("publishes no url on the word of a response hop that moves", () => {
    const first = at(all(), undefined, noon);
    const elsewhere = { ...flow, host: "new.example.test", hosts: ["new.example.test"] } as Flow;
    const moving = all({ response: verdict("response", "Progressing", { moving: true }) });
    expect(at(moving, first, noon, { flow: elsewhere }).url).toBeUndefined();
    expect(at(all(), first, noon, { flow: elsewhere }).url).toBe("http://new.example.test/");
  });

  it("is Stalled only when the user must edit something", () => {
    const wrong = {
      ...flow,
      faults: [{ hop: "dns", reason: "HostOutsideZones", message: "host is outside." }],
    } as unknown as Flow;
    expect(condition(at(all(), undefined, noon, { flow: wrong }), "Stalled")).toMatchObject({
      status: "True",
      reason: "HostOutsideZones",
    });
    expect(condition(at(all(), undefined, noon), "Stalled")).toBeUndefined();
    const lost = { ...flow, lostTo: { namespace: "other", host: "shop.example.test" } } as Flow;
    const waiting = at(all({ lb: verdict("lb", "Progressing") }), undefined, noon, { flow: lost });
    expect(condition(waiting, "Stalled")).toMatchObject({ status: "True", reason: "HostConflict" });
    expect(condition(waiting, "Reconciling")).toBeUndefined();
  });
});

describe("what is announced", () => {
  const healthy = at(all(), undefined, noon);
  const broken = at(all({ lb: verdict("lb", "Broken") }), healthy, noon);

  it("is nothing when nothing changed", () => {
    expect(announce(healthy, healthy)).toEqual([]);
  });

  it("is the broken hop and Ready's loss, then the healing", () => {
    expect(announce(healthy, broken).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Warning IsBroken",
      "Warning NotReady",
    ]);
    expect(announce(broken, healthy).map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      "Normal Healed",
      "Normal Ready",
    ]);
  });
});
