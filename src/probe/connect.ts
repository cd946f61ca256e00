/** A TCP connection to an address, and TLS upon it. Who gets a socket from here destroys it. */
import { connect as dial, isIP, type Socket } from "node:net";
import { connect as dialTls, getCACertificates, type TLSSocket } from "node:tls";
import { type Step, until } from "./deadline.ts";
import { codeOf, Failed } from "./failure.ts";
import { admit } from "./guard.ts";

export async function connect(target: { address: string; port: number }, step: Step): Promise<Socket> {
  admit(target.address, step.refuse);
  const socket = dial({ host: target.address, port: target.port, noDelay: true, autoSelectFamily: false });
  // Stays for the socket's life: an error after everybody has stopped listening must not end the process.
  socket.on("error", () => {});
  try {
    return await until<Socket>(step.signal, "connecting", (done, fail) => {
      const connected = (): void => done(socket);
      socket.once("connect", connected).once("error", fail);
      return () => socket.off("connect", connected).off("error", fail);
    });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

export interface Secured {
  socket: TLSSocket;
  /** Why a client would not accept the certificate; absent: it would. */
  problem?: string;
  notAfter?: string;
}

export interface SecureOptions {
  serverName: string;
  alpn?: string[];
}

const problems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the certificate has expired",
  CERT_NOT_YET_VALID: "the certificate is not valid yet",
  CERT_REVOKED: "the certificate has been revoked",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate's authority is not trusted",
  UNABLE_TO_GET_ISSUER_CERT: "the certificate's authority is not known",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate's authority is not known",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate's authority is not known",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is not for this name",
};

/** Handshake over a connected socket. A bad certificate is told, not thrown: its end of validity is wanted as well. */
export async function secure(socket: Socket, options: SecureOptions, step: Step): Promise<Secured> {
  const tls = dialTls({
    socket,
    rejectUnauthorized: false,
    ...(isIP(options.serverName) === 0 ? { servername: options.serverName } : { host: options.serverName }),
    ...(options.alpn === undefined ? {} : { ALPNProtocols: options.alpn }),
    ...(step.ca.length === 0 ? {} : { ca: [...getCACertificates("default"), ...step.ca] }),
  });
  tls.on("error", () => {});
  await until<void>(step.signal, "TLS handshake", (done, fail) => {
    const refused = (error: unknown): void => fail(handshakeFailure(error));
    const closed = (): void => fail(new Failed("tls", "connection closed during the TLS handshake"));
    const secured = (): void => done();
    tls.once("secureConnect", secured).once("error", refused).once("close", closed);
    return () => tls.off("secureConnect", secured).off("error", refused).off("close", closed);
  });
  return secured(tls);
}

function secured(tls: TLSSocket): Secured {
  const ends = Date.parse(tls.getPeerCertificate().valid_to);
  const notAfter = Number.isNaN(ends) ? {} : { notAfter: new Date(ends).toISOString() };
  if (tls.authorized) return { socket: tls, ...notAfter };
  // Typed as Error, yet Node puts the code of the failure there as text.
  const code = String(tls.authorizationError);
  return { socket: tls, problem: problems[code] ?? `the certificate is not valid${named(code)}`, ...notAfter };
}

const named = (code: string | undefined) => (code !== undefined && /^[A-Z0-9_]{2,64}$/.test(code) ? ` (${code})` : "");

function handshakeFailure(error: unknown): Failed {
  const code = codeOf(error);
  if (code === "ECONNRESET") return new Failed("tls", "connection closed during the TLS handshake");
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER") return new Failed("tls", "the other side does not speak TLS");
  return new Failed("tls", `TLS handshake failed${named(code)}`);
}
