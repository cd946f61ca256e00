import { describe, expect, it } from "vitest";
import type { Answer, Question } from "../probe/question.ts";
import { hopNames, type WebFlowStatus } from "../webflow/types.ts";
import { createLog, TurnLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { askedFrom, type MetricName, table } from "./table.ts";

const flow = { namespace: "default", name: "shop" };
const status = (state: "Healthy" | "Broken" | "NotApplicable"): WebFlowStatus => ({
  conditions: [
    {
      type: "Ready",
      status: state === "Broken" ? "False" : "True",
      reason: "",
      message: "",
      observedGeneration: 1,
      lastTransitionTime: "",
    },
  ],
  hops: hopNames.map((hop) => ({ hop, state, reason: "", message: "", vantage: "api", since: "", facts: [] })),
});

describe("metrics", () => {
  it("are all in the registry, with their help, before anything has happened", async () => {
    const text = await createMetrics({ watches: ["pods", "services"], applied: ["Service"] }).registry.metrics();
    for (const name of Object.keys(table)) expect(text).toContain(`# HELP ${name} `);
    expect(text).toContain('webflow_relists_total{reason="gone",watch="services"} 0');
    expect(text).toContain('webflow_noop_apply_total{kind="Service"} 0');
    expect(text).toContain('webflow_reconciles_total{result="error"} 0');
    expect(text).toContain("webflow_leader 0");
  });

  it("follow the naming rules of Prometheus", () => {
    for (const [name, row] of Object.entries(table) as [MetricName, (typeof table)[MetricName]][]) {
      expect(name).toMatch(/^webflow_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(row.kind === "counter");
      expect(row.help).toMatch(/\.$/);
    }
  });

  it("count answers by hop, vantage and outcome", async () => {
    const { registry, probed } = createMetrics();
    const question = { hop: "edge", vantage: { at: "operator" } } as Question;
    probed(question, { outcome: "timeout", detail: "", at: 1, millis: 2000 } satisfies Answer);
    const text = await registry.metrics();
    expect(text).toContain('webflow_probes_total{hop="edge",vantage="operator",outcome="timeout"} 1');
    expect(text).toContain('webflow_probe_seconds_sum{hop="edge",vantage="operator"} 2');
    expect(Object.keys(askedFrom)).toEqual([...hopNames]);
  });

  it("of a flow come with its verdicts and go with the flow", async () => {
    const { registry, judged, forget } = createMetrics();
    judged(flow, status("Broken"));
    judged({ namespace: "default", name: "books" }, status("Healthy"));
    const text = await registry.metrics();
    expect(text).toContain('webflow_hop_up{namespace="default",name="shop",hop="database"} 0');
    expect(text).toContain('webflow_ready{namespace="default",name="shop"} 0');
    expect(text).toContain('webflow_hop_up{namespace="default",name="books",hop="dns"} 1');
    judged(flow, status("NotApplicable"));
    expect(await registry.metrics()).not.toContain('webflow_hop_up{namespace="default",name="shop"');
    forget(flow);
    const after = await registry.metrics();
    expect(after).not.toContain('name="shop"');
    expect(after).toContain('name="books"');
  });

  it("of two operators in one process are their own", async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.set("webflow_leader", 1);
    expect(await other.registry.metrics()).toContain("webflow_leader 0");
  });
});

describe("the log", () => {
  const lines = (say: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] => {
    const text: string[] = [];
    say(createLog({ level: "info", destination: { write: (line: string) => void text.push(line) } }));
    return text.map((line) => JSON.parse(line));
  };

  it("is one JSON line each", () => {
    const [line] = lines((log) => log.info({ hop: "edge" }, "applied"));
    expect(line).toMatchObject({ level: "info", hop: "edge", msg: "applied", time: expect.stringContaining("T") });
  });

  it("tells of each line which turn it belongs to, also of turns at the same time and of those who know no turn", async () => {
    const said: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void said.push(JSON.parse(line)) };
    const log = new TurnLog(createLog({ level: "info", destination }));
    const turn = (flow: string, number: number) =>
      log.run({ flow, turn: number }, async () => {
        await Promise.resolve();
        log.warn({}, "kept waiting");
      });
    await Promise.all([turn("default/shop", 1), turn("default/books", 2)]);
    log.warn({}, "between turns");
    expect(said.map(({ flow, turn: number, msg }) => [msg, flow, number])).toEqual([
      ["kept waiting", "default/shop", 1],
      ["kept waiting", "default/books", 2],
      ["between turns", undefined, undefined],
    ]);
  });

  it("blanks secrets wherever they stand", () => {
    const [line] = lines((log) =>
      log.info({ token: "s3cret", headers: { authorization: "Bearer s3cret" }, a: { b: { password: "s3cret" } } }, "x"),
    );
    expect(JSON.stringify(line)).not.toContain("s3cret");
    expect(line).toMatchObject({ token: "[redacted]" });
  });

  it("keeps to its level", () => {
    expect(lines((log) => log.debug({}, "x"))).toEqual([]);
  });
});
