import { describe, expect, it } from "vitest";
import { settle, TestClock } from "../../test/harness/clock.ts";
import type { Askers } from "./asker.ts";
import type { Limits } from "./limits.ts";
import { Prober } from "./prober.ts";
import type { Answer, Outcome, Question } from "./question.ts";

const shop = "default/shop";
const period = 10_000;

function question(key: string, more: Partial<Question> = {}): Question {
  const ask = { type: "tcp", address: "198.51.100.10", port: 80 } as const;
  return { key, hop: "edge", vantage: { at: "operator" }, ask, everyMillis: period, ...more };
}

type Script = (
  question: Question,
  signal: AbortSignal,
) => Outcome | Partial<Answer> | Promise<Outcome | Partial<Answer>>;

function start(script: Script, limits: Partial<Limits> = {}, random = () => 0.5) {
  const clock = new TestClock();
  const asked: { key: string; at: number; vantage: string }[] = [];
  const changed: string[] = [];
  const asker = async (wanted: Question, _flowKey: string, signal: AbortSignal): Promise<Answer> => {
    asked.push({ key: wanted.key, at: clock.now(), vantage: wanted.vantage.at });
    const found = await script(wanted, signal);
    const answer = typeof found === "string" ? { outcome: found } : found;
    return { outcome: "ok", detail: "", at: clock.now(), millis: 1, ...answer };
  };
  const askers: Askers = { operator: asker, outside: asker, forbidden: asker, "database-client": asker };
  const prober = new Prober({ askers, clock, onChange: (flowKey) => changed.push(flowKey), random, limits });
  const times = (key: string) => asked.filter((one) => one.key === key).length;
  return { prober, clock, asked, changed, times };
}

