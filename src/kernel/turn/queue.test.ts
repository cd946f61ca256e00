import { beforeEach, describe, expect, it } from "vitest";
import { settle, TestClock } from "../../../test/harness/clock.ts";
import { Queue } from "./queue.ts";

let clock: TestClock;
let queue: Queue;

beforeEach(() => {
  clock = new TestClock();
  queue = new Queue(clock);
});

async function drain(): Promise<string[]> {
  const keys: string[] = [];
  while (queue.depth > 0) {
    const key = await queue.take();
    if (key === undefined) break;
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("the queue", () => {
  it("holds a name once, however often it is added", async () => {
    queue.add("a");
    queue.add("b");
    queue.add("a");
    expect(queue.depth).toBe(2);
    expect(await drain()).toEqual(["a", "b"]);
  });

  it("hands out the more urgent first, and the older among equals", async () => {
    queue.add("resync-1", "resync");
    queue.add("drift-1", "drift");
    queue.add("user-1", "user");
    queue.add("drift-2", "drift");
    expect(await drain()).toEqual(["user-1", "drift-1", "drift-2", "resync-1"]);
  });

  it("makes a waiting name more urgent, never less", async () => {
    queue.add("x", "drift");
    queue.add("a", "resync");
    queue.add("a", "user");
    queue.add("a", "resync");
    expect(await drain()).toEqual(["a", "x"]);
  });

  it("gives a name to one taker at a time, and again when it changed meanwhile", async () => {
    queue.add("a");
    expect(await queue.take()).toBe("a");
    queue.add("a");
    queue.add("a");
    expect(queue.depth).toBe(0);
    const second = queue.take();
    let taken = false;
    void second.then(() => {
      taken = true;
    });
    await settle();
    expect(taken).toBe(false);
    queue.done("a");
    expect(await second).toBe("a");
    queue.done("a");
    expect(queue.depth).toBe(0);
  });

  it("wakes a taker that waits", async () => {
    const taken = queue.take();
    queue.add("a");
    expect(await taken).toBe("a");
  });

  it("adds later, at the earlier of two times", async () => {
    queue.addAfter("a", 5000);
    queue.addAfter("a", 1000);
    queue.addAfter("a", 9000);
    queue.addAfter("b", 2000);
    await clock.advance(999);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain()).toEqual(["a"]);
    await clock.advance(1000);
    expect(await drain()).toEqual(["b"]);
    await clock.advance(10_000);
    expect(queue.depth).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("keeps many alarms in order of time", async () => {
    const delays = Array.from({ length: 200 }, (_, index) => ((index * 7919) % 1000) + 1);
    delays.forEach((delay, index) => {
      queue.addAfter(`${delay}/${index}`, delay);
    });
    const order: number[] = [];
    const taking = (async () => {
      for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
        order.push(Number(key.split("/")[0]));
        queue.done(key);
      }
    })();
    await clock.advance(1001);
    queue.stop();
    await taking;
    expect(order).toEqual([...delays].sort((a, b) => a - b));
  });

  it("gathers while paused and hands out none", async () => {
    queue.pause();
    const taken = queue.take();
    queue.add("a");
    await settle();
    expect(queue.depth).toBe(1);
    queue.resume();
    expect(await taken).toBe("a");
  });

  it("ends its takers when stopped, and takes nothing more", async () => {
    const taken = queue.take();
    queue.addAfter("later", 10);
    queue.stop();
    expect(await taken).toBeUndefined();
    queue.add("a");
    expect(queue.depth).toBe(0);
    expect(await queue.take()).toBeUndefined();
    expect(clock.timers).toBe(0);
  });

  it("tells how many wait and how long they did", async () => {
    const depths: number[] = [];
    const waits: number[] = [];
    queue = new Queue(clock, { depth: (depth) => depths.push(depth), waited: (millis) => waits.push(millis) });
    queue.add("a");
    await clock.advance(40);
    await queue.take();
    expect(depths).toEqual([1, 0]);
    expect(waits).toEqual([40]);
  });
});
