import { describe, expect, it } from "vitest";
import { type Fact, type HopName, hopNames, type State } from "../webflow/types.ts";
import { blame, leansOn } from "./leans.ts";

type States = Partial<Record<HopName, State>>;

const spec: Fact = {
  name: "spec",
  required: true,
  state: "Broken",
  reason: "Wrong",
  message: "Wrong.",
  vantage: "api",
};

const verdicts = (states: States, faulty?: HopName) =>
  hopNames.map((hop) => {
    const state = states[hop] ?? "Healthy";
    return {
      hop,
      state,
      reason: `Is${state}`,
      message: `It is ${state}.`,
      vantage: "api",
      facts: hop === faulty ? [spec] : [],
    };
  });

const changed = (states: States, faulty?: HopName) => {
  const found = blame(verdicts(states, faulty));
  return Object.fromEntries(
    found.filter(({ reason }) => reason.startsWith("WaitsFor")).map(({ hop, reason }) => [hop, reason]),
  );
};

describe("the table of who leans on whom", () => {
  it("names every hop and has no circle", () => {
    expect(Object.keys(leansOn).sort()).toEqual([...hopNames].sort());
    const reached = (hop: HopName, way: readonly HopName[]): void => {
      expect(way, `${[...way, hop].join(" leans on ")}`).not.toContain(hop);
      for (const next of leansOn[hop]) reached(next, [...way, hop]);
    };
    for (const hop of hopNames) reached(hop, []);
  });
});

describe("blame", () => {
  it.each<[string, States, Record<string, string>]>([
    ["stays with the one hop that is broken", { process: "Broken" }, {}],
    [
      "goes through broken hops to the furthest",
      { lb: "Broken", process: "Broken", database: "Broken", response: "Broken" },
      { lb: "WaitsForDatabase", process: "WaitsForDatabase", response: "WaitsForDatabase" },
    ],
    [
      "goes through a hop that is not known",
      { lb: "Broken", process: "Unknown", database: "Broken" },
      { lb: "WaitsForDatabase" },
    ],
    ["stops at a hop that works", { lb: "Broken", database: "Broken" }, {}],
    [
      "prefers what is broken to what is on its way",
      { process: "Broken", vmgroup: "Progressing", database: "Broken" },
      { process: "WaitsForDatabase" },
    ],
    [
      "takes what is on its way for a cause",
      { process: "Broken", database: "Progressing" },
      { process: "WaitsForDatabase" },
    ],
    ["does not cross to hops that do not lean on each other", { edge: "Broken", vmgroup: "Broken" }, {}],
  ])("%s", (_, states, waiting) => {
    expect(changed(states)).toEqual(waiting);
  });

  it("does not excuse what the user wrote", () => {
    expect(changed({ process: "Broken", database: "Broken" }, "process")).toEqual({});
  });

  it("keeps the facts and says for whom the hop waits", () => {
    const [, , , lb] = blame(verdicts({ lb: "Broken", process: "Broken" }));
    expect(lb).toMatchObject({ state: "Unknown", message: "Waits for process: It is Broken.", facts: [] });
  });
});
