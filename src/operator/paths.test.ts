import { describe, expect, it } from "vitest";
import { aFlow } from "../../test/builders.ts";
import { TestClock } from "../../test/harness/clock.ts";
import type { Asker, Askers } from "../probe/asker.ts";
import { Prober } from "../probe/prober.ts";
import type { Outcome, Question } from "../probe/question.ts";
import type { FlowView } from "../serve/flow-view.ts";
import type { Flow, WebFlow, WebFlowStatus } from "../webflow/types.ts";
import { Paths } from "./paths.ts";

const key = "default/shop";
const raw = {
  apiVersion: "webflow.dev/v1alpha1",
  kind: "WebFlow",
  metadata: { name: "shop", namespace: "default", generation: 1 },
  spec: { host: "shop.example.test" },
} as WebFlow;

function question(name: string, more: Partial<Question> = {}): Question {
  const ask = { type: "tcp", address: "198.51.100.10", port: 80 } as const;
  return { key: name, hop: "edge", vantage: { at: "operator" }, ask, everyMillis: 10_000, ...more };
}

/** A path of one question, `edge`, and any others; judged by what is settled, as hops do. */
function aPath(script: (asked: Question) => Outcome | Promise<Outcome>, others: readonly Question[] = []) {
  const clock = new TestClock();
  const asker: Asker = async (asked) => {
    const outcome = await script(asked);
    return { outcome, detail: "", at: clock.now(), millis: 7 };
  };
  const askers: Askers = { operator: asker, outside: asker, forbidden: asker, "database-client": asker };
  const prober = new Prober({ askers, clock, onChange: () => {}, random: () => 0.5 });
  const assess = (): WebFlowStatus => {
    const broken = prober.answer(key, "edge")?.settled !== "ok";
    const about = { reason: "Any", message: "As settled." };
    return {
      observedGeneration: 1,
      conditions: [
        { type: "Ready", status: broken ? "False" : "True", ...about, observedGeneration: 1, lastTransitionTime: "" },
      ],
      ...(broken ? { brokenAt: "edge" } : {}),
      hops: [],
    };
  };
  const ask = () => prober.want(key, [question("edge"), ...others]);
  const directory = { find: () => raw, flows: () => [raw], complete: (): Flow => aFlow() };
  const paths = new Paths({ directory, prober, clock, reconciler: () => ({ ask, assess }) });
  const fresh = async (): Promise<FlowView & { took: number }> => {
    const begun = clock.monotonic();
    let took = 0;
    const view = paths.fresh("default", "shop").then((found) => {
      took = clock.monotonic() - begun;
      return found;
    });
    await clock.advance(12_000);
    const found = await view;
    if (found === undefined) throw new Error("the flow is gone");
    return { ...found, took };
  };
  return { clock, ask, fresh };
}

describe("a fresh round", () => {
  it("that meets the first failing answer waits for the second, and says Broken", async () => {
    let outcome: Outcome = "ok";
    const { clock, ask, fresh } = aPath(() => outcome);
    ask();
    await clock.advance(25_000);
    outcome = "refused";
    const view = await fresh();
    expect(view).toMatchObject({ ready: "False", brokenAt: "edge", source: "fresh" });
    expect(view.took).toBeLessThan(1500);
  });

  it("that loses one answer asks again, and says Ready", async () => {
    const answers: Outcome[] = ["ok", "timeout"];
    const { clock, ask, fresh } = aPath(() => answers.shift() ?? "ok");
    ask();
    await clock.advance(500);
    const view = await fresh();
    expect(view).toMatchObject({ ready: "True", brokenAt: null, source: "fresh", asOf: expect.any(String) });
    expect(answers).toEqual([]);
  });

  it("waits for questions that only an answer has called for", async () => {
    const others: Question[] = [];
    let answered = Number.NaN;
    const { clock, fresh } = aPath(({ key: name }) => {
      if (name === "pod" && Number.isNaN(answered)) answered = clock.monotonic();
      if (others.length === 0) others.push(question("pod"));
      return "ok";
    }, others);
    const view = await fresh();
    expect(view.source).toBe("fresh");
    expect(view.took).toBeGreaterThanOrEqual(answered);
  });

  it("that runs out of time says so, is as old as its oldest answer, and is not known to be ready", async () => {
    let hang = false;
    const { clock, ask, fresh } = aPath(() => (hang ? new Promise(() => {}) : "ok"));
    ask();
    await clock.advance(100);
    hang = true;
    const answered = new Date(clock.now()).toISOString();
    await clock.advance(5000);
    const view = await fresh();
    expect(view).toMatchObject({ source: "unfinished", ready: "Unknown", asOf: answered });
    expect(view.message).toBe("Not every answer came, or was confirmed, in time: edge. Last known: As settled.");
    expect(view.took).toBeLessThan(11_500);
  });

  it("waits for no answer of a Job or of a check that writes", async () => {
    const control = question("control", { vantage: { at: "database-client" } });
    const { fresh } = aPath(
      ({ key: name }) => (name === "edge" ? "ok" : new Promise(() => {})),
      [control, question("order", { writes: true })],
    );
    const view = await fresh();
    expect(view).toMatchObject({ source: "fresh", ready: "True" });
    expect(view.took).toBeLessThan(500);
  });
});
