import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../kernel/run/clock.ts";
import { type AskContext, deadlineOf, execute } from "./ask.ts";
import { startCanary } from "./canary.ts";
import { neverAsked, refusing } from "./guard.ts";
import type { Answer, Ask, HttpAsk } from "./question.ts";
import { type Certificate, makeCertificate } from "./testing/certificates.ts";
import { closedPort, httpServer, type Listening, nameServer, tcpServer, tlsServer } from "./testing/servers.ts";

const loopback = "127.0.0.1";
const open: { close(): Promise<void> }[] = [];
const keep = async <T extends { close(): Promise<void> }>(server: Promise<T>): Promise<T> => {
  const started = await server;
  open.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const ask = (question: Ask, more: Partial<AskContext> = {}): Promise<Answer> =>
  execute(question, { deadlineMs: 4000, refuse: () => false, clock: systemClock, ...more });

describe("a TCP port is asked", () => {
  it("is ok when it takes a connection", async () => {
    const { port } = await keep(tcpServer(() => {}));
    const answer = await ask({ type: "tcp", address: loopback, port });
    expect(answer).toMatchObject({ outcome: "ok", detail: "connected" });
    expect(Math.abs(answer.at - Date.now())).toBeLessThan(10_000);
  });

  it("is refused when nobody listens", async () => {
    expect(await ask({ type: "tcp", address: loopback, port: await closedPort() })).toMatchObject({
      outcome: "refused",
    });
  });

  it("is a name, not an address: an error, and nothing is resolved", async () => {
    expect(await ask({ type: "tcp", address: "localhost", port: 80 })).toMatchObject({ outcome: "error" });
  });

  it("is given up when it is no longer wanted", async () => {
    const controller = new AbortController();
    controller.abort();
    const { port } = await keep(tcpServer(() => {}));
    const answer = await ask({ type: "tcp", address: loopback, port }, { signal: controller.signal });
    expect(answer).toMatchObject({ outcome: "error", detail: "no longer wanted" });
  });
});

describe("an address that is never asked", () => {
  const refuse = refusing(neverAsked);
  const asks: Record<string, Ask> = {
    tcp: { type: "tcp", address: loopback, port: 80 },
    tls: { type: "tls", address: "169.254.169.254", port: 443, serverName: "shop.example.test" },
    dns: { type: "dns", server: "::1", port: 53, name: "shop.example.test", rrtype: "A", recurse: true },
    canary: { type: "canary", address: "224.0.0.1" },
  };
  it.each(Object.entries(asks))("is refused to %s", async (type, question) => {
    expect(await ask(question, { refuse })).toMatchObject({ outcome: type === "canary" ? "control" : "forbidden" });
  });

  it("is refused after a name has led to it", async () => {
    const names = await keep(
      nameServer({ records: [{ type: "A", name: "shop.example.test", data: "169.254.169.254" }] }),
    );
    const question: Ask = { ...http(80), resolver: loopback, resolverPort: names.port };
    const answer = await ask(question, { refuse: refusing(["169.254.169.254"]) });
    expect(answer).toMatchObject({ outcome: "forbidden", addresses: ["169.254.169.254"] });
  });
});

describe("a name server is asked", () => {
  const question = (port: number, recurse = false): Ask => ({
    type: "dns",
    server: loopback,
    port,
    name: "Shop.example.test",
    rrtype: "A",
    recurse,
  });
  const one = { type: "A", name: "shop.example.test", data: "198.51.100.10" } as const;
  const two = { type: "A", name: "shop.example.test", data: "198.51.100.1" } as const;

  it("is ok with the addresses in order", async () => {
    const { port } = await keep(nameServer({ records: [one, two] }));
    expect(await ask(question(port))).toMatchObject({ outcome: "ok", addresses: ["198.51.100.1", "198.51.100.10"] });
  });

  it("follows the CNAME chain of the answer, and only that", async () => {
    const records = [
      { type: "CNAME", name: "shop.example.test", data: "lb.example.test" },
      { type: "A", name: "lb.example.test", data: "198.51.100.7" },
      { type: "A", name: "other.example.test", data: "198.51.100.8" },
    ] as const;
    const { port } = await keep(nameServer({ records: [...records] }));
    expect(await ask(question(port))).toMatchObject({ outcome: "ok", addresses: ["198.51.100.7"] });
  });

  it("ends a CNAME chain that goes in a circle", async () => {
    const records = [
      { type: "CNAME", name: "shop.example.test", data: "lb.example.test" },
      { type: "CNAME", name: "lb.example.test", data: "shop.example.test" },
    ] as const;
    const { port } = await keep(nameServer({ records: [...records] }));
    expect(await ask(question(port))).toMatchObject({ outcome: "nodata" });
  });

  it("is asked again over TCP where the answer was cut", async () => {
    const { port } = await keep(nameServer({ records: [one], truncates: true }));
    expect(await ask(question(port))).toMatchObject({ outcome: "ok", addresses: ["198.51.100.10"] });
  });

  it("is asked again after a lost datagram", async () => {
    const server = await keep(nameServer({ records: [one], loses: 1 }));
    expect(await ask(question(server.port))).toMatchObject({ outcome: "ok" });
    expect(server.queries()).toBe(2);
  });

  const failures = {
    "nxdomain when the name does not exist": [{ records: [], rcode: 3 }, "nxdomain"],
    "servfail when it fails": [{ records: [], rcode: 2 }, "servfail"],
    "servfail when it will not answer for the zone": [{ records: [], rcode: 5, authoritative: false }, "servfail"],
    "nodata when the name has no such record": [{ records: [] }, "nodata"],
    "not-authoritative when it only passes on what it heard": [
      { records: [one], authoritative: false },
      "not-authoritative",
    ],
  } as const;
  it.each(Object.entries(failures))("is %s", async (_name, [behaviour, outcome]) => {
    const { port } = await keep(nameServer({ ...behaviour, records: [...behaviour.records] }));
    expect(await ask(question(port))).toMatchObject({ outcome });
  });

  it("need not be authoritative when it is a resolver", async () => {
    const { port } = await keep(nameServer({ records: [one], authoritative: false }));
    expect(await ask(question(port, true))).toMatchObject({ outcome: "ok" });
  });

  it("is refused when nobody listens", async () => {
    expect(await ask(question(await closedPort()))).toMatchObject({ outcome: "refused" });
  });

  it("times out when it is silent", async () => {
    const { port } = await keep(nameServer({ records: [one], loses: 99 }));
    expect(await ask(question(port), { deadlineMs: 300 })).toMatchObject({
      outcome: "timeout",
      detail: "DNS: no answer in time",
    });
  });
});

let shop: Certificate;
let old: Certificate;
beforeAll(() => {
  shop = makeCertificate("shop.example.test");
  old = makeCertificate("shop.example.test", -1);
  return () => {
    shop.remove();
    old.remove();
  };
});

describe("TLS is asked", () => {
  const question = (port: number, serverName = "shop.example.test"): Ask => ({
    type: "tls",
    address: loopback,
    port,
    serverName,
  });

  it("is ok with a trusted certificate of the name, and tells how long it is valid", async () => {
    const { port } = await keep(tlsServer(shop));
    const answer = await ask(question(port), { ca: [shop.cert] });
    expect(answer).toMatchObject({ outcome: "ok", notAfter: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) });
    expect(Date.parse(answer.notAfter ?? "")).toBeGreaterThan(Date.now());
  });

  it("is tls when nobody vouches for the certificate", async () => {
    const { port } = await keep(tlsServer(shop));
    const answer = await ask(question(port));
    expect(answer).toMatchObject({
      outcome: "tls",
      detail: "the certificate is self-signed",
      notAfter: expect.any(String),
    });
  });

  it("is tls when the certificate is another's", async () => {
    const { port } = await keep(tlsServer(shop));
    const answer = await ask(question(port, "books.example.test"), { ca: [shop.cert] });
    expect(answer).toMatchObject({ outcome: "tls", detail: "the certificate is not for this name" });
  });

  it("is tls when the certificate has expired", async () => {
    const { port } = await keep(tlsServer(old));
    const answer = await ask(question(port), { ca: [old.cert] });
    expect(answer).toMatchObject({ outcome: "tls", detail: "the certificate has expired" });
  });

  it("is tls when the other side speaks something else", async () => {
    const { port } = await keep(tcpServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")));
    expect(await ask(question(port))).toMatchObject({ outcome: "tls", detail: "the other side does not speak TLS" });
  });
});

function http(port: number, more: Partial<HttpAsk> = {}): HttpAsk {
  return {
    type: "http",
    port,
    host: "shop.example.test",
    method: "GET",
    path: "/orders?x=1",
    withinMillis: 3000,
    ...more,
  };
}
const at = (server: Listening, more: Partial<HttpAsk> = {}) => http(server.port, { address: loopback, ...more });

describe("HTTP is asked", () => {
  it("sends what a client sends, with the check's name, and keeps no body", async () => {
    let seen: unknown;
    const server = await keep(
      httpServer((request, response) => {
        const { method, url, headers } = request;
        let body = "";
        request.on("data", (chunk) => {
          body += chunk;
        });
        request.on("end", () => {
          seen = {
            method,
            url,
            host: headers.host,
            check: headers["webflow-check"],
            type: headers["content-type"],
            body,
          };
          response.writeHead(201, { "webflow-flow": "default/shop", "webflow-pod": "shop-abc-1" }).end("secret");
        });
      }),
    );
    const body = { type: "application/json", text: '{"item":"bär"}' };
    const answer = await ask(at(server, { method: "POST", body, check: "order", status: [201] }));
    expect(seen).toEqual({
      method: "POST",
      url: "/orders?x=1",
      host: "shop.example.test",
      check: "order",
      type: "application/json",
      body: body.text,
    });
    expect(answer).toMatchObject({
      outcome: "ok",
      detail: "HTTP 201",
      status: 201,
      flow: "default/shop",
      pod: "shop-abc-1",
    });
    expect(answer.phases).toEqual({
      connect: expect.any(Number),
      firstByte: expect.any(Number),
      body: expect.any(Number),
    });
    expect(JSON.stringify(answer)).not.toContain("secret");
  });

  it("keeps only name-shaped words of the service about itself", async () => {
    const server = await keep(
      httpServer((_request, response) =>
        response.writeHead(200, { "webflow-flow": "<b>", "webflow-pod": `a${"b".repeat(127)}` }).end(),
      ),
    );
    const answer = await ask(at(server));
    expect(answer).toMatchObject({ outcome: "ok" });
    expect(answer).not.toHaveProperty("flow");
    expect(answer).not.toHaveProperty("pod");
  });

  it("resolves the name once, at the resolver, and connects there", async () => {
    const server = await keep(httpServer((_request, response) => response.end("fine")));
    const names = await keep(nameServer({ records: [{ type: "A", name: "shop.example.test", data: loopback }] }));
    const answer = await ask(http(server.port, { resolver: loopback, resolverPort: names.port }));
    expect(answer).toMatchObject({ outcome: "ok", addresses: [loopback], phases: { dns: expect.any(Number) } });
    expect(names.queries()).toBe(1);
  });

  it("tells of the name when that fails", async () => {
    const names = await keep(nameServer({ records: [], rcode: 3 }));
    expect(await ask(http(80, { resolver: loopback, resolverPort: names.port }))).toMatchObject({
      outcome: "nxdomain",
    });
  });

  it("follows no redirect: it is an answer like others", async () => {
    let asked = 0;
    const server = await keep(
      httpServer((_request, response) => {
        asked += 1;
        response.writeHead(302, { location: "/elsewhere" }).end();
      }),
    );
    expect(await ask(at(server))).toMatchObject({ outcome: "ok", status: 302 });
    expect(await ask(at(server, { status: [200] }))).toMatchObject({ outcome: "status", status: 302 });
    expect(asked).toBe(2);
  });

  it("is status when the code is wrong, and any code will do for any", async () => {
    const server = await keep(httpServer((_request, response) => response.writeHead(503).end("no")));
    expect(await ask(at(server))).toMatchObject({ outcome: "status", detail: "HTTP 503", status: 503 });
    expect(await ask(at(server, { status: "any" }))).toMatchObject({ outcome: "ok", status: 503 });
  });

  it("is slow when it is right, in time, and later than allowed", async () => {
    const server = await keep(httpServer((_request, response) => setTimeout(() => response.end("fine"), 150)));
    expect(await ask(at(server, { withinMillis: 50 }))).toMatchObject({ outcome: "slow", status: 200 });
  });

  it("is timeout when no answer comes, and when its body never ends", async () => {
    const silent = await keep(httpServer(() => {}));
    expect(await ask(at(silent), { deadlineMs: 300 })).toMatchObject({
      outcome: "timeout",
      detail: "HTTP: no answer in time",
    });
    const endless = await keep(httpServer((_request, response) => void response.writeHead(200).write("some")));
    expect(await ask(at(endless), { deadlineMs: 300 })).toMatchObject({ outcome: "timeout", status: 200 });
  });

  it("is truncated when less comes than was said", async () => {
    const raw = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf";
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.end(raw))));
    expect(await ask(at(server))).toMatchObject({ outcome: "truncated", status: 200 });
  });

  it("is read to its end as a check, and no further than 4 KB else", async () => {
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n${"x".repeat(5000)}`;
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.end(raw))));
    expect(await ask(at(server, { check: "front" }))).toMatchObject({ outcome: "truncated" });
    expect(await ask(at(server))).toMatchObject({ outcome: "ok" });
  });

  it("is truncated when the last chunk does not come", async () => {
    const raw = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.end(raw))));
    expect(await ask(at(server))).toMatchObject({ outcome: "truncated" });
  });

  it("is protocol when the body is not what HTTP allows", async () => {
    const raw = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a length\r\n";
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.end(raw))));
    expect(await ask(at(server))).toMatchObject({ outcome: "protocol", status: 200 });
  });

  it("reads no further than it needs of a body without end", async () => {
    const server = await keep(
      httpServer((_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write("x".repeat(16_384)));
          response.once("drain", more);
        };
        more();
      }),
    );
    expect(await ask(at(server))).toMatchObject({ outcome: "ok", status: 200 });
  });

  it("asks HEAD without waiting for a body", async () => {
    const server = await keep(
      httpServer((_request, response) => response.writeHead(200, { "content-length": "5000" }).end()),
    );
    expect(await ask(at(server, { method: "HEAD" }))).toMatchObject({ outcome: "ok" });
  });

  it("is protocol when it is not HTTP", async () => {
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.end("SSH-2.0-x\r\n"))));
    expect(await ask(at(server))).toMatchObject({ outcome: "protocol" });
  });

  it("is reset when the connection is closed without an answer", async () => {
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.destroy())));
    expect(await ask(at(server))).toMatchObject({ outcome: "reset" });
  });

  it("is protocol, not memory, when headers have no end", async () => {
    const raw = `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`;
    const server = await keep(tcpServer((socket) => socket.once("data", () => socket.write(raw))));
    expect(await ask(at(server))).toMatchObject({ outcome: "protocol" });
  });

  it("goes through TLS, and fails there when the certificate is not trusted", async () => {
    const server = await keep(
      tlsServer(shop, (socket) =>
        socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")),
      ),
    );
    const question = at(server, { tls: "shop.example.test" });
    const answer = await ask(question, { ca: [shop.cert] });
    expect(answer).toMatchObject({ outcome: "ok", notAfter: expect.any(String), phases: { tls: expect.any(Number) } });
    expect(await ask(question)).toMatchObject({
      outcome: "tls",
      detail: "the certificate is self-signed",
      notAfter: expect.any(String),
    });
  });

  it("is given longer than usual where the check allows longer", () => {
    expect(deadlineOf(http(80, { withinMillis: 500 }))).toBe(2000);
    expect(deadlineOf(http(80, { withinMillis: 5000 }))).toBe(6000);
    expect(deadlineOf(http(80, { withinMillis: 600_000 }))).toBe(60_000);
  });
});

describe("a canary is asked", () => {
  const ephemeral = { open: 0, denied: 0 };

  it("is ok when the open one is reached and the denied one is not", async () => {
    const canary = await keep(startCanary(ephemeral, loopback));
    const denied = await closedPort();
    const answer = await ask({ type: "canary", address: loopback, open: canary.open, denied });
    expect(answer).toMatchObject({ outcome: "ok" });
  });

  it("is open when the denied one is reached", async () => {
    const canary = await keep(startCanary(ephemeral, loopback));
    const answer = await ask({ type: "canary", address: loopback, open: canary.open, denied: canary.denied });
    expect(answer).toMatchObject({ outcome: "open" });
  });

  it("is control when the open one is not reached, or is not a canary", async () => {
    const denied = await closedPort();
    expect(await ask({ type: "canary", address: loopback, open: denied, denied })).toMatchObject({
      outcome: "control",
    });
    const other = await keep(tcpServer((socket) => socket.end("SSH-2.0-something\n")));
    expect(await ask({ type: "canary", address: loopback, open: other.port, denied })).toMatchObject({
      outcome: "control",
    });
  });

  it("is an error without an address", async () => {
    expect(await ask({ type: "canary" })).toMatchObject({ outcome: "error" });
  });
});
