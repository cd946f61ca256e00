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
  const head = `${view.namespace}/${view.flow}  ${view.host}  as of ${view.asOf} (${sourceOf(view, drawing)})`;
  const hops = view.hops.flatMap((hop) => [`   │`, hopLine(hop, drawing)]);
  return [head, "", "   a person's browser", ...hops, "", verdict(view), ""].join("\n");
}

function sourceOf({ source, asOf }: FlowView, { now }: Drawing): string {
  const age = `${Math.max(0, Math.round((now - Date.parse(asOf)) / 1000))} s`;
  if (source === "fresh") return "a fresh round by the leader";
  if (source === "unfinished") return `a round by the leader that ran out of time; its oldest answer is ${age} old`;
  return `the object's status, last changed ${age} ago`;
}

function hopLine(hop: HopView, { colour }: Drawing): string {
  const time = hop.millis === null ? "" : `${Math.round(hop.millis)} ms`;
  const state = `${marks[hop.state]} ${hop.hop.padEnd(9)} ${hop.state.padEnd(13)}`;
  const painted = colour ? styleText(colours[hop.state], state, { validateStream: false }) : state;
  return `   ${painted} ${time.padStart(7)}  ${hop.reason}: ${hop.message} [${hop.vantage}]`;
}

function verdict({ ready, brokenAt, message }: FlowView): string {
  if (ready === "True") return `Ready. ${message}`;
  if (ready === "Unknown") return `Not known to be ready. ${message}`;
  return brokenAt === null ? `Not ready. ${message}` : `Broken at ${brokenAt}. ${message}`;
}

/** 0 only when a request gets through; 1 broken; 2 unknown, whatever was found before. */
export function exitCode({ ready }: FlowView): 0 | 1 | 2 {
  if (ready === "True") return 0;
  return ready === "False" ? 1 : 2;
}
