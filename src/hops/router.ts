/**
 * The cloud router's table: each host and path leads here and not elsewhere. Desires the Ingress. Judges the rules
 * alone: that nothing can be reached is the edge's, that a pod does not answer is the load balancer's.
 */
import type { Question } from "../probe/question.ts";
import { labelsFor, names } from "../webflow/address.ts";
import * as kinds from "../webflow/kinds.ts";
import type { Fact, Flow } from "../webflow/types.ts";
import { combine, reportedUnless, type Saying } from "./answers.ts";
import { fact, failureFacts, named, notAskedYet, refTo, worst } from "./facts.ts";
import type { Desired, Hop, Seen } from "./hop.ts";
import { isReady, webPods } from "./pods.ts";
import {
  claimFacts,
  claimProblem,
  doorOf,
  edgeAddresses,
  edgeTargets,
  ingressClassOf,
  ingressOf,
  isLegRequired,
  outside,
  vantagesOf,
} from "./public.ts";
import { ageOf, isNew } from "./shapes.ts";

const withinMillis = 2000;

export const router: Hop = {
  name: "router",
  watches: [kinds.Ingress, kinds.IngressClass, kinds.Deployment, kinds.ReplicaSet, kinds.Pod],

  asks(flow, seen) {
    if (claimProblem(flow) !== undefined) return [];
    return rulesOf(flow, seen).flatMap((rule) => [rule.question, ...(needsPod(flow, seen, rule) ? rule.pod : [])]);
  },

  desire(flow) {
    return claimProblem(flow) === undefined ? [ingress(flow)] : [];
  },

  judge(flow, seen) {
    const claim = claimFacts(flow, "router");
    if (claim !== undefined) return claim;
    const failed = failureFacts(seen, [[kinds.Ingress, names.web(flow)]]);
    const accepted = acceptedFact(flow, seen);
    if (accepted.state !== "Healthy") return [...failed, accepted];
    return [...failed, accepted, rulesFact(flow, seen)];
  },
};

/** What the service says of itself in the header `webflow-flow`. */
export const identityOf = (flow: Flow): string => `${flow.namespace}/${flow.name}`;

function ingress(flow: Flow): Desired {
  const name = names.web(flow);
  const { ingressClassName, ingressAnnotations } = flow.class;
  const { tlsSecret } = doorOf(flow);
  const paths = flow.routes.map(({ path, match, port }) => ({
    path,
    pathType: match,
    backend: { service: { name, port: { name: port } } },
  }));
  return {
    kind: kinds.Ingress,
    mode: "apply",
    object: {
      apiVersion: kinds.Ingress.apiVersion,
      kind: kinds.Ingress.kind,
      metadata: {
        name,
        namespace: flow.namespace,
        labels: labelsFor(flow, "web"),
        ...(Object.keys(ingressAnnotations).length === 0 ? {} : { annotations: { ...ingressAnnotations } }),
      },
      spec: {
        ...(ingressClassName === undefined ? {} : { ingressClassName }),
        rules: flow.hosts.map((host) => ({ host, http: { paths } })),
        ...(tlsSecret === undefined ? {} : { tls: [{ hosts: [...flow.hosts], secretName: tlsSecret }] }),
      },
    },
  };
}

/** An Ingress has no condition of its own: that its controller has given it an address is its acceptance. */
function acceptedFact(flow: Flow, seen: Seen): Fact {
  const name = named(kinds.Ingress, names.web(flow));
  const about = fact({ name: "accepted", refs: [refTo(kinds.Ingress, names.web(flow))] });
  const found = ingressOf(flow, seen);
  if (found === undefined) return about.progressing("NotWrittenYet", `${name} is not there yet.`);
  const { name: className, exists } = ingressClassOf(flow, seen);
  if (!exists && className === undefined) {
    const remedy = "mark one IngressClass default, or name one in the WebFlowClass";
    return about.broken(
      "NoDefaultIngressClass",
      `Nobody takes ${name}, since no IngressClass is the default: ${remedy}.`,
    );
  }
  if (!exists) {
    const remedy = "install its controller, or name another in the WebFlowClass";
    return about.broken("IngressClassMissing", `${kinds.IngressClass.kind}/${className} does not exist: ${remedy}.`);
  }
  if (edgeTargets(flow, seen).length > 0) return about.healthy("Accepted", `${name} has been taken by its controller.`);
  if (isNew(found, seen.now))
    return about.progressing("NotTakenYet", `${name} has not been taken by a controller yet.`);
  return about.unknown("NotTaken", `Whether a controller has taken ${name} cannot be told, since it has no address.`);
}

/** One rule asked from one vantage; `pod` asks a pod of ours the same, for comparison. */
interface Rule {
  subject: string;
  vantage: string;
  question: Question;
  pod: Question[];
}

function rulesOf(flow: Flow, seen: Seen): Rule[] {
  const [address] = edgeAddresses(flow, seen);
  if (address === undefined) return [];
  const { port, tlsSecret } = doorOf(flow);
  const everyMillis = flow.class.roundMillis;
  return vantagesOf(flow).flatMap((vantage) =>
    pairsOf(flow).map(({ host, route }): Rule => {
      const asked = { type: "http" as const, host, method: "GET" as const, path: route.path, withinMillis };
      const tls = tlsSecret === undefined ? {} : { tls: host };
      return {
        subject: `Rule ${host}${route.path}`,
        vantage: vantage.name,
        question: {
          key: `router/rule/${vantage.name}/${host}${route.path}/${route.match}`,
          hop: "router",
          vantage: outside(vantage),
          ask: { ...asked, ...tls, address, port },
          everyMillis,
        },
        pod: podQuestion(flow, seen, route),
      };
    }),
  );
}

