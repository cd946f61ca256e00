import { describe, expect, it } from "vitest";
import { settle, TestClock } from "../../../test/harness/clock.ts";
import { silent } from "../hooks.ts";
import type { KubeObject } from "../objects.ts";
import { type EventNote, Events, type EventsOptions } from "./events.ts";

const kind = { apiVersion: "events.k8s.io/v1", kind: "Event", plural: "events", namespaced: true };

function object(name: string): KubeObject {
  return {
    apiVersion: "webflow.dev/v1alpha1",
    kind: "WebFlow",
    metadata: { name, namespace: "ns", uid: `uid-${name}` },
  };
}

function note(extra: Partial<EventNote> = {}): EventNote {
  return { regarding: object("shop"), type: "Normal", reason: "Ready", action: "Judge", note: "all is well", ...extra };
}

function setUp(options: Partial<EventsOptions> = {}) {
  const clock = new TestClock();
  const sent: KubeObject[] = [];
  const dropped: string[] = [];
  const client = {
    create: async (_kind: unknown, event: KubeObject) => {
      sent.push(event);
      return event;
    },
  };
  const onDropped = (why: string) => dropped.push(why);
  const events = new Events({
    client,
    kind,
    clock,
    log: silent,
    controller: "c",
    instance: "i",
    onDropped,
    ...options,
  });
  return { clock, events, sent, dropped };
}

describe("events", () => {
  it("are written in full", async () => {
    const { events, sent } = setUp();
    events.record(note());
    await events.flush();
    expect(sent).toMatchInlineSnapshot(`
      [
        {
          "action": "Judge",
          "apiVersion": "events.k8s.io/v1",
          "eventTime": "2026-01-01T00:00:00.000000Z",
          "kind": "Event",
          "metadata": {
            "name": "shop.19b76daa800001",
            "namespace": "ns",
          },
          "note": "all is well",
          "reason": "Ready",
          "regarding": {
            "apiVersion": "webflow.dev/v1alpha1",
            "kind": "WebFlow",
            "name": "shop",
            "namespace": "ns",
            "resourceVersion": undefined,
            "uid": "uid-shop",
          },
          "reportingController": "c",
          "reportingInstance": "i",
          "type": "Normal",
        },
      ]
    `);
  });

  it("say the same once within some minutes, and again later", async () => {
    const { clock, events, sent, dropped } = setUp();
    events.record(note());
    events.record(note());
    events.record(note({ note: "something else" }));
    events.record(note({ regarding: object("other") }));
    expect(sent).toHaveLength(3);
    expect(dropped).toEqual(["repeated"]);
    await clock.advance(600_000);
    events.record(note());
    expect(sent).toHaveLength(4);
    expect(new Set(sent.map(({ metadata }) => metadata.name)).size).toBe(4);
  });

  it("are limited for each object, and come back with time", async () => {
    const { clock, events, sent } = setUp({ burst: 3, refillMs: 1000 });
    for (let index = 0; index < 10; index += 1) events.record(note({ note: String(index) }));
    events.record(note({ regarding: object("other") }));
    expect(sent).toHaveLength(4);
    await clock.advance(2000);
    for (let index = 10; index < 20; index += 1) events.record(note({ note: String(index) }));
    expect(sent).toHaveLength(6);
  });

  it("never throw, whatever the server says", async () => {
    const client = { create: () => Promise.reject(new Error("forbidden")) };
    const { events, dropped } = setUp({ client });
    events.record(note());
    await settle();
    await events.flush();
    expect(dropped).toEqual(["failed"]);
  });

  it("keep to the lengths that the API allows", async () => {
    const { events, sent } = setUp({ instance: "i".repeat(500) });
    events.record(note({ note: "n".repeat(5000), reason: "R".repeat(500), regarding: object("x".repeat(253)) }));
    expect(String(sent[0]?.note)).toHaveLength(1024);
    expect(String(sent[0]?.reason)).toHaveLength(128);
    expect(String(sent[0]?.reportingInstance)).toHaveLength(128);
    expect(sent[0]?.metadata.name.length).toBeLessThanOrEqual(253);
  });
});
