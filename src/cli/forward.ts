/** A way to a port on a pod's own loopback: a local port, forwarded by the API server. */
import { createServer, type Server, type Socket } from "node:net";
import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { wordsOf } from "./words.ts";

export interface Target {
  namespace: string;
  pod: string;
  port: number;
}

export interface Forward {
  /** On 127.0.0.1. */
  port: number;
  /** Rejects with the reason when the API server does not open the way; never resolves. */
  refused: Promise<never>;
  close(): void;
}

export type OpenForward = (kube: KubeConfig, target: Target) => Promise<Forward>;

export const portForward: OpenForward = async (kube, target) => {
  const forwarder = new PortForward(kube);
  const open = new Set<Socket>();
  // An orderly close waits for the API server's side of it, and the command would wait with it.
  const streams = new Set<{ terminate(): void }>();
  const { promise: refused, reject: refuse } = Promise.withResolvers<never>();
  // Nobody may be listening any more when it comes.
  refused.catch(() => undefined);
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    forwarder.portForward(target.namespace, target.pod, [target.port], socket, null, socket).then(
      (stream) => {
        const opened = typeof stream === "function" ? stream() : stream;
        if (opened !== null) streams.add(opened);
      },
      (error: unknown) => {
        refuse(new Error(`no port-forward to the pod ${target.pod}: ${wordsOf(error)}`));
        socket.destroy();
      },
    );
  });
  const port = await listen(server);
  const close = (): void => {
    for (const socket of open) socket.destroy();
    for (const stream of streams) stream.terminate();
    server.close();
  };
  return { port, refused, close };
};

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
