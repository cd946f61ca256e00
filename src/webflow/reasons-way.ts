/** Reasons of the way in and back (dns, edge, router, response): what each means, and what to do. */

/** Of every hop that is asked from outside. */
export const publicLegReasons = {
  NoVantage: "Nobody outside the cluster can be asked: name a vantage in the WebFlowClass's vantages.",
};

export const dnsReasons = {
  Recorded: "The zones lead each host to the edge: nothing to do.",
  RecordPending: "The zones do not lead a host to the edge yet: wait a moment, then see the operator's log.",
  Authoritative: "The authoritative name servers lead each host to the edge: nothing to do.",
  NotLoadedYet: "The zone has just changed and a name server has not read it yet: wait.",
  Resolved: "A client's resolver outside leads each host to the edge: nothing to do.",
  AddressPending: "The edge has no address yet for the names to lead to: wait.",
  NotDelegated: "No name server is told of the hosts: give the class zones and DNS mode Delegated if one should be.",
  NoNameServer: "No name server of ours is ready: look at the pods of webflow-dns in the operator's namespace.",
  CachedYet: "The record has just changed and a resolver may keep the old one for its TTL: wait.",
  WrongAddress: "A name leads to other addresses than the edge's: see what else writes the name, or wait for its TTL.",
};

export const edgeReasons = {
  AddressAssigned: "The Ingress has an address: nothing to do.",
  AddressPending: "The Ingress is new and has no address yet: wait.",
  NoAddress:
    "The Ingress has been given no address: see that its controller runs and that the controller's Service has one.",
  AddressIsName: "The address is a host name, asked by whole requests only: see response.",
  Connects: "The public address takes connections from outside: nothing to do.",
  CertificateRight: "The certificate shown is right for each host: nothing to do.",
  SpeaksHttp: "The public address speaks HTTP from outside: nothing to do.",
};

export const routerReasons = {
  Accepted: "A controller has taken the Ingress: nothing to do.",
  NotTakenYet: "The Ingress is new and no controller has taken it yet: wait.",
  NotTaken: "The Ingress has no address, so that nobody can tell whether it was taken: see the controller's log.",
  NoDefaultIngressClass: "No IngressClass is the default: mark one, or name one in the WebFlowClass.",
  IngressClassMissing: "The IngressClass does not exist: install its controller, or name another in the WebFlowClass.",
  LeadsHere: "Each host and path leads to this WebFlow's pods: nothing to do.",
  LeadsElsewhere:
    "A host and path leads to another WebFlow: find the Ingress that has them as well, and change one of the two.",
  NotRouted: "A host and path is not answered by this WebFlow's pods: see the Ingress controller's log.",
  NotLoadedYet: "The Ingress is new and its controller does not follow its rules yet: wait.",
  NotReached: "Nothing answers by HTTP at the rules' address, so that they cannot be judged: see edge and lb.",
  NoTarget: "A rule is answered, but no pod is ready that it could lead to: see process.",
  IdentityNotSent:
    "The service does not say who it is: let it answer with the header webflow-flow if routes are to be proven.",
};

export const responseReasons = {
  ComesBack: "The check comes back right and in time: nothing to do.",
};
