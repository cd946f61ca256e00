// A forwarder: `forward.ts LISTEN TARGET`, each either host:port or the path of a unix socket. Two of them, one on
// the host and one inside the engine's namespace, let the host reach the API server over its loopback alone.
import { rmSync } from "node:fs";
import { connect, createServer, type ListenOptions, type NetConnectOpts } from "node:net";

function address(text: string): ListenOptions & NetConnectOpts {
  if (text.startsWith("/")) return { path: text };
  const [host = "127.0.0.1", port = "0"] = text.split(":");
  return { host, port: Number(port) };
}

const [listen = "", target = ""] = process.argv.slice(2);
if (listen.startsWith("/")) rmSync(listen, { force: true });

createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ ...address(target), allowHalfOpen: true });
  near.pipe(far);
  far.pipe(near);
  near.on("error", () => far.destroy());
  far.on("error", () => near.destroy());
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
}).listen(address(listen));
