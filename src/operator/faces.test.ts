import { connect } from "node:tls";
import express from "express";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestClock } from "../../test/harness/clock.ts";
import { readConfig } from "../config.ts";
import { silent } from "../kernel/hooks.ts";
import { renewalMillis } from "../probe/renewal.ts";
import { type Certificate, makeCertificate } from "../probe/testing/certificates.ts";
import { closedPort } from "../probe/testing/servers.ts";
import { openFaces } from "./faces.ts";

let first: Certificate;
let second: Certificate;
beforeAll(() => {
  first = makeCertificate("webflow");
  second = makeCertificate("webflow");
});
afterAll(() => {
  first.remove();
  second.remove();
});

/** The certificate that a new connection is shown, PEM without line breaks. */
function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(raw.toString("base64"));
    });
    socket.once("error", reject);
  });
}

const bodyOf = ({ cert }: Certificate) => cert.replaceAll(/-----[^-]+-----|\s/g, "");

it("/flows shows the renewed certificate, which is the one that standbys pin, and keeps a good one over a bad", async () => {
  const clock = new TestClock();
  const port = await closedPort();
  const environment = { POD_NAMESPACE: "a", POD_NAME: "a", POD_IP: "127.0.0.1", WEBFLOW_IMAGE: "a" };
  const config = { ...readConfig(environment), tlsPort: port, plainPort: 0, localPort: 0 };
  let held = { cert: first.cert, key: first.key };
  const faces = { plain: express(), flows: express(), certificate: () => held.cert, key: () => held.key };
  const close = await openFaces(config, { ...faces, clock, log: silent });
  try {
    expect(await shownAt(port)).toBe(bodyOf(first));
    held = { cert: second.cert, key: first.key };
    await clock.advance(renewalMillis);
    expect(await shownAt(port)).toBe(bodyOf(first));
    held = { cert: second.cert, key: second.key };
    await clock.advance(renewalMillis);
    expect(await shownAt(port)).toBe(bodyOf(second));
  } finally {
    await close();
  }
  expect(clock.timers).toBe(0);
});