describe("a wanted question", () => {
  it("is asked at once, then every period, with one timer for all", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [question("a"), question("b"), question("c")]);
    expect(clock.timers).toBe(1);
    await clock.advance(300);
    expect([times("a"), times("b"), times("c")]).toEqual([1, 1, 1]);
    await clock.advance(6 * period);
    expect(times("a")).toBeGreaterThanOrEqual(6);
    expect(times("a")).toBeLessThanOrEqual(8);
    expect(clock.timers).toBe(1);
  });

  it("has an answer, and its flow is woken for the first and for changes alone", async () => {
    let outcome: Outcome = "ok";
    const { prober, clock, changed } = start(() => outcome);
    prober.want(shop, [question("a")]);
    expect(prober.answer(shop, "a")).toBeUndefined();
    await clock.advance(5 * period);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "ok", wavering: false });
    expect(changed).toHaveLength(1);
    outcome = "timeout";
    await clock.advance(2 * period);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "timeout" });
    // Wavering, then settled.
    expect(changed).toHaveLength(3);
  });

  it("is spread over the period after a start", async () => {
    const { prober, clock, asked } = start(() => "ok", {}, Math.random);
    prober.want(
      shop,
      Array.from({ length: 200 }, (_, index) => question(`q${index}`)),
    );
    await clock.advance(period + 500);
    const inOneSecond = (from: number) => asked.slice(200).filter(({ at }) => at >= from && at < from + 1000).length;
    const most = Math.max(...asked.slice(200).map(({ at }) => inOneSecond(at)));
    expect(most).toBeLessThan(100);
  });

  it("wakes its flow when the addresses move though the outcome does not", async () => {
    let addresses = ["198.51.100.10"];
    const { prober, clock, changed } = start(() => ({ addresses }));
    prober.want(shop, [question("a")]);
    await clock.advance(3 * period);
    expect(changed).toHaveLength(1);
    addresses = ["198.51.100.11"];
    await clock.advance(period + 2000);
    // Wavering, then settled.
    expect(changed).toHaveLength(3);
    expect(prober.answer(shop, "a")?.said.addresses).toEqual(["198.51.100.11"]);
  });

  it("does not wake its flow because the load balancer took another pod", async () => {
    let pod = 0;
    const { prober, clock, changed } = start(() => ({ pod: `shop-${pod++}` }));
    const outside = { at: "outside", name: "browser", url: "https://203.0.113.10:8443", caBundle: "" } as const;
    prober.want(shop, [question("a", { vantage: outside })]);
    await clock.advance(5 * period);
    expect(changed).toHaveLength(1);
    prober.want("default/other", [question("a")]);
    await clock.advance(5 * period);
    expect(changed.filter((flow) => flow === "default/other").length).toBeGreaterThan(3);
  });

  it("is asked again within a second after a first contrary answer, and once", async () => {
    const answers: Outcome[] = ["ok", "timeout"];
    const { prober, clock, asked } = start(() => answers.shift() ?? "ok");
    prober.want(shop, [question("a")]);
    await clock.advance(period + 2000);
    expect(asked).toHaveLength(3);
    const [, contrary, again] = asked;
    expect((again?.at ?? 0) - (contrary?.at ?? 0)).toBeLessThan(1000);
    await clock.advance(2000);
    expect(asked).toHaveLength(3);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "ok", wavering: false });
  });

  it("is dropped with its answer when it is wanted no more, even while it is being asked", async () => {
    let aborted = 0;
    const dropped = (): Outcome => {
      aborted += 1;
      return "ok";
    };
    const script: Script = ({ key }, signal) =>
      key === "slow" ? new Promise((resolve) => signal.addEventListener("abort", () => resolve(dropped()))) : "ok";
    const { prober, clock, times } = start(script);
    prober.want(shop, [question("a"), question("slow")]);
    await clock.advance(500);
    prober.want(shop, [question("b")]);
    await clock.advance(period * 3);
    expect(aborted).toBe(1);
    expect(prober.answer(shop, "slow")).toBeUndefined();
    expect(prober.answer(shop, "a")).toBeUndefined();
    expect(times("a")).toBe(1);
    expect(times("b")).toBeGreaterThan(2);
  });

  it("keeps its answer when it is wanted again unchanged, and loses it when it asks something else", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [question("a")]);
    await clock.advance(500);
    prober.want(shop, [question("a")]);
    expect(prober.answer(shop, "a")).toBeDefined();
    await clock.advance(500);
    expect(times("a")).toBe(1);
    prober.want(shop, [question("a", { ask: { type: "tcp", address: "198.51.100.11", port: 80 } })]);
    expect(prober.answer(shop, "a")).toBeUndefined();
    await clock.advance(500);
    expect(times("a")).toBe(2);
  });

  it("is asked sooner when its period gets shorter", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [question("a", { everyMillis: 600_000 })]);
    await clock.advance(500);
    prober.want(shop, [question("a", { everyMillis: 10_000 })]);
    await clock.advance(11_000);
    expect(times("a")).toBe(2);
  });

  it("goes on being asked when its asker throws, hangs or answers late", async () => {
    let turn = 0;
    const script: Script = () => {
      turn += 1;
      if (turn === 1) throw new Error("broken asker");
      return turn === 2 ? new Promise<Outcome>(() => {}) : "ok";
    };
    const { prober, clock } = start(script, {
      askMillis: { operator: 5000, outside: 1, forbidden: 1, "database-client": 1 },
    });
    prober.want(shop, [question("a")]);
    await clock.advance(500);
    expect(prober.answer(shop, "a"), "one that is not well proves nothing yet").toBeUndefined();
    await clock.advance(6000);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "error" });
    expect(prober.answer(shop, "a")?.answer).toMatchObject({ outcome: "vantage" });
    await clock.advance(5 * period);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "ok" });
  });

  it("is asked sooner while it is not well, however rarely it is asked else", async () => {
    let outcome: Outcome = "ok";
    const { prober, clock, times } = start(() => outcome);
    prober.want(shop, [question("a", { everyMillis: 60_000 })]);
    await clock.advance(500);
    outcome = "missing";
    await clock.advance(60_000);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "missing" });
    const before = times("a");
    await clock.advance(60_000);
    expect(times("a") - before).toBeGreaterThanOrEqual(5);
    outcome = "ok";
    await clock.advance(12_000);
    expect(prober.answer(shop, "a")).toMatchObject({ settled: "ok" });
  });

  it("goes on being asked when who listens throws", async () => {
    const clock = new TestClock();
    let asked = 0;
    const asker = async (): Promise<Answer> => ({ outcome: "ok", detail: String(asked++), at: clock.now(), millis: 1 });
    const askers: Askers = { operator: asker, outside: asker, forbidden: asker, "database-client": asker };
    const onChange = (): void => {
      throw new Error("broken listener");
    };
    new Prober({ askers, clock, onChange }).want(shop, [question("a")]);
    await clock.advance(3 * period);
    expect(asked).toBeGreaterThan(2);
  });

  it("that was answered before a restart is due when that answer's period is over", async () => {
    const found = new TestClock().now() - 500_000;
    const { prober, clock, times } = start(() => ({ at: found }));
    prober.want(shop, [question("control", { vantage: { at: "database-client" }, everyMillis: 600_000 })]);
    await clock.advance(50_000);
    expect(times("control")).toBe(1);
    await clock.advance(50_000);
    expect(times("control")).toBeGreaterThan(1);
    // However old the answer that is found, it is not looked for all the time.
    expect(times("control")).toBeLessThan(60);
  });
});

