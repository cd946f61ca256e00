import { beforeEach, describe, expect, it } from "vitest";
import { settle, TestClock } from "../../../test/harness/clock.ts";
import { ApiError } from "../errors.ts";
import { silent } from "../hooks.ts";
import type { KubeObject } from "../objects.ts";
import { sleep } from "./clock.ts";
import { Leader } from "./leader.ts";
import { type LeaseSpec, mayTake, recordOf } from "./lease.ts";
import { runManager } from "./manager.ts";

const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases", namespaced: true };

/** One Lease on a server that compares resourceVersions, and can be cut off. */
class LeaseServer {
  lease: KubeObject | undefined;
  cutOff = new Set<string>();
  loseNextAnswer = false;
  writes = 0;
  #version = 0;

  client(who: string) {
    const reach = () => {
      if (this.cutOff.has(who))
        throw new ApiError({ status: 0, reason: "Network", message: "cut off", kind: "transient" });
    };
    return {
      get: async () => {
        reach();
        if (this.lease === undefined)
          throw new ApiError({ status: 404, reason: "NotFound", message: "", kind: "notfound" });
        return structuredClone(this.lease);
      },
      create: async (_kind: unknown, object: KubeObject) => {
        reach();
        if (this.lease !== undefined)
          throw new ApiError({ status: 409, reason: "AlreadyExists", message: "", kind: "exists" });
        return this.#store(object);
      },
      replace: async (_kind: unknown, object: KubeObject) => {
        reach();
        if (object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
          throw new ApiError({ status: 409, reason: "Conflict", message: "", kind: "conflict" });
        }
        return this.#store(object);
      },
    };
  }

  holder(): string | undefined {
    return (this.lease?.spec as LeaseSpec | undefined)?.holderIdentity;
  }

  #store(object: KubeObject): KubeObject {
    this.#version += 1;
    this.writes += 1;
    this.lease = {
      ...structuredClone(object),
      metadata: { ...object.metadata, uid: "u", resourceVersion: String(this.#version) },
    };
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false;
      throw new ApiError({ status: 0, reason: "Network", message: "reset", kind: "transient" });
    }
    return structuredClone(this.lease);
  }
}

let clock: TestClock;
let server: LeaseServer;

beforeEach(() => {
  clock = new TestClock();
  server = new LeaseServer();
});

function leaderCalled(identity: string, itsClock: TestClock = clock): Leader {
  const client = server.client(identity);
  return new Leader({
    client,
    kind,
    namespace: "ns",
    name: "lease",
    identity,
    clock: itsClock,
    log: silent,
    random: () => 0,
  });
}

async function acquired(leader: Leader): Promise<boolean> {
  const stop = new AbortController();
  const result = leader.acquire(stop.signal);
  await settle();
  stop.abort();
  return result;
}

describe("a lease may be taken", () => {
  const lease = (spec: LeaseSpec): KubeObject => ({
    apiVersion: "",
    kind: "Lease",
    metadata: { name: "l", uid: "u" },
    spec,
  });
  const held = { holderIdentity: "other", leaseDurationSeconds: 15, renewTime: "1990-01-01T00:00:00.000000Z" };

  it("when nobody holds it, or we do", () => {
    expect(mayTake(recordOf(lease({}), undefined, 0), "me", 0)).toBe(true);
    expect(mayTake(recordOf(lease({ ...held, holderIdentity: "" }), undefined, 0), "me", 0)).toBe(true);
    expect(mayTake(recordOf(lease({ ...held, holderIdentity: "me" }), undefined, 0), "me", 0)).toBe(true);
  });

  it("not before it has stood unchanged for its time by our clock, however old its own time stamps are", () => {
    const first = recordOf(lease(held), undefined, 1000);
    const again = recordOf(lease(held), first, 9000);
    expect(mayTake(again, "me", 15_999)).toBe(false);
    expect(mayTake(again, "me", 16_000)).toBe(true);
  });

  it("not while it changes", () => {
    const first = recordOf(lease(held), undefined, 0);
    const changed = recordOf(lease({ ...held, renewTime: "1990-01-01T00:00:01.000000Z" }), first, 14_000);
    expect(mayTake(changed, "me", 20_000)).toBe(false);
  });
});

