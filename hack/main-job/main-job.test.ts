import { describe, expect, test } from "vitest";
import type { HopStatus, WebFlow } from "../../src/webflow/types.ts";
import { HopFailed, hopOfAnswer, hopOfCurl, parseAnswer } from "./exchange.ts";
import { check, servedIn } from "./proof.ts";
import { obstacle } from "./ready.ts";

const served = { pod: "shop-1", node: "worker", process: 12, thread: 2 };

function answer({ status = 200, flow = "default/shop", body = JSON.stringify({ id: 1, served }) } = {}) {
  const head = [`HTTP/1.1 ${status} Whatever`, ...(flow ? [`webflow-flow: ${flow}`] : []), "Content-Type: text/plain"];
  return parseAnswer(`${head.join("\r\n")}\r\n\r\n${body}\n--webflow-time-- 0.0124`);
}

const wanted = { title: "GET", request: { url: "http://shop.example.test/" }, status: 200, holds: /"id":1/ };
const failure = (came: ReturnType<typeof answer>): HopFailed => {
  try {
    check(came, wanted, "default/shop");
  } catch (error) {
    if (error instanceof HopFailed) return error;
  }
  throw new Error("it was taken for right");
};

test("an answer of curl is read with status, headers, body and time", () => {
  expect(answer()).toMatchObject({ status: 200, body: JSON.stringify({ id: 1, served }), millis: 12 });
  expect(answer().headers.get("content-type")).toBe("text/plain");
});

describe("the proof", () => {
  test("takes a right answer and tells who served it, in JSON and on a page", () => {
    expect(check(answer(), wanted, "default/shop")).toEqual(served);
    expect(servedIn("<p>Served by pod shop-1 on node worker, process 12, thread 2</p>")).toEqual(served);
  });

  const wrong: Record<string, [came: ReturnType<typeof answer>, hop: string]> = {
    "a 404 of the Ingress controller": [answer({ status: 404, flow: "", body: "404 page not found" }), "router"],
    "a 503 of the Ingress controller": [answer({ status: 503, flow: "", body: "no available server" }), "lb"],
    "a 503 of the shop for its database": [
      answer({ status: 503, body: '{"error":"the database refuses connections"}' }),
      "database",
    ],
    "a 500 of the shop": [answer({ status: 500, body: "{}" }), "process"],
    "an answer of another flow": [answer({ flow: "other/shop" }), "router"],
    "an answer that holds something else": [answer({ body: JSON.stringify({ served }) }), "response"],
    "an answer that does not say who served": [answer({ body: '{"id":1}' }), "process"],
    "nothing at all": [parseAnswer(""), "response"],
  };
  for (const [name, [came, hop]] of Object.entries(wrong)) {
    test(`refuses ${name}: ${hop}`, () => expect(failure(came).hop).toBe(hop));
  }

  test("names the hop by curl's exit code", () => {
    expect([6, 7, 56].map((code) => hopOfCurl(code))).toEqual(["dns", "edge", "response"]);
    const late = (times: string) => hopOfCurl(28, `\n--webflow-time-- ${times}`);
    expect([late("15.001 0.000 0.000"), late("15.001 0.004 0.000"), late("15.001 0.004 0.009")]).toEqual([
      "dns",
      "edge",
      "response",
    ]);
    expect(hopOfAnswer(502, "", false)).toBe("lb");
  });
});

function flow({
  ready = "True",
  observed = 1,
  hops = [] as Partial<HopStatus>[],
  brokenAt = undefined as HopStatus["hop"] | undefined,
}): WebFlow {
  const condition = {
    type: "Ready",
    status: ready,
    reason: "Why",
    message: "because",
    observedGeneration: observed,
    lastTransitionTime: "",
  };
  const status = { observedGeneration: observed, conditions: [condition], hops, ...(brokenAt ? { brokenAt } : {}) };
  return {
    apiVersion: "",
    kind: "WebFlow",
    metadata: { name: "shop", generation: 1 },
    spec: {},
    status,
  } as unknown as WebFlow;
}

describe("waiting for Ready", () => {
  test("is over when Ready is True for the present generation", () => expect(obstacle(flow({}))).toBeUndefined());
  test("is not over while the status is of an older generation", () =>
    expect(obstacle(flow({ observed: 0 }))).toMatch("last change"));
  test("is not over without an operator", () => expect(obstacle(undefined)).toMatch("no operator"));
  test("names the broken hop before the one that waits for it", () => {
    const hops: Partial<HopStatus>[] = [
      { hop: "lb", state: "Unknown", reason: "WaitsForProcess", message: "m" },
      { hop: "process", state: "Broken", reason: "Crashing", message: "m" },
    ];
    expect(obstacle(flow({ ready: "False", hops, brokenAt: "process" }))).toBe("hop process is Broken, Crashing: m");
    expect(obstacle(flow({ ready: "Unknown", hops: hops.slice(0, 1) }))).toMatch("hop lb");
  });
});