describe("a writing question", () => {
  const order = question("order", { writes: true, everyMillis: 3_600_000 });

  it("is asked once per period, never sooner, whatever the answer", async () => {
    const { prober, clock, times } = start(() => "timeout");
    prober.want(shop, [order]);
    await clock.advance(61_000);
    expect(times("order")).toBe(1);
    await clock.advance(3_500_000);
    expect(times("order")).toBe(1);
    await clock.advance(110_000);
    expect(times("order")).toBe(2);
  });

  it("waits a minute after a start, and no longer of a flow that comes later", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [order]);
    await clock.advance(59_000);
    expect(times("order")).toBe(0);
    await clock.advance(2000);
    expect(times("order")).toBe(1);
    prober.want("default/books", [order]);
    await clock.advance(1000);
    expect(times("order")).toBe(2);
  });

  it("is not asked again because it went and came back, nor by a round, and has its answer again", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [order, question("a")]);
    await clock.advance(61_000);
    prober.want(shop, [question("a")]);
    expect(prober.answer(shop, "order")).toBeUndefined();
    await clock.advance(5_000);
    prober.want(shop, [order, question("a")]);
    expect(prober.answer(shop, "order")).toMatchObject({ settled: "ok" });
    void prober.round(shop);
    await clock.advance(3_000_000);
    expect(times("order")).toBe(1);
    prober.want(shop, []);
    await clock.advance(1_000_000);
    prober.want(shop, [order]);
    expect(prober.answer(shop, "order")).toBeUndefined();
    await clock.advance(1_000);
    expect(times("order")).toBe(2);
  });

  it.each([
    ["is away", false],
    ["is back", true],
  ])("that went while it was being asked has its answer when that comes while it %s", async (_, early) => {
    let answered: (outcome: Outcome) => void = () => {};
    const { prober, clock, times } = start(() => new Promise((resolve) => (answered = resolve)));
    prober.want(shop, [order]);
    await clock.advance(60_500);
    prober.want(shop, []);
    if (early) prober.want(shop, [order]);
    answered("status");
    await clock.advance(100);
    if (!early) prober.want(shop, [order]);
    expect(prober.answer(shop, "order")).toMatchObject({ settled: "status" });
    expect(times("order")).toBe(1);
  });

  it.each([
    ["while it is wanted", false],
    ["while it is away", true],
  ])("that was edited %s is asked anew a minute later, without the answer to the old one", async (_, away) => {
    const edited = { ...order, ask: { type: "tcp", address: "198.51.100.11", port: 80 } } as const;
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [order]);
    await clock.advance(61_000);
    if (away) prober.want(shop, []);
    prober.want(shop, [edited]);
    expect(prober.answer(shop, "order")).toBeUndefined();
    await clock.advance(59_000);
    expect(times("order")).toBe(1);
    await clock.advance(2_000);
    expect(times("order")).toBe(2);
    await clock.advance(3_000_000);
    expect(times("order")).toBe(2);
  });

  it("of a flow that was forgotten is asked anew a minute later", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [order]);
    await clock.advance(61_000);
    prober.forget(shop);
    prober.want(shop, [order]);
    expect(prober.answer(shop, "order")).toBeUndefined();
    await clock.advance(59_000);
    expect(times("order")).toBe(1);
    await clock.advance(2_000);
    expect(times("order")).toBe(2);
  });
});

