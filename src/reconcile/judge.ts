/**
 * Seen -> verdicts of the whole path. Each room judges its own duty; then blame is laid where it belongs, and a hop that
 * was fine and is merely on its way keeps its last verdict for a while. Pure but for the movements it is handed.
 */
import type { Hop, Seen } from "../hops/hop.ts";
import { blame } from "../hops/leans.ts";
import { verdictOf } from "../hops/verdict.ts";
import type { Flow, HopName, HopStatus, WebFlowStatus } from "../webflow/types.ts";
import type { HopVerdict } from "./summarize.ts";

/** How long a hop that was fine may be on its way before that is its verdict: a roll-out's usual length. */
export const patienceMillis = 120_000;
/** How long after a start the last verdict stands while first answers come in: two rounds. */
export const graceMillis = 30_000;

/** Since when each hop of a flow has been moving; the caller keeps it between turns. */
export type Movements = Map<HopName, number>;

export interface Judgement {
  flow: Flow;
  seen: Seen;
  last: WebFlowStatus | undefined;
  movements: Movements;
  /** When this process began to judge. */
  started: number;
}

export function judge(path: readonly Hop[], judgement: Judgement): HopVerdict[] {
  const { flow, seen } = judgement;
  const judged = path.map((hop) => {
    const facts = hop.judge(flow, seen);
    return { hop: hop.name, facts, ...verdictOf(facts) };
  });
  return blame(judged).map((verdict) => {
    const held = isHeld(verdict, judgement);
    return { ...verdict, held, moving: !held && isMoving(verdict, judgement) };
  });
}

type Judged = Omit<HopVerdict, "moving" | "held">;

const lastOf = ({ hop }: Judged, { last }: Judgement) => last?.hops?.find((each) => each.hop === hop);

function isHeld(verdict: Judged, judgement: Judgement): boolean {
  const { seen, started } = judgement;
  const unasked = verdict.facts.some((fact) => fact.reason === "NotAskedYet");
  return (
    lastOf(verdict, judgement) !== undefined &&
    seen.now - started < graceMillis &&
    unasked &&
    verdict.state !== "Broken"
  );
}

function isMoving(verdict: Judged, judgement: Judgement): boolean {
  const { movements, seen } = judgement;
  if (verdict.state !== "Progressing" || !wasFine(lastOf(verdict, judgement))) {
    movements.delete(verdict.hop);
    return false;
  }
  const since = movements.get(verdict.hop) ?? seen.now;
  movements.set(verdict.hop, since);
  return seen.now - since < patienceMillis;
}

const wasFine = (before: HopStatus | undefined) => before?.state === "Healthy" || before?.state === "Degraded";
