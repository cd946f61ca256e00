// What operator and probers know each other by: one certificate of its own signing, its key and a random token, made
// once for the life of a cluster and kept with its state, readable by its owner alone.
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { onBrowser } from "../cluster/access.ts";
import { browserAddress } from "../cluster/addresses.ts";
import { ensureFolder, inRun } from "../cluster/paths.ts";

export interface Trust {
  certificate: string;
  key: string;
  token: string;
}

const file = (name: string) => inRun("prober", name);

/** Made on the browser's host, whose image brings openssl whatever this machine has. */
async function makeCertificate(): Promise<{ certificate: string; key: string }> {
  const names = `subjectAltName=DNS:webflow-prober,IP:${browserAddress}`;
  const made = await onBrowser([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"],
    ...["-subj", "/CN=webflow-prober", "-addext", names, "-keyout", "/dev/stdout", "-out", "/dev/stdout"],
  ]);
  const certificate = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n/s.exec(made.stdout)?.[0];
  const key = /-----BEGIN (?:EC )?PRIVATE KEY-----.+?-----END (?:EC )?PRIVATE KEY-----\n/s.exec(made.stdout)?.[0];
  if (made.code === 0 && certificate && key) return { certificate, key };
  throw new Error(`openssl on the browser's host made no certificate: ${made.stderr.trim().split("\n").at(-1)}`);
}

export async function trust(): Promise<Trust> {
  if (!existsSync(file("token"))) {
    chmodSync(ensureFolder(inRun("prober")), 0o700);
    const { certificate, key } = await makeCertificate();
    writeFileSync(file("tls.crt"), certificate, { mode: 0o600 });
    writeFileSync(file("tls.key"), key, { mode: 0o600 });
    // The last of the three: when it is there, all are.
    writeFileSync(file("token"), randomBytes(32).toString("hex"), { mode: 0o600 });
  }
  const read = (name: string) => readFileSync(file(name), "utf8");
  return { certificate: read("tls.crt"), key: read("tls.key"), token: read("token") };
}
