import { describe, expect, it } from "vitest";
import type { FlowView } from "../serve/flow-view.ts";
import { drawPath, exitCode } from "./draw.ts";

const view = (changed: Partial<FlowView> = {}): FlowView => ({
  flow: "shop",
  namespace: "default",
  host: "shop.example.test",
  asOf: "2026-01-01T12:00:00.000Z",
  source: "fresh",
  ready: "True",
  message: "Every hop of the path answers.",
  brokenAt: null,
  hops: [
    { hop: "dns", state: "Healthy", reason: "Resolved", message: "Leads there.", vantage: "browser", millis: 38.6 },
    { hop: "vmgroup", state: "Unknown", reason: "NotJudgedYet", message: "Not yet.", vantage: "api", millis: null },
  ],
  ...changed,
});
const now = Date.parse("2026-01-01T12:01:30Z");
const draw = (changed: Partial<FlowView> = {}) => drawPath(view(changed), { colour: false, now });

describe("a drawn path", () => {
  it("has a line for each hop, with the time of its answer where there is one, and from where it was asked", () => {
    expect(draw().split("\n")).toEqual([
      "default/shop  shop.example.test  as of 2026-01-01T12:00:00.000Z (a fresh round by the leader)",
      "",
      "   a person's browser",
      "   │",
      "   ✔ dns       Healthy         39 ms  Resolved: Leads there. [browser]",
      "   │",
      "   ? vmgroup   Unknown                NotJudgedYet: Not yet. [api]",
      "",
      "Ready. Every hop of the path answers.",
      "",
    ]);
  });

  it("says of what is not fresh how old it is", () => {
    expect(draw({ source: "unfinished" })).toContain(
      "(a round by the leader that ran out of time; its oldest answer is 90 s old)",
    );
    expect(draw({ source: "status" })).toContain("(the object's status, last changed 90 s ago)");
  });

  it("says broken only of what is known to be", () => {
    expect(draw({ ready: "False", brokenAt: "dns" })).toContain("\nBroken at dns. Every");
    expect(draw({ ready: "False" })).toContain("\nNot ready. Every");
    expect(draw({ ready: "Unknown", brokenAt: "dns" })).toContain("\nNot known to be ready. Every");
  });

  it("is coloured only where that is wanted", () => {
    expect(draw()).not.toContain("\u001b[");
    expect(drawPath(view(), { colour: true, now })).toContain("\u001b[");
  });
});

describe("the exit code", () => {
  it.each([
    ["True", null, 0],
    ["False", "dns", 1],
    ["False", null, 1],
    ["Unknown", null, 2],
    ["Unknown", "dns", 2],
  ] as const)("for Ready %s and broken at %s is %i", (ready, brokenAt, code) => {
    expect(exitCode(view({ ready, brokenAt }))).toBe(code);
  });
});