describe("no more than so many questions are asked at once", () => {
  const many = (count: number, more: (index: number) => Partial<Question>) =>
    Array.from({ length: count }, (_, index) => question(`q${index}`, more(index)));

  it("in all, and from each vantage by itself", async () => {
    const asking = new Map<string, number>();
    const most = new Map<string, number>();
    const script: Script = async ({ vantage }): Promise<Outcome> => {
      const now = (asking.get(vantage.at) ?? 0) + 1;
      asking.set(vantage.at, now);
      most.set(vantage.at, Math.max(most.get(vantage.at) ?? 0, now));
      await new Promise<void>((resolve) => void clock.after(100, resolve));
      asking.set(vantage.at, (asking.get(vantage.at) ?? 0) - 1);
      return "ok";
    };
    const perVantage = { operator: 5, outside: 2, forbidden: 2, "database-client": 2 };
    const { prober, clock, asked } = start(script, { inFlight: 6, perVantage });
    const outside = { at: "outside", name: "browser", url: "https://203.0.113.10:8443", caBundle: "" } as const;
    prober.want(
      shop,
      many(40, (index) => (index % 2 === 0 ? {} : { vantage: outside })),
    );
    await clock.advance(period / 2);
    expect(asked).toHaveLength(40);
    expect(most.get("outside")).toBe(2);
    expect(most.get("operator")).toBeLessThanOrEqual(5);
  });

  it("and a vantage that hangs holds up no other", async () => {
    const script: Script = ({ vantage }) => (vantage.at === "forbidden" ? new Promise<Outcome>(() => {}) : "ok");
    const { prober, clock, asked } = start(script);
    const forbidden = { at: "forbidden", node: "node-1" } as const;
    prober.want(
      shop,
      many(100, (index) => (index < 50 ? { vantage: forbidden } : {})),
    );
    await clock.advance(1000);
    expect(asked.filter(({ vantage }) => vantage === "operator")).toHaveLength(50);
    expect(asked.filter(({ vantage }) => vantage === "forbidden")).toHaveLength(16);
  });
});

describe("a round", () => {
  it("asks everything now that may be asked any time, and waits for the answers", async () => {
    const script: Script = ({ key }) =>
      key === "late" ? new Promise((resolve) => void clock.after(700, () => resolve("ok"))) : "ok";
    const { prober, clock, times } = start(script);
    prober.want(shop, [
      question("a"),
      question("late"),
      question("order", { writes: true }),
      question("control", { vantage: { at: "database-client" } }),
    ]);
    await clock.advance(2000);
    const before = ["a", "late", "order", "control"].map(times);
    let over = false;
    void prober.round(shop).then(() => {
      over = true;
    });
    await clock.advance(600);
    expect(over).toBe(false);
    await clock.advance(200);
    expect(over).toBe(true);
    expect(["a", "late", "order", "control"].map(times)).toEqual(
      [before[0] ?? 0, before[1] ?? 0, 0, before[3] ?? 0].map((n, i) => n + (i < 2 ? 1 : 0)),
    );
  });

  it("is one for all who ask within a second", async () => {
    const { prober, clock, times } = start(() => "ok");
    prober.want(shop, [question("a")]);
    await clock.advance(2000);
    await Promise.all([prober.round(shop), prober.round(shop)]);
    await prober.round(shop);
    expect(times("a")).toBe(2);
    await clock.advance(1500);
    await prober.round(shop);
    expect(times("a")).toBe(3);
  });

  it("ends in time though a vantage hangs, and when the flow goes", async () => {
    const { prober, clock } = start(({ key }) => (key === "hangs" ? new Promise<Outcome>(() => {}) : "ok"));
    prober.want(shop, [question("a"), question("hangs")]);
    await clock.advance(500);
    let over = 0;
    const count = (): void => {
      over += 1;
    };
    void prober.round(shop).then(count);
    await clock.advance(8100);
    expect(over).toBe(1);
    void prober.round(shop).then(count);
    prober.forget(shop);
    await settle();
    expect(over).toBe(2);
    await prober.round("default/unknown");
  });
});

describe("a prober that has stopped", () => {
  it("asks nothing more and holds no timer", async () => {
    const { prober, clock, asked } = start(() => "ok");
    prober.want(shop, [question("a")]);
    await clock.advance(500);
    prober.stop();
    prober.want(shop, [question("b")]);
    await clock.advance(10 * period);
    expect(asked).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});
