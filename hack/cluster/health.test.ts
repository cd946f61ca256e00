import { expect, test } from "vitest";
import { expectedNodes, lackingIn } from "./health.ts";

const around = ["webflow-igw", "webflow-browser", "webflow-resolver"];

test("nothing is lacking when all of ours run, whatever else runs on that engine", () => {
  expect(lackingIn([...expectedNodes, ...around, "somebody-elses"])).toEqual({ nodes: [], around: [] });
});

test("containers of others do not stand in for one of ours that stopped", () => {
  const running = [...expectedNodes.filter((name) => name !== "webflow-worker2"), ...around.slice(1), "a", "b", "c"];
  expect(lackingIn(running)).toEqual({ nodes: ["webflow-worker2"], around: ["webflow-igw"] });
});
