/**
 * The door from the Internet: an address, and whether it takes a connection, TLS and HTTP from outside. Judges the door
 * alone: it is asked in its own name, so that no host's route and no process behind it can be at fault.
 */
import type { Ask, Question } from "../probe/question.ts";
import { names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Reason } from "../webflow/reasons.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { type Asked, combine, reportedUnless, type Saying } from "./answers.ts";
import { fact, named, notAskedYet, refTo, worst } from "./facts.ts";
import type { Hop, Seen } from "./hop.ts";
import {
  claimFacts,
  claimProblem,
  doorOf,
  edgeAddresses,
  edgeTargets,
  ingressClassOf,
  ingressOf,
  isIPv6,
  isLegRequired,
  outside,
  unseenFact,
  vantagesOf,
} from "./public.ts";
import { isNew } from "./shapes.ts";

const withinMillis = 2000;

export const edge: Hop = {
  name: "edge",
  watches: [kinds.Ingress, kinds.IngressClass],

  asks(flow, seen) {
    if (claimProblem(flow) !== undefined) return [];
    return layersOf(flow, seen).flatMap(({ groups }) => groups.flat().map(({ question }) => question));
  },

  judge(flow, seen) {
    const claim = claimFacts(flow, "edge");
    if (claim !== undefined) return claim;
    const address = addressFact(flow, seen);
    if (address.state !== "Healthy") return [address];
    return [address, ...publicFacts(flow, seen)];
  },
};

function addressFact(flow: Flow, seen: Seen): Fact {
  const name = names.web(flow);
  const about = fact({ name: "address", refs: [refTo(kinds.Ingress, name)] });
  const ingress = ingressOf(flow, seen);
  if (ingress === undefined)
    return about.progressing("AddressPending", `${named(kinds.Ingress, name)} is not there yet.`);
  const targets = edgeTargets(flow, seen);
  if (targets.length > 0)
    return about.healthy("AddressAssigned", `${named(kinds.Ingress, name)} has ${targets.join(", ")}.`);
  if (!ingressClassOf(flow, seen).exists) {
    return about.unknown(
      "WaitsForRouter",
      `${named(kinds.Ingress, name)} has no controller that could give it an address.`,
    );
  }
  if (isNew(ingress, seen.now))
    return about.progressing("AddressPending", `${named(kinds.Ingress, name)} has no address yet.`);
  const remedy = "see that its controller runs and that the controller's Service has an external address";
  return about.broken("NoAddress", `${named(kinds.Ingress, name)} has been given no address: ${remedy}.`);
}

interface Knock {
  subject: string;
  vantage: string;
  question: Question;
}

interface Layer {
  name: string;
  well: Saying;
  /** Each group is to answer by itself: one host's certificate does not stand for another's. */
  groups: readonly Knock[][];
}

function layersOf(flow: Flow, seen: Seen): Layer[] {
  const { tlsSecret } = doorOf(flow);
  const layer = (name: string, reason: Reason, message: string, remedy: string, groups: Knock[][]): Layer => ({
    name: `public-${name}`,
    well: { reason, message, remedy },
    groups,
  });
  const tcp = knocks(flow, seen, { kind: "tcp", what: "TCP" }, (address, port) => ({ type: "tcp", address, port }));
  const tls = flow.hosts.map((host) =>
    knocks(flow, seen, { kind: `tls/${host}`, what: `TLS for ${host}` }, (address, port) => ({
      type: "tls",
      address,
      port,
      serverName: host,
    })),
  );
  const http = knocks(flow, seen, { kind: "http", what: "HTTP" }, (address, port) => ({
    type: "http",
    address,
    port,
    ...(tlsSecret === undefined ? {} : { tls: flow.host }),
    host: address,
    method: "GET",
    path: "/",
    status: "any",
    withinMillis,
  }));
  const secret = tlsSecret === undefined ? [] : [named(kinds.Secret, tlsSecret)];
  return [
    layer("tcp", "Connects", "The public address takes connections from outside.", seeRoutes, [tcp]),
    ...secret.map((name) =>
      layer("tls", "CertificateRight", "The certificate is right for each host.", `see ${name}`, tls),
    ),
    layer("http", "SpeaksHttp", "The public address speaks HTTP from outside.", seeController, [http]),
  ];
}

const seeRoutes = "see the routes to it, and the Service of the Ingress controller";
const seeController = "see the pods of the Ingress controller";

function knocks(
  flow: Flow,
  seen: Seen,
  { kind, what }: { kind: string; what: string },
  ask: (address: string, port: number) => Ask,
): Knock[] {
  const { port } = doorOf(flow);
  return vantagesOf(flow).flatMap((vantage) =>
    edgeAddresses(flow, seen).map((address): Knock => {
      const at = isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
      const key = `edge/${kind}/${vantage.name}/${at}`;
      const everyMillis = flow.class.roundMillis;
      const question: Question = { key, hop: "edge", vantage: outside(vantage), ask: ask(address, port), everyMillis };
      return { subject: `${what} to ${at}`, vantage: vantage.name, question };
    }),
  );
}

function publicFacts(flow: Flow, seen: Seen): Fact[] {
  if (vantagesOf(flow).length === 0) return [unseenFact(flow, "public-leg")];
  if (edgeAddresses(flow, seen).length === 0) {
    const about = fact({ name: "public-leg", required: false });
    return [about.unknown("AddressIsName", "The edge's address is a host name: it is asked by whole requests only.")];
  }
  return layersOf(flow, seen).map(({ name, well, groups }) => {
    const [first, ...more] = groups.map((group) => combine({ name }, group.map(answered(seen)), well));
    const found =
      first === undefined ? fact(name).progressing(notAskedYet, "Nothing to ask.") : worst([first, ...more]);
    return reportedUnless(isLegRequired(flow), found);
  });
}

const answered =
  (seen: Seen) =>
  ({ subject, vantage, question }: Knock): Asked => ({ subject, vantage, settled: seen.answer(question.key) });
