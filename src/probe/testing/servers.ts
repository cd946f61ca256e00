/** Small servers on loopback that answer, or fail, in just the way that a test needs. */
import { createSocket } from "node:dgram";
import { createServer as createHttp, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, TRUNCATED_RESPONSE } from "dns-packet";
import type { Certificate } from "./certificates.ts";

export interface Listening {
  port: number;
  close(): Promise<void>;
}

export async function listening(server: Server, port = 0): Promise<Listening> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = (): Promise<void> => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { port: (server.address() as AddressInfo).port, close };
}

export const tcpServer = (greet: (socket: Socket) => void) => listening(createTcp(greet));
export const httpServer = (answer: RequestListener) => listening(createHttp(answer));
export const tlsServer = (
  { cert, key }: Pick<Certificate, "cert" | "key">,
  greet: (socket: Socket) => void = () => {},
) => listening(createTls({ cert, key }, greet));

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await tcpServer(() => {});
  await server.close();
  return server.port;
}

export type Record = { type: "A" | "AAAA" | "CNAME"; name: string; data: string };

export interface NameServer {
  records: Record[];
  rcode?: number;
  authoritative?: boolean;
  /** UDP answers are cut short; TCP has them whole. */
  truncates?: boolean;
  /** So many first datagrams are lost. */
  loses?: number;
}

export async function nameServer(behaviour: NameServer): Promise<Listening & { queries: () => number }> {
  let [lost, queries] = [0, 0];
  const tcp = createTcp((socket) => {
    socket.on("data", (chunk) => {
      const message = reply(behaviour, chunk.subarray(2), false);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.end(Buffer.concat([length, message]));
    });
  });
  const stream = await listening(tcp);
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => {
    queries += 1;
    lost += 1;
    if (lost <= (behaviour.loses ?? 0)) return;
    udp.send(reply(behaviour, message, behaviour.truncates === true), from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(stream.port, "127.0.0.1", resolve));
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => udp.close(resolve));
    await stream.close();
  };
  return { port: stream.port, close, queries: () => queries };
}

function reply({ records, rcode = 0, authoritative = true }: NameServer, message: Buffer, cut: boolean): Buffer {
  const { id, questions } = decode(message);
  const asked = questions?.[0]?.type;
  const answers = cut ? [] : records.filter((record) => record.type === asked || record.type === "CNAME");
  const flags = (authoritative ? AUTHORITATIVE_ANSWER : 0) | (cut ? TRUNCATED_RESPONSE : 0) | rcode;
  return encode({ type: "response", id, flags, questions, answers } as Packet);
}
