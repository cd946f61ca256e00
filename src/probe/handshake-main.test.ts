import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../kernel/run/clock.ts";
import { execute } from "./ask.ts";
import { handshakeMain } from "./handshake-main.ts";
import type { Answer } from "./question.ts";
import { type FakePostgres, fakePostgres } from "./testing/fake-postgres.ts";
import { closedPort, type Listening, tcpServer } from "./testing/servers.ts";

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const environment = (port: number, more: Record<string, string> = {}) => ({
  PGHOST: "127.0.0.1",
  PGPORT: String(port),
  PGUSER: "shop",
  PGPASSWORD: "right",
  PGDATABASE: "shop",
  ...more,
});

async function database(behaviour: Partial<FakePostgres> = {}) {
  const server = await fakePostgres({ password: "right", ...behaviour });
  open.push(server);
  return server;
}

const ask = (given: Record<string, string>): Promise<Answer> =>
  execute(
    { type: "handshake", engine: "Postgres" },
    { deadlineMs: 3000, refuse: () => false, clock: systemClock, environment: given },
  );

describe("a database is asked as its client does", () => {
  it("is ok when it lets in and gives one row", async () => {
    const { port } = await database();
    expect(await ask(environment(port))).toMatchObject({ outcome: "ok" });
  });

  const failures: Record<string, [Partial<FakePostgres>, string, string]> = {
    "auth when the password is wrong": [{ password: "left" }, "auth", "SQLSTATE class 28"],
    "auth when the role is not let in": [{ refuses: "28000" }, "auth", "SQLSTATE class 28"],
    "database when there is no such database": [{ refuses: "3D000" }, "database", "SQLSTATE class 3D"],
    "database when it is starting": [{ refuses: "57P03" }, "database", "SQLSTATE class 57"],
    "database when it has no room": [{ refuses: "53300" }, "database", "SQLSTATE class 53"],
    "database when the query fails": [{ fails: "XX000" }, "database", "SQLSTATE class XX"],
    "database when it takes no writes": [{ readOnly: true }, "database", "takes no writes"],
  };
  it.each(Object.entries(failures))(
    "is %s, and passes on no word of the server",
    async (_name, [behaviour, outcome, detail]) => {
      const { port } = await database(behaviour);
      const answer = await ask(environment(port));
      expect(answer).toMatchObject({ outcome, detail: expect.stringContaining(detail) });
      expect(answer.detail).not.toContain("secret");
    },
  );

  it("is refused, reset or late as any connection", async () => {
    expect(await ask(environment(await closedPort()))).toMatchObject({ outcome: "refused" });
    const hangsUp = await tcpServer((socket) => socket.once("data", () => socket.destroy()));
    const says = await tcpServer(() => {});
    open.push(hangsUp, says);
    expect(await ask(environment(hangsUp.port))).toMatchObject({ outcome: "reset" });
    expect(await ask(environment(says.port))).toMatchObject({ outcome: "timeout" });
  });

  it("is not asked without credentials, and says which are missing", async () => {
    const answer = await ask(environment(5432, { PGPASSWORD: "", PGUSER: "" }));
    expect(answer).toMatchObject({ outcome: "error", detail: "the environment lacks PGUSER, PGPASSWORD" });
    expect(await ask(environment(5432, { PGPORT: "postgres" }))).toMatchObject({
      outcome: "error",
      detail: "PGPORT is not a port",
    });
  });
});

describe("handshake mode", () => {
  const run = async (given: Record<string, string>, settleMillis = 0) => {
    const written: string[] = [];
    const write = async (text: string): Promise<void> => void written.push(text);
    const exit = await handshakeMain({ environment: given, clock: systemClock, write, pauseMillis: 50, settleMillis });
    return { exit, answer: (JSON.parse(written[0] ?? "{}") as { answer?: Answer }).answer, times: written.length };
  };

  it("passes when two handshakes pass", async () => {
    const server = await database();
    expect(await run(environment(server.port))).toMatchObject({ exit: 0, times: 1, answer: { outcome: "ok" } });
    expect(server.connections()).toBe(2);
  });

  it("fails on a wrong password at once, and still ends well", async () => {
    const server = await database({ password: "left" });
    expect(await run(environment(server.port), 10_000)).toMatchObject({ exit: 0, answer: { outcome: "auth" } });
    expect(server.connections()).toBe(1);
  });

  it("gives a young pod time until the network knows it", async () => {
    let young = 0;
    const server = await fakePostgres({ password: "right" });
    const door = await tcpServer((socket) => {
      young += 1;
      if (young <= 2) socket.destroy();
      else
        socket
          .pipe(connect(server.port, "127.0.0.1"))
          .on("error", () => {})
          .pipe(socket);
    });
    open.push(server, door);
    expect(await run(environment(door.port), 10_000)).toMatchObject({ answer: { outcome: "ok" } });
    expect(server.connections()).toBe(2);
  });

  it("fails when it cannot leave its answer", async () => {
    const { port } = await database();
    const write = (): Promise<void> => Promise.reject(new Error("no such file"));
    expect(await handshakeMain({ environment: environment(port), clock: systemClock, write, pauseMillis: 1 })).toBe(1);
  });
});
