/** TLS to a server that must show exactly a certificate known beforehand; its name and authority say nothing here. */
import { X509Certificate } from "node:crypto";
import { Agent } from "node:https";

const onePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** SHA-256 fingerprints of the certificates in a PEM text; throws when there is none. */
export function fingerprints(pem: string): ReadonlySet<string> {
  const found = (pem.match(onePem) ?? []).map((one) => new X509Certificate(one).fingerprint256);
  if (found.length === 0)
    throw new Error("the pinned certificate is not a PEM certificate: give the prober's own tls.crt");
  return new Set(found);
}

export function pinnedAgent(pem: string, maxSockets: number, keepAlive = true): Agent {
  const pinned = fingerprints(pem);
  return new Agent({
    keepAlive,
    maxSockets,
    maxFreeSockets: 2,
    // Node frees a kept connection after this long, so that none outlives the server's own patience.
    timeout: 75_000,
    ca: pem,
    allowPartialTrustChain: true,
    checkServerIdentity: (_host, certificate) =>
      pinned.has(certificate.fingerprint256) ? undefined : new Error("the server's certificate is not the pinned one"),
  });
}
