import { describe, expect, it } from "vitest";
import { hopNames, type WebFlow, type WebFlowStatus } from "../webflow/types.ts";
import { flowView, lastChange } from "./flow-view.ts";

const status = (generation: number): WebFlowStatus => ({
  observedGeneration: generation,
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "PathProven",
      message: "Every hop of the path answers.",
      observedGeneration: generation,
      lastTransitionTime: "2026-01-01T10:00:00Z",
    },
  ],
  hops: hopNames.toReversed().map((hop) => ({
    hop,
    state: "Healthy",
    reason: "Fine",
    message: `${hop} answers.`,
    vantage: "api",
    since: hop === "edge" ? "2026-01-01T11:00:00Z" : "2026-01-01T10:00:00Z",
    facts: [],
  })),
});

const aFlow = (changed: Partial<WebFlow> = {}): WebFlow => ({
  apiVersion: "webflow.dev/v1alpha1",
  kind: "WebFlow",
  metadata: { name: "shop", namespace: "default", generation: 2, creationTimestamp: "2026-01-01T09:00:00Z" },
  spec: { host: "shop.example.test" } as WebFlow["spec"],
  status: status(2),
  ...changed,
});

const view = (raw: WebFlow, doubt?: string) =>
  flowView(raw, raw.status, { asOf: lastChange(raw), source: "status", millis: () => null, doubt });

describe("a path as it is told", () => {
  it("has its hops in path order, whatever the order they were written in", () => {
    const told = view(aFlow());
    expect(told.hops.map(({ hop }) => hop)).toEqual([...hopNames]);
    expect(told).toMatchObject({ ready: "True", brokenAt: null, message: "Every hop of the path answers." });
  });

  it("has every hop Unknown before an operator has judged it", () => {
    const { status: _, ...fresh } = aFlow();
    expect(view(fresh as WebFlow, "Doubted.")).toMatchObject({
      ready: "Unknown",
      message: "No operator has judged this WebFlow yet.",
      hops: hopNames.map((hop) => ({ hop, state: "Unknown" })),
    });
  });

  it("is not known to be ready once it has been edited, whatever was found before", () => {
    const told = view(aFlow({ status: status(1) }));
    expect(told.ready).toBe("Unknown");
    expect(told.message).toBe(
      "The WebFlow has been edited since: it is at generation 2, and this is of generation 1. Last known: Every hop of the path answers.",
    );
  });

  it("is not known to be ready where that is in doubt", () => {
    expect(view(aFlow(), "Nobody leads.")).toMatchObject({
      ready: "Unknown",
      message: "Nobody leads. Last known: Every hop of the path answers.",
    });
  });

  it("is as old as the last change of its status, or as the object where nothing was said yet", () => {
    expect(view(aFlow()).asOf).toBe("2026-01-01T11:00:00Z");
    const { status: _, ...fresh } = aFlow();
    expect(lastChange(fresh as WebFlow)).toBe("2026-01-01T09:00:00Z");
  });
});
