import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { silent } from "../kernel/hooks.ts";
import { systemClock } from "../kernel/run/clock.ts";
import { fileValue } from "./file-value.ts";
import { neverAsked, refusing } from "./guard.ts";
import { proberMode } from "./modes.ts";
import { pinnedAgent } from "./pinned.ts";
import { type ProberServer, type ProberServerOptions, startProberServer } from "./prober-server.ts";
import type { Ask } from "./question.ts";
import { RemoteProbers } from "./remote.ts";
import { type Certificate, makeCertificate } from "./testing/certificates.ts";
import { closedPort, httpServer, type Listening, tcpServer } from "./testing/servers.ts";

let own: Certificate;
let other: Certificate;
const open: { close(): unknown }[] = [];
const keep = <T extends { close(): unknown }>(one: T): T => {
  open.push(one);
  return one;
};
beforeAll(() => {
  own = makeCertificate("webflow-prober");
  other = makeCertificate("webflow-prober");
  writeFileSync(join(own.folder, "token"), "right-token\n");
});
afterAll(() => {
  own.remove();
  other.remove();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function prober(more: Partial<ProberServerOptions> = {}): Promise<ProberServer> {
  const options: ProberServerOptions = {
    port: 0,
    host: "127.0.0.1",
    certificate: () => own.cert,
    key: () => own.key,
    token: fileValue(join(own.folder, "token")),
    refuse: () => false,
    clock: systemClock,
    log: silent,
    ...more,
  };
  return keep(await startProberServer(options));
}

const client = (token = "right-token") => keep(new RemoteProbers({ clock: systemClock, token: () => token }));
const targetOf = ({ port }: ProberServer, certificate = own.cert) => ({
  url: `https://127.0.0.1:${port}`,
  certificate,
});
const tcp = ({ port }: Listening): Ask => ({ type: "tcp", address: "127.0.0.1", port });

describe("a prober asked by the operator", () => {
  it("asks, and its answer counts from when it came", async () => {
    const server = await prober();
    const target = keep(await tcpServer(() => {}));
    const before = Date.now();
    const answer = await client().ask(targetOf(server), { ask: tcp(target), deadlineMs: 2000 });
    expect(answer).toMatchObject({ outcome: "ok", detail: "connected" });
    expect(answer.at).toBeGreaterThanOrEqual(before);
  });

  it("tells what came of it, evidence and all", async () => {
    const server = await prober();
    const shop = keep(
      await httpServer((_request, response) => response.writeHead(200, { "webflow-pod": "shop-1" }).end("hi")),
    );
    const ask: Ask = {
      type: "http",
      address: "127.0.0.1",
      port: shop.port,
      host: "shop.example.test",
      method: "GET",
      path: "/",
      withinMillis: 1000,
    };
    const answer = await client().ask(targetOf(server), { ask, deadlineMs: 2000 });
    expect(answer).toMatchObject({
      outcome: "ok",
      status: 200,
      pod: "shop-1",
      phases: { firstByte: expect.any(Number) },
    });
    const closed = { type: "tcp", address: "127.0.0.1", port: await closedPort() } as const;
    expect(await client().ask(targetOf(server), { ask: closed, deadlineMs: 2000 })).toMatchObject({
      outcome: "refused",
    });
  });

  it("keeps its connection for the next question", async () => {
    const server = await prober();
    const target = keep(await tcpServer(() => {}));
    const probers = client();
    const first = await probers.ask(targetOf(server), { ask: tcp(target), deadlineMs: 2000 });
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => probers.ask(targetOf(server), { ask: tcp(target), deadlineMs: 2000 })),
    );
    expect([first, ...answers].every(({ outcome }) => outcome === "ok")).toBe(true);
  });

  it("asks none of the addresses that are never asked", async () => {
    const server = await prober({ refuse: refusing(neverAsked) });
    const target = keep(await tcpServer(() => {}));
    expect(await client().ask(targetOf(server), { ask: tcp(target), deadlineMs: 2000 })).toMatchObject({
      outcome: "forbidden",
    });
  });
});

describe("a vantage that fails says nothing of what was asked", () => {
  const question = { ask: { type: "tcp", address: "127.0.0.1", port: 1 } as Ask, deadlineMs: 500 };
  const vantage = (detail: string) => ({ outcome: "vantage", detail: `the prober could not be asked: ${detail}` });

  it("when the token is wrong", async () => {
    expect(await client("wrong").ask(targetOf(await prober()), question)).toMatchObject(
      vantage("it refused the token"),
    );
  });

  it("when it shows another certificate of the same name", async () => {
    const server = await prober({ certificate: () => other.cert, key: () => other.key });
    expect(await client().ask(targetOf(server), question)).toMatchObject(
      vantage("it did not show the pinned certificate"),
    );
  });

  it("when it shows a certificate that the pinned one has signed", async () => {
    const signed = makeCertificate("webflow-prober", 2, own);
    const server = await prober({ certificate: () => signed.cert, key: () => signed.key });
    const answer = await client().ask(targetOf(server), question);
    signed.remove();
    expect(answer).toMatchObject(vantage("it did not show the pinned certificate"));
  });

  it("when nobody listens there", async () => {
    const target = { url: `https://127.0.0.1:${await closedPort()}`, certificate: own.cert };
    expect(await client().ask(target, question)).toMatchObject(vantage("connection refused"));
  });

  it("when it is silent, in time", async () => {
    const silentServer = keep(await tcpServer(() => {}));
    const started = Date.now();
    const answer = await client().ask(
      { url: `https://127.0.0.1:${silentServer.port}`, certificate: own.cert },
      question,
    );
    expect(answer).toMatchObject(vantage("prober: no answer in time"));
    expect(Date.now() - started).toBeLessThan(6000);
  });

  it("when no certificate to pin was given, or no token is there", async () => {
    const server = await prober();
    expect(await client().ask(targetOf(server, "none"), question)).toMatchObject({ outcome: "vantage" });
    const probers = keep(new RemoteProbers({ clock: systemClock, token: fileValue(join(own.folder, "no-token")) }));
    expect(await probers.ask(targetOf(server), question)).toMatchObject(
      vantage("our own token or certificate is not there"),
    );
  });

  it("when it does not know the question", async () => {
    const ask = { type: "handshake", engine: "Postgres" } as const;
    expect(await client().ask(targetOf(await prober()), { ask, deadlineMs: 500 })).toMatchObject(
      vantage("it refused the question"),
    );
  });
});

