/**
 * Canary mode: two listeners that say one line and hang up. Any pod may reach the open one; a NetworkPolicy closes the
 * denied one. Whether it really does tells whether policies are enforced on this node at all.
 */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { canaryBanner, canaryPorts } from "./ask-canary.ts";

export interface Canary {
  open: number;
  denied: number;
  close(): Promise<void>;
}

export async function startCanary(
  ports: { open: number; denied: number } = canaryPorts,
  host?: string,
): Promise<Canary> {
  const open = await listen(ports.open, host);
  const denied = await listen(ports.denied, host);
  const close = async (): Promise<void> => {
    await Promise.all([open, denied].map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return { open: portOf(open), denied: portOf(denied), close };
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

function listen(port: number, host: string | undefined): Promise<Server> {
  const server = createServer(greet);
  server.maxConnections = 256;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject).on("error", () => {});
      resolve(server);
    });
  });
}

function greet(socket: Socket): void {
  socket.on("error", () => {});
  socket.setTimeout(2000, () => socket.destroy());
  // Nobody has anything to tell us: what is sent is thrown away, so that the connection closes in order.
  socket.resume().end(canaryBanner);
}
