import { describe, expect, it } from "vitest";
import { TestClock } from "../../../test/harness/clock.ts";
import { ApiError } from "../errors.ts";
import { silent } from "../hooks.ts";
import type { KubeObject } from "../objects.ts";
import type { Listener } from "../read/cache.ts";
import { Applier } from "./apply.ts";

const kind = { apiVersion: "v1", kind: "Thing", plural: "things", namespaced: true };
const object = (name: string, uid: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, uid },
});

/** An applier over a cache of one object or none; the server's answers to an apply and to a get are the test's to say. */
function anApplier(answers: { apply: ApiError | KubeObject; get?: KubeObject; cached?: KubeObject }) {
  const listeners: Listener[] = [];
  const calls: string[] = [];
  const applier = new Applier({
    client: {
      apply: async () => {
        calls.push("apply");
        if (answers.apply instanceof ApiError) throw answers.apply;
        return { object: answers.apply, created: false };
      },
      get: async () => {
        calls.push("get");
        if (answers.get !== undefined) return answers.get;
        throw new ApiError({ status: 404, reason: "NotFound", message: "", kind: "notfound" });
      },
    },
    cache: {
      get: () => answers.cached,
      wrote: () => undefined,
      onChange: (listener) => {
        listeners.push(listener);
        return () => undefined;
      },
    },
    clock: new TestClock(),
    manager: "test",
    hashAnnotation: "applied",
    log: silent,
  });
  const desired: KubeObject = { apiVersion: "v1", kind: "Thing", metadata: { name: "a", namespace: "ns" } };
  return {
    calls,
    turn: () => applier.apply({ kind, desired, owner: "u1" }),
    gone: (uid: string) => {
      for (const listener of listeners) listener({ kind, before: object("owner", uid) });
    },
  };
}

it("what an applier knows of an object goes with that object", async () => {
  const owner = { apiVersion: "v1", kind: "Owner", name: "o", uid: "u1", controller: true };
  const live = object("a", "u2");
  live.metadata.ownerReferences = [owner];
  // Whatever is applied, the server keeps it as it was.
  const { calls, turn, gone } = anApplier({ apply: live, cached: live });
  await turn();
  gone("another");
  await turn();
  expect(calls).toEqual(["apply"]);
  gone("u2");
  await turn();
  expect(calls).toEqual(["apply", "apply"]);
});

describe("what an applier knows of what an owner wanted goes with that owner", () => {
  it("what the server has called wrong", async () => {
    const wrong = new ApiError({ status: 422, reason: "Invalid", message: "spec.x", kind: "invalid" });
    const { calls, turn, gone } = anApplier({ apply: wrong });
    await turn();
    gone("another");
    await turn();
    expect(calls).toEqual(["apply"]);
    gone("u1");
    await turn();
    expect(calls).toEqual(["apply", "apply"]);
  });

  it("that an object of the name is somebody else's", async () => {
    const there = new ApiError({ status: 409, reason: "Conflict", message: "", kind: "conflict" });
    const { calls, turn, gone } = anApplier({ apply: there, get: object("a", "theirs") });
    await turn();
    gone("another");
    await turn();
    expect(calls).toEqual(["apply", "get", "get"]);
    gone("u1");
    await turn();
    expect(calls).toEqual(["apply", "get", "get", "apply", "get"]);
  });
});
