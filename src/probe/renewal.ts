/** A mounted Secret may be renewed while a TLS server runs: new connections get the new certificate. */
import type { SecureContextOptions } from "node:tls";
import type { Logger } from "../kernel/hooks.ts";
import type { Clock } from "../kernel/run/clock.ts";

export interface Renewal {
  certificate: () => string;
  key: () => string;
  clock: Clock;
  log: Logger;
}

/** How long after a file was replaced its certificate may still be the old one. */
export const renewalMillis = 5_000;

export const secureContext = (cert: string, key: string) => ({ cert, key, minVersion: "TLSv1.2" }) as const;

/** The result stops looking. */
export function keepRenewed(
  server: { setSecureContext(options: SecureContextOptions): void },
  { certificate, key, clock, log }: Renewal,
): () => void {
  let shown = certificate() + key();
  let cancel = (): void => {};
  const again = (): void => {
    try {
      const [newCertificate, newKey] = [certificate(), key()];
      if (newCertificate + newKey !== shown) server.setSecureContext(secureContext(newCertificate, newKey));
      shown = newCertificate + newKey;
    } catch (error) {
      log.warn({ error: String(error) }, "the certificate could not be read again: the old one stays");
    }
    cancel = clock.after(renewalMillis, again);
  };
  cancel = clock.after(renewalMillis, again);
  return () => cancel();
}