interface Reply {
  status: number | undefined;
  body: { error?: string; ok?: boolean };
}

function raw(
  server: ProberServer,
  options: { method?: string; path?: string; token?: string; body?: string },
): Promise<Reply> {
  const agent = pinnedAgent(own.cert, 1);
  const { method = "POST", path = "/v1/ask", token = "right-token", body = "" } = options;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-length": Buffer.byteLength(body) };
    const sent = request({ host: "127.0.0.1", port: server.port, method, path, agent, headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        agent.destroy();
        resolve({ status: response.statusCode, body: JSON.parse(text) });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("a prober takes nothing else", () => {
  const ask = { type: "tcp", address: "127.0.0.1", port: 1 };
  const cases: Record<string, [Parameters<typeof raw>[1], number, RegExp?]> = {
    "another path": [{ path: "/v1/exec" }, 404],
    "another method": [{ method: "GET" }, 405],
    "another token": [{ token: "right-tokeN" }, 401],
    "no JSON": [{ body: "{" }, 400, /not JSON/],
    nothing: [{ body: "null" }, 400, /ask\.type is not there: use one of dns, tcp, tls, http, canary/],
    "a question of another kind": [
      { body: JSON.stringify({ ask: { type: "secret", name: "x" } }) },
      400,
      /ask\.type is "secret"/,
    ],
    "a question with an unknown field": [
      { body: JSON.stringify({ ask: { ...ask, shell: "x" } }) },
      400,
      /ask\.shell is not a field/,
    ],
    "a port out of range": [
      { body: JSON.stringify({ ask: { ...ask, port: 0 } }) },
      400,
      /ask\.port is 0: send a whole number from 1/,
    ],
    "a name for an address": [{ body: JSON.stringify({ ask: { ...ask, address: "localhost" } }) }, 400, /ask\.address/],
    "a deadline without end": [{ body: JSON.stringify({ ask, deadlineMs: 1e9 }) }, 400, /deadlineMs/],
    "a field of the prototype": [{ body: '{"ask": {"type": "constructor"}}' }, 400, /ask\.type/],
    "a long body": [{ body: `"${"x".repeat(9000)}"` }, 413],
  };
  it.each(Object.entries(cases))("not %s", async (_name, [options, status, error]) => {
    const reply = await raw(await prober(), options);
    expect(reply.status).toBe(status);
    expect(reply.body.error).toMatch(error ?? /./);
  });

  it("nor more questions at once than it can ask", async () => {
    const server = await prober({ most: 0 });
    expect(await raw(server, { body: JSON.stringify({ ask }) })).toMatchObject({ status: 503 });
  });

  it("but says that it is well", async () => {
    expect(await raw(await prober(), { method: "GET", path: "/healthz", token: "none" })).toMatchObject({
      status: 200,
      body: { ok: true },
    });
  });
});

describe("prober mode", () => {
  it("starts from its folder, reads a new token at once, and never asks loopback", async () => {
    const environment = {
      WEBFLOW_PROBER_DIR: own.folder,
      WEBFLOW_PROBER_PORT: "0",
      KUBERNETES_SERVICE_HOST: "10.96.0.1",
    };
    const server = keep(await proberMode({ environment, clock: systemClock, log: silent }));
    const question = { ask: { type: "tcp", address: "127.0.0.1", port: 1 } as Ask, deadlineMs: 500 };
    expect(await client().ask(targetOf(server), question)).toMatchObject({ outcome: "forbidden" });
    const apiServer = { ask: { type: "tcp", address: "10.96.0.1", port: 443 } as Ask, deadlineMs: 500 };
    expect(await client().ask(targetOf(server), apiServer)).toMatchObject({ outcome: "forbidden" });
    writeFileSync(join(own.folder, "token"), "a newer token");
    expect(await client().ask(targetOf(server), question)).toMatchObject({ outcome: "vantage" });
    expect(await client("a newer token").ask(targetOf(server), question)).toMatchObject({ outcome: "forbidden" });
    writeFileSync(join(own.folder, "token"), "right-token");
  });

  it("does not start without its files, and says which", async () => {
    const environment = { WEBFLOW_PROBER_DIR: join(own.folder, "nowhere"), WEBFLOW_PROBER_PORT: "0" };
    const start = async () => proberMode({ environment, clock: systemClock, log: silent });
    await expect(start()).rejects.toThrow(/nowhere/);
  });
});
