/** Certificates for tests, made by openssl in a folder of their own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  folder: string;
  cert: string;
  key: string;
  remove(): void;
}

/** Self-signed and an authority, or signed by another. Days below zero: it has expired already. */
export function makeCertificate(name: string, days = 2, authority?: Certificate): Certificate {
  const folder = mkdtempSync(join(tmpdir(), "webflow-certificate-"));
  const [key, request, cert] = ["tls.key", "tls.csr", "tls.crt"].map((file) => join(folder, file)) as [
    string,
    string,
    string,
  ];
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-new",
    ...curve,
    "-keyout",
    key,
    "-out",
    request,
    "-subj",
    `/CN=${name}`,
    "-addext",
    `subjectAltName=DNS:${name}`,
    "-addext",
    "basicConstraints=critical,CA:TRUE",
  );
  const by = authority === undefined ? undefined : ["tls.crt", "tls.key"].map((file) => join(authority.folder, file));
  const signedBy =
    by === undefined ? ["-signkey", key] : ["-CA", by[0] ?? "", "-CAkey", by[1] ?? "", "-CAcreateserial"];
  const validity = ["-days", String(days), "-copy_extensions", "copy"];
  openssl("x509", "-req", "-in", request, ...signedBy, ...validity, "-out", cert);
  return {
    folder,
    cert: readFileSync(cert, "utf8"),
    key: readFileSync(key, "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
