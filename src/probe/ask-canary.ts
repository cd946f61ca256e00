/**
 * The forbidden identity's own control, asked of a canary pod: it reaches the open port, so it has a network, and does
 * not reach the denied one, so policies are enforced there. A port counts as reached when the canary's own line came;
 * a denied port that takes a connection counts as reached even without.
 */
import { connect } from "./connect.ts";
import { type Step, until } from "./deadline.ts";
import { Failed, failureOf } from "./failure.ts";
import type { Found } from "./found.ts";
import type { CanaryAsk } from "./question.ts";

export const canaryBanner = "webflow-canary\n";
export const canaryPorts = { open: 9001, denied: 9002 } as const;

type Reached = "banner" | "connected" | Failed;

export async function askCanary(ask: CanaryAsk, step: Step): Promise<Found> {
  if (ask.address === undefined) throw new Failed("error", "no canary's address was given");
  const { address } = ask;
  const [open, denied] = await Promise.all([
    reach({ address, port: ask.open ?? canaryPorts.open }, step),
    reach({ address, port: ask.denied ?? canaryPorts.denied }, step),
  ]);
  if (open !== "banner") return { outcome: "control", detail: `the open canary was not reached: ${told(open)}` };
  if (denied instanceof Failed) {
    if (!closed.includes(denied.outcome)) return { outcome: "control", detail: `the denied canary: ${denied.detail}` };
    return { outcome: "ok", detail: "the open canary was reached, the denied one was not" };
  }
  return { outcome: "open", detail: "the denied canary was reached: network policies are not enforced here" };
}

const closed: readonly string[] = ["refused", "timeout", "unreachable", "reset"];
const told = (reached: Reached) => (reached instanceof Failed ? reached.detail : "something else answered");

async function reach(target: { address: string; port: number }, step: Step): Promise<Reached> {
  try {
    const socket = await connect(target, step);
    try {
      return await until<Reached>(step.signal, "banner", (done) => {
        let text = "";
        socket.on("data", (chunk) => {
          text = (text + chunk.toString("latin1")).slice(0, canaryBanner.length);
          if (text === canaryBanner) done("banner");
          else if (text.length === canaryBanner.length) done("connected");
        });
        socket.on("close", () => done("connected"));
        return () => socket.removeAllListeners("data");
      });
    } finally {
      socket.destroy();
    }
  } catch (error) {
    return failureOf(error);
  }
}
