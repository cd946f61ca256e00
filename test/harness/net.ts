/** Loopback helpers of the harness: free ports, one GET, and waiting until something answers. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** GET; resolves with the body of a 200, rejects otherwise. */
export function getJson(url: string, auth?: { ca: string; token: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = auth === undefined ? {} : { ca: auth.ca, headers: { authorization: `Bearer ${auth.token}` } };
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request = send(url, { ...options, timeout: 5000, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`GET ${url}: ${response.statusCode} ${body.slice(0, 200)}`));
      });
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`GET ${url}: no answer in 5 s`)));
    request.on("error", reject);
    request.end();
  });
}

/** Try until it does not throw; what the processes said last is in the error. */
export async function waitFor(
  what: string,
  millis: number,
  attempt: () => unknown,
  processes?: { check(): void; lastWords(name: string): string },
): Promise<void> {
  const end = Date.now() + millis;
  for (;;) {
    processes?.check();
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > end) {
        throw new Error(
          `${what} was not ready in ${millis / 1000} s: ${String(error)}\n${processes?.lastWords(what) ?? ""}`,
        );
      }
    }
    await sleep(50);
  }
}
