/** As much of a PostgreSQL server as a handshake meets: start-up, a password, one query (protocol 3.0). */
import type { Socket } from "node:net";
import { type Listening, tcpServer } from "./servers.ts";

export interface FakePostgres {
  password: string;
  readOnly?: boolean;
  /** SQLSTATE answered to the start-up. */
  refuses?: string;
  /** SQLSTATE answered to the query. */
  fails?: string;
}

export async function fakePostgres(behaviour: FakePostgres): Promise<Listening & { connections: () => number }> {
  let connections = 0;
  const server = await tcpServer((socket) => {
    connections += 1;
    converse(socket, behaviour);
  });
  return { ...server, connections: () => connections };
}

function converse(socket: Socket, behaviour: FakePostgres): void {
  let started = false;
  socket.on("data", (chunk) => {
    if (!started) {
      started = true;
      if (behaviour.refuses !== undefined) socket.end(failure(behaviour.refuses));
      else socket.write(message("R", int32(3)));
      return;
    }
    const text = chunk.subarray(5).toString("utf8").replaceAll("\0", "");
    if (chunk[0] === code("p")) {
      if (text === behaviour.password) socket.write(Buffer.concat([message("R", int32(0)), idle]));
      else socket.end(failure("28P01"));
    }
    if (chunk[0] === code("Q")) socket.write(Buffer.concat([...rows(behaviour), idle]));
  });
}

const code = (letter: string) => letter.charCodeAt(0);
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const int16 = (value: number) => int32(value).subarray(2);
const text = (value: string) => Buffer.from(`${value}\0`);
const message = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const idle = message("Z", Buffer.from("I"));

const failure = (state: string) =>
  message(
    "E",
    Buffer.from("S"),
    text("FATAL"),
    Buffer.from("C"),
    text(state),
    Buffer.from("M"),
    text("a secret of the server"),
    Buffer.from([0]),
  );

function rows({ readOnly, fails }: FakePostgres): Buffer[] {
  if (fails !== undefined) return [failure(fails)];
  const column = (name: string) =>
    Buffer.concat([text(name), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)]);
  const value = (word: string) => Buffer.concat([int32(word.length), Buffer.from(word)]);
  return [
    message("T", int16(2), column("one"), column("read_only")),
    message("D", int16(2), value("1"), value(readOnly === true ? "on" : "off")),
    message("C", text("SELECT 1")),
  ];
}
