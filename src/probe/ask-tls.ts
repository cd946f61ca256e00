/** Does it take TLS for this name, with a certificate that a client would accept? */
import { connect, secure } from "./connect.ts";
import type { Step } from "./deadline.ts";
import type { Found } from "./found.ts";
import type { Ask } from "./question.ts";

export async function askTls(ask: Extract<Ask, { type: "tls" }>, step: Step): Promise<Found> {
  const socket = await connect(ask, step);
  try {
    const { socket: tls, problem, notAfter } = await secure(socket, ask, step);
    tls.destroy();
    const evidence = notAfter === undefined ? {} : { notAfter };
    if (problem !== undefined) return { outcome: "tls", detail: problem, ...evidence };
    return { outcome: "ok", detail: "the certificate is right for the name", ...evidence };
  } finally {
    socket.destroy();
  }
}