describe("a leader", () => {
  it("makes the lease, and is the only one", async () => {
    const one = leaderCalled("one");
    const two = leaderCalled("two");
    expect(await acquired(one)).toBe(true);
    expect(await acquired(two)).toBe(false);
    expect(one.leading()).toBe(true);
    expect(two.leading()).toBe(false);
    expect(two.holder()).toBe("one");
  });

  it("keeps it by renewing, also over an answer that was lost", async () => {
    const one = leaderCalled("one");
    await acquired(one);
    const stop = new AbortController();
    const kept = one.keep(stop.signal);
    await clock.advance(20_000);
    server.loseNextAnswer = true;
    await clock.advance(20_000);
    expect(one.leading()).toBe(true);
    expect(server.writes).toBeGreaterThanOrEqual(20);
    stop.abort();
    expect(await kept).toBe("stopped");
  });

  it("is followed by another only after it has stopped being one", async () => {
    const one = leaderCalled("one");
    const two = leaderCalled("two");
    await acquired(one);
    const lost = one.keep(new AbortController().signal);
    const stop = new AbortController();
    const follows = two.acquire(stop.signal);
    await clock.advance(6000);
    server.cutOff.add("one");
    let both = false;
    for (let step = 0; step < 200 && !two.leading(); step += 1) {
      await clock.advance(100);
      both ||= one.leading() && two.leading();
    }
    expect(both).toBe(false);
    expect(await lost).toBe("lost");
    expect(await follows).toBe(true);
    expect(clock.monotonic()).toBeLessThanOrEqual(6000 + 17_000);
  });

  it("that was asleep for too long does not lead when it wakes", async () => {
    const itsClock = new TestClock();
    const one = leaderCalled("one", itsClock);
    await acquired(one);
    const kept = one.keep(new AbortController().signal);
    itsClock.freeze(20_000);
    expect(one.leading()).toBe(false);
    const writes = server.writes;
    await itsClock.advance(1);
    expect(await kept).toBe("lost");
    expect(server.writes).toBe(writes);
  });

  it("does not mind that the time of day jumps", async () => {
    const one = leaderCalled("one");
    const two = leaderCalled("two");
    await acquired(one);
    const stop = new AbortController();
    const kept = one.keep(stop.signal);
    const follows = two.acquire(stop.signal);
    await clock.advance(4000);
    clock.jump(3_600_000);
    await clock.advance(4000);
    clock.jump(-7_200_000);
    await clock.advance(20_000);
    expect([one.leading(), two.leading()]).toEqual([true, false]);
    stop.abort();
    expect(await kept).toBe("stopped");
    expect(await follows).toBe(false);
  });

  it("never asks for longer than the lease is still its own", async () => {
    const deadlines: number[] = [];
    const lease = server.client("one");
    const note = (options: { deadlineMs?: number } | undefined): never => {
      deadlines.push(options?.deadlineMs ?? Number.POSITIVE_INFINITY);
      throw new ApiError({ status: 409, reason: "Conflict", message: "", kind: "conflict" });
    };
    let cutOff = false;
    const client = {
      ...lease,
      get: (_kind: unknown, _name: unknown, _namespace: unknown, options?: { deadlineMs?: number }) =>
        cutOff ? note(options) : lease.get(),
      replace: (of: unknown, object: KubeObject, options?: { deadlineMs?: number }) =>
        cutOff ? note(options) : lease.replace(of, object),
    };
    const one = new Leader({ client, kind, namespace: "ns", name: "lease", identity: "one", clock, log: silent });
    await acquired(one);
    const kept = one.keep(new AbortController().signal);
    cutOff = true;
    await clock.advance(10_000);
    expect(await kept).toBe("lost");
    expect(deadlines).toEqual([5000, 5000, 5000, 4000, 2000]);
  });

  it("hands the lease on when it stops", async () => {
    const one = leaderCalled("one");
    const two = leaderCalled("two");
    await acquired(one);
    await one.release();
    expect(server.holder()).toBe("");
    expect(one.leading()).toBe(false);
    expect(await acquired(two)).toBe(true);
  });

  it("loses when somebody else holds the lease", async () => {
    const one = leaderCalled("one");
    await acquired(one);
    const kept = one.keep(new AbortController().signal);
    if (server.lease !== undefined) {
      server.lease.metadata.resourceVersion = "99";
      server.lease.spec = { holderIdentity: "thief", leaseDurationSeconds: 15, renewTime: "x" };
    }
    await clock.advance(2000);
    expect(await kept).toBe("lost");
    expect(server.holder()).toBe("thief");
  });
});

