import { describe, expect, it } from "vitest";
import { settle, TestClock } from "../../../test/harness/clock.ts";
import { ApiError, type ErrorKind, Terminal, Waiting } from "../errors.ts";
import { silent } from "../hooks.ts";
import { Backoff, pauseAfter } from "./backoff.ts";
import { Queue } from "./queue.ts";
import { type Turn, type TurnResult, Workers } from "./worker.ts";

function apiError(kind: ErrorKind, retryAfterMs?: number): ApiError {
  return new ApiError({
    status: 0,
    reason: kind,
    message: kind,
    kind,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function setUp(turn: Turn, concurrency = 1) {
  const clock = new TestClock();
  const queue = new Queue(clock);
  const results: TurnResult[] = [];
  const backoff = { firstMs: 5, maxMs: 300_000, random: () => 1 };
  const workers = new Workers({
    queue,
    turn,
    concurrency,
    clock,
    log: silent,
    backoff,
    onTurn: ({ result }) => results.push(result),
  });
  const stop = new AbortController();
  workers.start(stop.signal);
  return { clock, queue, workers, results, stop };
}

describe("a worker", () => {
  it.each([
    { name: "a turn without a wish is done", turn: async () => ({}), result: "done", again: undefined },
    { name: "a turn may ask to be looked at later", turn: async () => ({ laterMs: 700 }), result: "later", again: 700 },
    {
      name: "waiting is no failure",
      turn: () => Promise.reject(new Waiting("for a pod", 900)),
      result: "later",
      again: 900,
    },
    { name: "a conflict is tried again", turn: () => Promise.reject(apiError("conflict")), result: "retry", again: 5 },
    {
      name: "a programming error is tried again",
      turn: () => Promise.reject(new TypeError("x")),
      result: "retry",
      again: 5,
    },
    {
      name: "the server's Retry-After is heeded",
      turn: () => Promise.reject(apiError("transient", 4000)),
      result: "retry",
      again: 4000,
    },
    {
      name: "what is hopeless is given up",
      turn: () => Promise.reject(new Terminal("Bad", "x")),
      result: "give-up",
      again: undefined,
    },
  ] as { name: string; turn: Turn; result: TurnResult; again: number | undefined }[])(
    "$name",
    async ({ turn, result, again }) => {
      let turns = 0;
      const { clock, queue, results } = setUp(async (key, signal) => {
        turns += 1;
        return turns === 1 ? turn(key, signal) : {};
      });
      queue.add("a");
      await settle();
      expect(results).toEqual([result]);
      if (again === undefined) {
        expect(queue.delayed).toBe(0);
        return;
      }
      await clock.advance(again - 1);
      expect(results).toHaveLength(1);
      await clock.advance(1);
      expect(results).toEqual([result, "done"]);
    },
  );

  it("waits longer after each failure and forgets them after a success", async () => {
    let failing = true;
    const times: number[] = [];
    const { clock, queue } = setUp(async () => {
      times.push(clock.monotonic());
      if (failing) throw apiError("transient");
      return {};
    });
    queue.add("a");
    await clock.advance(75);
    expect(times).toEqual([0, 5, 15, 35, 75]);
    failing = false;
    await clock.advance(80);
    failing = true;
    queue.add("a");
    await clock.advance(5);
    expect(times).toEqual([0, 5, 15, 35, 75, 155, 155, 160]);
  });

  it("gives no more turns at once than it may, and never two to one name", async () => {
    let most = 0;
    let twice = false;
    const now = new Set<string>();
    const { clock, queue } = setUp(async (key) => {
      twice ||= now.has(key);
      now.add(key);
      most = Math.max(most, now.size);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      now.delete(key);
      return {};
    }, 3);
    for (let index = 0; index < 10; index += 1) queue.add(`k${index % 5}`);
    await clock.advance(1);
    queue.add("k0");
    await clock.advance(100);
    expect(most).toBe(3);
    expect(twice).toBe(false);
    expect(now.size).toBe(0);
  });

  it("stops when the turns under way have ended, and begins no other", async () => {
    const started: string[] = [];
    const { clock, queue, workers } = setUp(async (key) => {
      started.push(key);
      await new Promise<void>((resolve) => clock.after(50, resolve));
      return {};
    });
    queue.add("a");
    queue.add("b");
    await settle();
    let stopped = false;
    const stopping = workers.stop().then(() => {
      stopped = true;
    });
    await clock.advance(49);
    expect(stopped).toBe(false);
    await clock.advance(1);
    await stopping;
    expect(started).toEqual(["a"]);
  });

  it("does not count an aborted turn as a failure", async () => {
    const { queue, results, stop } = setUp(async (_key, signal) => {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
      return {};
    });
    queue.add("a");
    await settle();
    stop.abort();
    await settle();
    expect(results).toEqual(["aborted"]);
    expect(queue.delayed).toBe(0);
  });
});

describe("back-off", () => {
  it("doubles from the first to the longest pause", () => {
    const options = { firstMs: 5, maxMs: 300_000, random: () => 1 };
    expect([1, 2, 3, 10, 17, 1000].map((failures) => pauseAfter(failures, options))).toEqual([
      5, 10, 20, 2560, 300_000, 300_000,
    ]);
  });

  it("is spread between half of the pause and the whole", () => {
    expect(pauseAfter(3, { firstMs: 100, maxMs: 1000, random: () => 0 })).toBe(200);
    expect(pauseAfter(3, { firstMs: 100, maxMs: 1000, random: () => 1 })).toBe(400);
  });

  it("counts each name by itself", () => {
    const backoff = new Backoff({ firstMs: 1, maxMs: 100, random: () => 1 });
    expect([backoff.next("a"), backoff.next("a"), backoff.next("b")]).toEqual([1, 2, 1]);
    backoff.forget("a");
    expect(backoff.next("a")).toBe(1);
    expect(backoff.failures("b")).toBe(1);
  });
});
