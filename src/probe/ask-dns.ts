/**
 * One query to one server, over UDP and, where the answer does not fit, TCP. The answer's own CNAME chain is followed
 * and nothing is asked further; a server that is asked as the authoritative one must say that it is.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { type DecodedPacket, decode, encode, RECURSION_DESIRED } from "dns-packet";
import { connect } from "./connect.ts";
import { type Step, until } from "./deadline.ts";
import { Failed } from "./failure.ts";
import type { Found } from "./found.ts";
import { admit } from "./guard.ts";
import type { Ask, Outcome } from "./question.ts";

export type DnsAsk = Extract<Ask, { type: "dns" }>;

/** A lost datagram is sent again after this long, as resolvers do. */
const resendMillis = 800;
const longestChain = 8;

export async function askDns(ask: DnsAsk, step: Step): Promise<Found> {
  const { addresses, ...found } = await resolve(ask, step);
  return { ...found, ...(addresses.length === 0 ? {} : { addresses: addresses.toSorted() }) };
}

export interface Resolved {
  outcome: Outcome;
  detail: string;
  /** In the order of the answer. */
  addresses: string[];
}

export async function resolve(ask: DnsAsk, step: Step): Promise<Resolved> {
  admit(ask.server, step.refuse);
  const query: Query = { ask, id: randomInt(0x1_0000) };
  const answer = await askUdp(query, step);
  return judge(ask, answer.flag_tc ? await askTcp(query, step) : answer);
}

interface Query {
  ask: DnsAsk;
  id: number;
}

function packet({ ask, id }: Query): Buffer {
  const flags = ask.recurse ? RECURSION_DESIRED : 0;
  return encode({ type: "query", id, flags, questions: [{ type: ask.rrtype, name: ask.name, class: "IN" }] });
}

function askUdp(query: Query, step: Step): Promise<DecodedPacket> {
  const { server, port } = query.ask;
  return until(step.signal, "DNS", (done, fail) => {
    const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
    const send = (): void => socket.send(packet(query), (error) => error && fail(error));
    const again = setInterval(send, resendMillis);
    socket.on("error", fail);
    socket.on("message", (message) => {
      const answer = read(message);
      if (answer === undefined) fail(new Failed("protocol", "the answer is not DNS"));
      else if (answers(answer, query)) done(answer);
    });
    // Connected, so that datagrams from elsewhere are not taken and a closed port is told.
    socket.once("connect", send);
    socket.connect(port, server);
    return () => {
      clearInterval(again);
      socket.close();
    };
  });
}

async function askTcp(query: Query, step: Step): Promise<DecodedPacket> {
  const socket = await connect({ address: query.ask.server, port: query.ask.port }, step);
  try {
    return await until<DecodedPacket>(step.signal, "DNS over TCP", (done, fail) => {
      let bytes = Buffer.alloc(0);
      socket.on("error", fail).on("close", () => fail(new Failed("reset", "connection closed before the answer")));
      socket.on("data", (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
        const answer = read(bytes.subarray(2, 2 + bytes.readUInt16BE(0)));
        if (answer !== undefined && answers(answer, query)) done(answer);
        else fail(new Failed("protocol", "the answer is not DNS"));
      });
      const message = packet(query);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
      return () => socket.removeAllListeners("close").removeAllListeners("data");
    });
  } finally {
    socket.destroy();
  }
}

function read(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

/** Ours by number and by what was asked: anything else is somebody else's answer. */
function answers(answer: DecodedPacket, { ask, id }: Query): boolean {
  const asked = answer.questions?.[0];
  if (!answer.flag_qr || answer.id !== id) return false;
  return asked === undefined || (same(asked.name, ask.name) && asked.type === ask.rrtype);
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

function judge(ask: DnsAsk, answer: DecodedPacket): Resolved {
  // dns-packet decodes the name of the response code; its types do not say so.
  const rcode = (answer as { rcode?: string }).rcode ?? "";
  const nothing = (outcome: Outcome, detail: string): Resolved => ({ outcome, detail, addresses: [] });
  if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") return nothing("servfail", `the server answered ${rcode}`);
  if (!ask.recurse && !answer.flag_aa)
    return nothing("not-authoritative", "the server is not authoritative for the name");
  if (rcode === "NXDOMAIN") return nothing("nxdomain", "the name does not exist");
  const addresses = follow(ask, answer);
  if (addresses.length === 0) return nothing("nodata", `the name has no ${ask.rrtype} record`);
  return { outcome: "ok", detail: "resolved", addresses };
}

function follow(ask: DnsAsk, answer: DecodedPacket): string[] {
  const records = answer.answers ?? [];
  let name = ask.name;
  for (let links = 0; links < longestChain; links += 1) {
    const at = records.filter((record) => "name" in record && same(record.name, name));
    const found = at
      .filter((record) => record.type === ask.rrtype)
      .map((record) => String((record as { data: unknown }).data));
    if (found.length > 0) return [...new Set(found)];
    const link = at.find((record) => record.type === "CNAME");
    if (link === undefined) return [];
    name = String((link as { data: unknown }).data);
  }
  return [];
}