describe("the manager", () => {
  function managed(leader: Leader, graceMs = 5000) {
    const said: string[] = [];
    let finish: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let sync: () => void = () => undefined;
    const synced = new Promise<void>((resolve) => {
      sync = resolve;
    });
    const cache = {
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          said.push("reads");
          signal.addEventListener("abort", () => {
            said.push("reads no more");
            resolve();
          });
        }),
      whenSynced: () => synced,
    };
    const stop = new AbortController();
    const lead = (signal: AbortSignal) => {
      said.push("leads");
      signal.addEventListener("abort", () => said.push(`writes aborted, holder ${server.holder()}`));
      return {
        stop: async () => {
          said.push("no new turn");
          await turn;
          said.push("turns ended");
        },
      };
    };
    const ended = runManager({ cache, leader, lead, clock, log: silent, graceMs }, stop.signal);
    return { said, stop, ended, finish: () => finish(), sync: () => sync() };
  }

  it("leads only when the caches are synced, and stops in order", async () => {
    const run = managed(leaderCalled("one"));
    await clock.advance(5000);
    expect(run.said).toEqual(["reads"]);
    expect(server.holder()).toBeUndefined();
    run.sync();
    await settle();
    run.stop.abort();
    await clock.advance(3000);
    expect(server.holder()).toBe("one");
    run.finish();
    await settle();
    expect(await run.ended).toBe("stopped");
    expect(run.said).toEqual([
      "reads",
      "leads",
      "no new turn",
      "turns ended",
      "writes aborted, holder one",
      "reads no more",
    ]);
    expect(server.holder()).toBe("");
  });

  it("leads with caches that are synced when the lease is won, however long ago they first were", async () => {
    const said: string[] = [];
    let waits = 0;
    const cache = {
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      whenSynced: async (signal: AbortSignal) => {
        waits += 1;
        if (waits > 1) await sleep(clock, 30_000, signal);
        said.push("synced");
      },
    };
    const lead = () => {
      said.push(`leads, holder ${server.holder()}`);
      return { stop: async () => {} };
    };
    const stop = new AbortController();
    const ended = runManager({ cache, leader: leaderCalled("one"), lead, clock, log: silent }, stop.signal);
    await clock.advance(29_000);
    expect(said).toEqual(["synced"]);
    expect(server.holder()).toBe("one");
    await clock.advance(1_000);
    expect(said).toEqual(["synced", "synced", "leads, holder one"]);
    stop.abort();
    await clock.advance(1_000);
    expect(await ended).toBe("stopped");
  });

  it("hands the lease on when its caches do not come to be synced", async () => {
    const cache = {
      run: (signal: AbortSignal) =>
        new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
      whenSynced: (signal: AbortSignal) =>
        server.holder() === undefined ? Promise.resolve() : sleep(clock, 1e6, signal),
    };
    const lead = () => {
      throw new Error("it led");
    };
    const ended = runManager(
      { cache, leader: leaderCalled("one"), lead, clock, log: silent },
      new AbortController().signal,
    );
    await clock.advance(59_000);
    expect(server.holder()).toBe("one");
    await clock.advance(3_000);
    expect(await ended).toBe("lost");
    expect(server.holder()).toBe("");
  });

  it("loses while it waits for its caches, and never leads then", async () => {
    const cache = {
      run: async () => {},
      whenSynced: (signal: AbortSignal) =>
        server.holder() === undefined ? Promise.resolve() : sleep(clock, 1e6, signal),
    };
    const lead = () => {
      throw new Error("leads");
    };
    const { signal } = new AbortController();
    const ended = runManager({ cache, leader: leaderCalled("one"), lead, clock, log: silent }, signal);
    await clock.advance(3_000);
    server.cutOff.add("one");
    await clock.advance(12_000);
    expect(await ended).toBe("lost");
    await settle();
    expect(clock.timers).toBe(0);
  });

  it("ends what writes by the signal it was given, at once when leadership is lost", async () => {
    const writing = new AbortController();
    const cache = { run: async () => {}, whenSynced: async () => {} };
    const lead = () => ({ stop: async () => {} });
    const { signal } = new AbortController();
    const ended = runManager({ cache, leader: leaderCalled("one"), writing, lead, clock, log: silent }, signal);
    await clock.advance(3_000);
    expect(writing.signal.aborted).toBe(false);
    server.cutOff.add("one");
    await clock.advance(10_000);
    expect(writing.signal.aborted).toBe(true);
    expect(await ended).toBe("lost");
  });

  it("aborts the writes of turns that take longer than they may", async () => {
    const run = managed(leaderCalled("one"));
    run.sync();
    await settle();
    run.stop.abort();
    await clock.advance(5000);
    expect(run.said.at(-1)).toBe("writes aborted, holder one");
    run.finish();
    expect(await run.ended).toBe("stopped");
  });

  it("aborts writes at once when leadership is lost, and hands nothing on", async () => {
    const run = managed(leaderCalled("one"));
    run.sync();
    await settle();
    server.cutOff.add("one");
    await clock.advance(10_100);
    expect(run.said).toEqual(["reads", "leads", "writes aborted, holder one", "no new turn"]);
    run.finish();
    await clock.advance(1000);
    expect(await run.ended).toBe("lost");
    expect(server.holder()).toBe("one");
  });
});
