/** Does it take a connection? */
import { connect } from "./connect.ts";
import type { Step } from "./deadline.ts";
import type { Found } from "./found.ts";
import type { Ask } from "./question.ts";

export async function askTcp(ask: Extract<Ask, { type: "tcp" }>, step: Step): Promise<Found> {
  const socket = await connect(ask, step);
  socket.destroy();
  return { outcome: "ok", detail: "connected" };
}