/** Each rule on the host, and each further host once: the rules are the same for all. */
function pairsOf(flow: Flow): { host: string; route: Flow["routes"][number] }[] {
  return flow.hosts.flatMap((host, index) => {
    const routes = index === 0 ? flow.routes : flow.routes.slice(0, 1);
    return routes.map((route) => ({ host, route }));
  });
}

function podQuestion(flow: Flow, seen: Seen, route: Flow["routes"][number]): Question[] {
  const address = webPods(flow, seen).find(isReady)?.status?.podIP;
  const port = flow.process.ports.find(({ name }) => name === route.port)?.port;
  if (address === undefined || port === undefined) return [];
  const ask = {
    type: "http" as const,
    address,
    port,
    host: flow.host,
    method: "GET" as const,
    path: route.path,
    withinMillis,
  };
  const key = `router/pod/${address}:${port}${route.path}`;
  return [{ key, hop: "router", vantage: { at: "operator" }, ask, everyMillis: flow.class.roundMillis }];
}

/** A pod is asked for comparison only while an answer from outside does not say whose it is. */
function needsPod(flow: Flow, seen: Seen, { question }: Rule): boolean {
  const settled = seen.answer(question.key);
  return settled !== undefined && isHttp(settled.settled) && settled.said.flow !== identityOf(flow);
}

const isHttp = (outcome: string) => outcome === "ok" || outcome === "status";

function rulesFact(flow: Flow, seen: Seen): Fact {
  const [first, ...more] = rulesOf(flow, seen).map((rule) => ruleFact(flow, seen, rule));
  if (first !== undefined) return reportedUnless(isLegRequired(flow), worst([first, ...more]));
  const about = fact({ name: "rules", required: false });
  return about.unknown("NoVantage", "Where the rules lead can only be asked from outside, and no vantage is set.");
}

/** How long a controller may take to act on a new Ingress: until then it routes as if there were none. */
const loadingMillis = 20_000;

/** What a router says that does not know the rule yet; a door that is closed is no such answer. */
const unroutedOutcomes: readonly string[] = ["slow", "truncated", "protocol", "reset"];

/** A new Ingress may not be in force yet, whatever its rules seem to lead to. */
function ruleFact(flow: Flow, seen: Seen, rule: Rule): Fact {
  const found = leadFact(flow, seen, rule);
  const ingress = ingressOf(flow, seen);
  if (ingress === undefined || ageOf(ingress, seen.now) >= loadingMillis) return found;
  const isUnrouted = unroutedOutcomes.includes(seen.answer(rule.question.key)?.settled ?? "");
  if (found.state !== "Broken" && !(found.reason === "NotReached" && isUnrouted)) return found;
  const about = fact({ name: "rules", vantage: rule.vantage, refs: found.refs ?? [] });
  return about.progressing("NotLoadedYet", `${rule.subject} is new; the Ingress controller does not follow it yet.`);
}

function leadFact(flow: Flow, seen: Seen, rule: Rule): Fact {
  const { subject, vantage, question } = rule;
  const about = fact({ name: "rules", vantage, refs: [refTo(kinds.Ingress, names.web(flow))] });
  const settled = seen.answer(question.key);
  if (settled === undefined) return about.progressing(notAskedYet, "No answer has come yet.");
  if (!isHttp(settled.settled)) {
    const found = combine({ name: "rules", vantage }, [{ subject, vantage, settled }], leadsHere);
    return about.unknown("NotReached", found.message);
  }
  if (settled.said.flow === identityOf(flow)) return about.healthy(leadsHere.reason, leadsHere.message);
  if (settled.said.flow !== undefined) {
    const remedy = "see which Ingress has the host and path as well";
    return about.broken("LeadsElsewhere", `${subject} leads to WebFlow ${settled.said.flow}: ${remedy}.`);
  }
  return unsignedFact(flow, seen, rule);
}

const leadsHere: Saying = { reason: "LeadsHere", message: "Each host and path leads to this WebFlow's pods." };

/** The answer from outside does not say whose it is: what does a pod of ours say to the same? */
function unsignedFact(flow: Flow, seen: Seen, { subject, vantage, question, pod }: Rule): Fact {
  const about = { name: "rules", vantage, refs: [refTo(kinds.Ingress, names.web(flow))] };
  const [compared] = pod;
  if (compared === undefined) {
    return fact(about).unknown("NoTarget", `${subject} is answered, but no pod is ready that it could lead to.`);
  }
  const own = seen.answer(compared.key);
  if (own === undefined)
    return fact(about).progressing(notAskedYet, "No answer of a pod has come yet to compare with.");
  const { answer, settled, wavering } = seen.answer(question.key) ?? {};
  const isStranger = own.said.flow === identityOf(flow);
  const isMissed = settled === "status" && wavering === false && answer?.status === 404;
  const isLost = isMissed && isHttp(own.settled) && own.answer.status !== 404;
  if (isStranger || isLost) {
    const remedy = `see the Ingress controller's log for ${named(kinds.Ingress, names.web(flow))}`;
    return fact(about).broken(
      "NotRouted",
      `${subject} is not answered by this WebFlow's pods, which answer it by themselves: ${remedy}.`,
    );
  }
  const message =
    "The service does not say in the header webflow-flow who it is, so that where the rules lead is not known.";
  return fact({ ...about, required: false }).unknown("IdentityNotSent", message);
}
