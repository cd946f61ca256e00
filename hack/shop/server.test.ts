import { once } from "node:events";
import { Agent, get, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { closeServer, type ShopServerOptions, shopServer } from "./server.ts";

const served = { pod: "shop-1", node: "worker-1", process: 12, thread: 0 };
const quick: ShopServerOptions["answer"] = async ({ method, body }) => ({
  status: 200,
  headers: { "content-type": "text/plain" },
  body: `${method} ${body.length}`,
});
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const work of cleanUp.splice(0)) await work();
});

async function start(options: Partial<ShopServerOptions> = {}) {
  const server = shopServer({ flow: "default/shop", served, stopping: () => false, answer: quick, ...options });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { server, port: (server.address() as AddressInfo).port };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of response) text += part;
  return text;
}

function send(port: number, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method: "POST", agent: false }, resolve);
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("the server", () => {
  test("names flow and pod in the headers of every answer", async () => {
    const { port } = await start();
    const response = await send(port, "x".repeat(16 * 1024));
    expect(response.headers["webflow-flow"]).toBe("default/shop");
    expect(response.headers["webflow-pod"]).toBe("shop-1");
    expect(await textOf(response)).toBe("POST 16384");
  });

  test("refuses a body of more than 16 KB", async () => {
    const { port } = await start();
    const response = await send(port, "x".repeat(16 * 1024 + 1));
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await textOf(response))).toMatchObject({ served });
  });

  test("finishes what is in flight when it stops, asks for another connection, and drops idle ones", async () => {
    let stopping = false;
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const slow: ShopServerOptions["answer"] = async (asked) => {
      if (asked.target === "/slow") {
        begun.resolve();
        await gate.promise;
      }
      return quick(asked);
    };
    const { server, port } = await start({ answer: slow, stopping: () => stopping });
    const agent = new Agent({ keepAlive: true });
    cleanUp.push(() => agent.destroy());
    const [idle] = (await once(get({ host: "127.0.0.1", port, agent }), "response")) as [IncomingMessage];
    const idleSocket = idle.socket;
    await textOf(idle);
    const slowAnswer = once(get({ host: "127.0.0.1", port, path: "/slow", agent: false }), "response");
    await begun.promise;
    const idleClosed = once(idleSocket, "close");
    stopping = true;
    const closed = closeServer(server, 10_000);
    await idleClosed;
    gate.resolve();
    const [response] = (await slowAnswer) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe("close");
    await textOf(response);
    await closed;
  });

  test("does not wait for ever for a client that keeps a request open", async () => {
    const { server, port } = await start({ answer: () => new Promise(() => undefined) });
    const hanging = send(port, "x").catch((error: Error) => error);
    await once(server, "request");
    await closeServer(server, 50);
    expect(await hanging).toBeInstanceOf(Error);
  });
});
