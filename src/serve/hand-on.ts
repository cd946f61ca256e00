/** From a standby to the leader, over TLS pinned to the certificate that both share, with the caller's own token. */
import { type Agent, request as newRequest } from "node:https";
import { pinnedAgent } from "../probe/pinned.ts";

/** On a request that a standby has handed on: it is not handed on again. */
export const handedOnHeader = "webflow-handed-on";

export interface Errand {
  /** https://ADDRESS:PORT of the leader. */
  url: string;
  path: string;
  token: string;
}

export interface Reply {
  status: number;
  body: string;
}

export type HandOn = (errand: Errand) => Promise<Reply>;

const patienceMillis = 15_000;
const mostBytes = 16 * 1024 * 1024;

export function pinnedHandOn(certificate: () => string): HandOn {
  let known: { pem: string; agent: Agent } | undefined;
  const agentFor = (pem: string): Agent => {
    if (known?.pem === pem) return known.agent;
    known?.agent.destroy();
    known = { pem, agent: pinnedAgent(pem, 8) };
    return known.agent;
  };
  return async (errand) => get(errand, agentFor(certificate()));
}

function get({ url, path, token }: Errand, agent: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, [handedOnHeader]: "1" };
    const request = newRequest(
      new URL(path, url),
      { agent, headers, signal: AbortSignal.timeout(patienceMillis) },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > mostBytes) request.destroy(new Error("the leader's answer is too long"));
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 502, body: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end();
  });
}
