/** What the operator reports: the schema of WebFlow's status. It is held against WebFlowStatus in types.ts by the compiler. */
import { type Static, Type } from "typebox";
import { conditionTypes } from "./conditions.ts";
import { choice, mapBy } from "./schema-parts.ts";
import { hopNames, states, type WebFlowStatus } from "./types.ts";

/** Longest message of a fact, a hop or a condition; who writes one cuts it here. */
export const maxMessage = 2048;
export const maxFacts = 64;
export const maxRefs = 16;
export const maxAddresses = 16;

const time = (description: string) => Type.String({ description, format: "date-time", maxLength: 64 });
const name = (description: string, maxLength = 253) => Type.String({ description, maxLength });
const reason = () => Type.String({ description: "Why, in one CamelCase word; stable.", maxLength: 128 });
const message = () => Type.String({ description: "Why, as a sentence for a person.", maxLength: maxMessage });
const state = () =>
  choice(
    states,
    "Healthy; Degraded: works, not as declared; Progressing: on its way; Broken; Unknown: no answer, no permission or closed to us; NotApplicable: does not exist here.",
  );
const vantage = () =>
  name(
    "From where it was seen: api (objects of the API server), operator, database-client (the identity that the database lets in), forbidden (one that it must not), or a vantage's name.",
  );

const refs = () =>
  Type.Optional(
    Type.Array(
      Type.Object(
        { kind: name("Kind of the object.", 63), name: name("Name of the object.") },
        { description: "An object in question." },
      ),
      { description: "Objects that it speaks of.", maxItems: maxRefs, "x-kubernetes-list-type": "atomic" },
    ),
  );

const ConditionStatus = Type.Object(
  {
    type: choice(conditionTypes, "What is told of."),
    status: choice(["True", "False", "Unknown"], "Whether it is so."),
    reason: Type.String({ description: "Why, in one CamelCase word; stable.", minLength: 1, maxLength: 128 }),
    message: message(),
    observedGeneration: Type.Integer({ description: "Generation of the WebFlow that it speaks of.", minimum: 0 }),
    lastTransitionTime: time("When status last changed."),
  },
  { description: "A condition by the conventions of the Kubernetes API." },
);

const FactStatus = Type.Object(
  {
    name: name("Name of the fact within the hop, stable."),
    required: Type.Boolean({ description: "Whether it decides the hop's state, or can only degrade it." }),
    state: state(),
    reason: reason(),
    message: message(),
    vantage: vantage(),
    since: Type.Optional(time("Since when state and reason have been what they are.")),
    refs: refs(),
  },
  { description: "One thing found out about the hop." },
);

const HopStatus = Type.Object(
  {
    hop: choice(hopNames, "Name of the hop."),
    state: state(),
    reason: reason(),
    message: message(),
    vantage: vantage(),
    since: time("Since when state and reason have been what they are."),
    refs: refs(),
    facts: Type.Array(FactStatus, {
      description: "What the state rests on.",
      maxItems: maxFacts,
      ...mapBy("name"),
    }),
  },
  { description: "One hop of the path." },
);

const EdgeStatus = Type.Object(
  {
    name: name("Name of the edge.", 63),
    addresses: Type.Array(name("An IP address or a host name."), {
      description: "Addresses at which requests come in.",
      maxItems: maxAddresses,
      "x-kubernetes-list-type": "atomic",
    }),
  },
  { description: "A door as it was found." },
);

export const WebFlowStatusSchema = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: "Generation of the WebFlow that this status speaks of.", minimum: 0 }),
    ),
    classRevision: Type.Optional(
      name("WebFlowClass and its generation that were followed. Example: standard/3. Absent: built-in values.", 300),
    ),
    conditions: Type.Optional(
      Type.Array(ConditionStatus, {
        description:
          "Ready: a request gets through. Reconciling: the path is being changed. Stalled: you must edit something. DatabaseIsolated: refused from the vantages asked. PublicLeg: answered from outside.",
        maxItems: 16,
        ...mapBy("type"),
      }),
    ),
    brokenAt: Type.Optional(choice(hopNames, "First hop that is Broken, in path order. Absent: none is.")),
    since: Type.Optional(time("Since when Ready has been what it is.")),
    hosts: Type.Optional(
      Type.Array(name("A host name."), {
        description: "Hosts that this WebFlow holds; who held a host before is served before who asks for it later.",
        maxItems: 9,
        "x-kubernetes-list-type": "atomic",
      }),
    ),
    url: Type.Optional(
      Type.String({
        description: "Where the service is reached; published once a whole request has passed, and stays.",
        maxLength: 512,
      }),
    ),
    edges: Type.Optional(
      Type.Array(EdgeStatus, { description: "The doors as they were found.", maxItems: 8, ...mapBy("name") }),
    ),
    hops: Type.Optional(
      Type.Array(HopStatus, { description: "The hops in path order.", maxItems: 16, ...mapBy("hop") }),
    ),
  },
  { description: "What was found, hop by hop. Written by the operator on transitions only." },
);

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

/** Does not compile once the schema and WebFlowStatus part ways. */
export const fitsWebFlowStatus: Same<Static<typeof WebFlowStatusSchema>, WebFlowStatus> = true;
