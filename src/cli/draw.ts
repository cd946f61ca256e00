/** A path -> text for a terminal. Pure. */
import { styleText } from "node:util";
import type { FlowView, HopView } from "../serve/flow-view.ts";
import type { State } from "../webflow/types.ts";

const marks: Record<State, string> = {
  Healthy: "✔",
  Degraded: "!",
  Progressing: "…",
  Broken: "✘",
  Unknown: "?",
  NotApplicable: "-",
};
const colours: Record<State, "green" | "yellow" | "red" | "gray"> = {
  Healthy: "green",
  Degraded: "yellow",
  Progressing: "yellow",
  Broken: "red",
  Unknown: "yellow",
  NotApplicable: "gray",
};

export interface Drawing {
  colour: boolean;
  /** Milliseconds since 1970. */
  now: number;
}

export function drawPath(view: FlowView, drawing: Drawing): string {
  const age = Math.max(0, Math.round((drawing.now - Date.parse(view.asOf)) / 1000));
  const source = view.source === "fresh" ? "a fresh round by the leader" : `the object's status, ${age} s old`;
  const head = `${view.namespace}/${view.flow}  ${view.host}  as of ${view.asOf} (${source})`;
  const hops = view.hops.flatMap((hop) => [`   │`, hopLine(hop, drawing)]);
  return [head, "", "   a person's browser", ...hops, "", verdict(view), ""].join("\n");
}

function hopLine(hop: HopView, { colour }: Drawing): string {
  const time = hop.millis === null ? "" : `${Math.round(hop.millis)} ms`;
  const state = `${marks[hop.state]} ${hop.hop.padEnd(9)} ${hop.state.padEnd(13)}`;
  const painted = colour ? styleText(colours[hop.state], state) : state;
  return `   ${painted} ${time.padStart(7)}  ${hop.reason}: ${hop.message} [${hop.vantage}]`;
}

function verdict(view: FlowView): string {
  if (view.brokenAt !== null) return `Broken at ${view.brokenAt}. ${view.message}`;
  return view.ready === "True" ? `Ready. ${view.message}` : `Not known to be ready. ${view.message}`;
}

/** 0 only when a request gets through and nothing is broken; 1 broken; 2 unknown. */
export function exitCode(view: FlowView): 0 | 1 | 2 {
  if (view.brokenAt !== null || view.ready === "False") return 1;
  return view.ready === "True" ? 0 : 2;
}
