import { describe, expect, it } from "vitest";
import { aFlow } from "../../test/builders.ts";
import { violations } from "../../test/contract/pod-security.ts";
import { TestClock } from "../../test/harness/clock.ts";
import { processObjects } from "../hops/process-desire.ts";
import type { KubeObject } from "../kernel/objects.ts";
import { ControlJobs } from "./control-jobs.ts";
import { answerFromPod, controlJob, slotOf, stuckReason } from "./job.ts";
import type { Answer, Question } from "./question.ts";

const flow = aFlow();
const question: Question = {
  key: "database/control/10.0.0.7",
  hop: "database",
  vantage: { at: "database-client" },
  ask: { type: "handshake", engine: "Postgres" },
  everyMillis: 600_000,
};
const image = { image: "webflow-operator:0.1.0", imagePullPolicy: "IfNotPresent" } as const;
const fine: Answer = { outcome: "ok", detail: "connected", at: 5, millis: 2100 };

describe("a control Job", () => {
  const job = controlJob(flow, question, { ...image, slot: "abc" });
  const text = JSON.stringify(job);

  it("belongs to the flow and is found by its labels", () => {
    expect(job.metadata).toMatchObject({
      name: "shop-db-control-abc",
      namespace: "default",
      labels: { "webflow.dev/flow": "shop", "app.kubernetes.io/component": "control", "webflow.dev/db-client": "shop" },
      ownerReferences: [{ kind: "WebFlow", name: "shop", uid: "flow-uid", controller: true }],
    });
  });

  it("is tried once, ends in time and is kept beyond its period", () => {
    expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 60, ttlSecondsAfterFinished: 900 });
  });

  it("passes restricted Pod Security and carries no token", () => {
    const { spec } = (job.spec as { template: { spec: Record<string, unknown> } }).template;
    expect(violations(spec)).toEqual([]);
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      restartPolicy: "Never",
      nodeSelector: { "webflow.dev/subnet": "public" },
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          args: ["handshake"],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    });
  });

  it("is pulled with Secrets of the flow's namespace where the installation names them", () => {
    const specOf = (of: KubeObject) => (of.spec as { template: { spec: Record<string, unknown> } }).template.spec;
    const named = controlJob(flow, question, { ...image, pullSecrets: ["registry"], slot: "abc" });
    expect(specOf(named).imagePullSecrets).toEqual([{ name: "registry" }]);
    expect(specOf(job)).not.toHaveProperty("imagePullSecrets");
  });

  it("gets the database's address and credentials as the web tier does, and holds nothing of them", () => {
    const variables = (of: KubeObject): { name: string; valueFrom?: unknown }[] =>
      (of.spec as { template: { spec: { containers: { env: { name: string }[] }[] } } }).template.spec.containers[0]
        ?.env ?? [];
    const web = processObjects(flow).find(({ object }) => object.kind === "Deployment")?.object;
    if (web === undefined) throw new Error("the flow has no Deployment");
    const ofWeb = variables(web).filter(({ name }) => name.startsWith("PG"));
    expect(variables(job)).toEqual(ofWeb);
    expect(ofWeb.map(({ name }) => name)).toEqual(["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"]);
    expect(text).not.toContain('"value":');
  });

  it("has a name that fits a label, for the longest flow's name and any time", () => {
    const slot = slotOf(question, Date.parse("2099-01-01T00:00:00Z"));
    const long = controlJob({ ...flow, name: "s".repeat(40) }, question, { ...image, slot });
    expect(long.metadata.name).toMatch(/^[a-z0-9-]{1,63}$/);
    expect(slotOf({ ...question, key: "another" }, 0)).not.toBe(slotOf(question, 0));
  });
});

const pod = (status: Record<string, unknown>, more: Partial<KubeObject["metadata"]> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "shop-db-control-abc-x",
    namespace: "default",
    uid: "pod-1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ...more,
  },
  status,
});
const ended = (message: string, reason = "Completed") =>
  pod({
    phase: "Succeeded",
    containerStatuses: [
      { name: "handshake", state: { terminated: { message, reason, finishedAt: "2026-01-01T00:00:09Z" } } },
    ],
  });

describe("a control pod's last words", () => {
  it("are its answer, as of when it ended", () => {
    expect(answerFromPod(ended(JSON.stringify({ answer: fine })))).toEqual({
      ...fine,
      at: Date.parse("2026-01-01T00:00:09Z"),
    });
  });

  const useless: Record<string, [KubeObject, string]> = {
    "when there are none": [ended("", "OOMKilled"), "OOMKilled"],
    "when they are no answer": [ended('{"answer":{"outcome":"fine"}}', "Error"), "Error"],
    "when they are no JSON": [ended("<html>", "bad reason!"), "unknown reason"],
    "when it was evicted": [pod({ phase: "Failed", reason: "Evicted" }), "Evicted"],
  };
  it.each(Object.entries(useless))("are the vantage's fault %s", (_name, [from, reason]) => {
    expect(answerFromPod(from)).toMatchObject({
      outcome: "vantage",
      detail: `the control pod ended without an answer: ${reason}`,
    });
  });

  it("are awaited while it runs, and what keeps it is told", () => {
    const waiting = pod({
      phase: "Pending",
      containerStatuses: [{ name: "handshake", state: { waiting: { reason: "ImagePullBackOff" } } }],
    });
    expect(answerFromPod(waiting)).toBeUndefined();
    expect(stuckReason(waiting)).toBe("ImagePullBackOff");
    expect(
      stuckReason(
        pod({ phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }] }),
      ),
    ).toBe("Unschedulable");
    expect(stuckReason(undefined)).toBe("no pod was made for it");
  });
});

/** A cluster of one flow's controls, whose pods end when a test says so. */
function cluster() {
  const clock = new TestClock(Date.parse("2026-01-01T00:00:00Z"));
  const jobs: KubeObject[] = [];
  const pods: KubeObject[] = [];
  let problem: Error | undefined;
  const now = () => new Date(clock.now()).toISOString();
  const create = async (job: KubeObject): Promise<void> => {
    if (problem !== undefined) throw problem;
    jobs.push({ ...job, metadata: { ...job.metadata, uid: `job-${jobs.length}`, creationTimestamp: now() } });
  };
  const finish = (answer: Partial<Answer>): void => {
    const job = jobs.at(-1);
    if (job === undefined) throw new Error("no Job was made");
    job.status = { conditions: [{ type: "Complete", status: "True" }] };
    const owner = {
      apiVersion: "batch/v1",
      kind: "Job",
      name: job.metadata.name,
      uid: job.metadata.uid ?? "",
      controller: true,
    };
    const terminated = { message: JSON.stringify({ answer: { ...fine, ...answer } }), finishedAt: now() };
    pods.push({
      ...pod({ phase: "Succeeded", containerStatuses: [{ name: "handshake", state: { terminated } }] }),
      metadata: {
        name: `pod-${pods.length}`,
        uid: `pod-${pods.length}`,
        creationTimestamp: now(),
        ownerReferences: [owner],
      },
    });
  };
  const operator = () =>
    new ControlJobs({
      ...image,
      clock,
      create,
      flow: (key) => (key === "default/shop" ? flow : undefined),
      jobs: () => jobs,
      pods: () => pods,
    });
  const fail = (error: Error): void => {
    problem = error;
  };
  return { clock, jobs, pods, finish, operator, fail };
}

async function asked(
  operator: ControlJobs,
  clock: TestClock,
  meanwhile: () => void,
  millis = 2000,
): Promise<Answer | undefined> {
  let answer: Answer | undefined;
  void operator.ask(question, "default/shop", new AbortController().signal).then((came) => {
    answer = came;
  });
  await clock.advance(1000);
  meanwhile();
  await clock.advance(millis);
  return answer;
}

describe("the allowed identity is asked", () => {
  it("by one Job for each question that is due", async () => {
    const { clock, jobs, finish, operator } = cluster();
    const one = operator();
    expect(await asked(one, clock, () => finish({}))).toMatchObject({ outcome: "ok" });
    expect(jobs).toHaveLength(1);
    await clock.advance(10_000);
    expect(await asked(one, clock, () => finish({ outcome: "auth", detail: "no" }))).toMatchObject({ outcome: "auth" });
    expect(jobs).toHaveLength(2);
  });

  it("not again after a restart, while the last answer is younger than a period", async () => {
    const { clock, jobs, finish, operator } = cluster();
    await asked(operator(), clock, () => finish({}));
    const at = clock.now();
    await clock.advance(300_000);
    const answer = await asked(operator(), clock, () => {});
    expect(answer).toMatchObject({ outcome: "ok" });
    expect(answer?.at).toBeLessThanOrEqual(at);
    expect(jobs).toHaveLength(1);
  });

  it("again after a restart, when the last answer is older", async () => {
    const { clock, jobs, finish, operator } = cluster();
    await asked(operator(), clock, () => finish({}));
    await clock.advance(700_000);
    await asked(operator(), clock, () => finish({}));
    expect(jobs).toHaveLength(2);
  });

  it("by the Job that was running at the restart", async () => {
    const { clock, jobs, finish, operator } = cluster();
    await asked(operator(), clock, () => {}, 1000);
    expect(await asked(operator(), clock, () => finish({}))).toMatchObject({ outcome: "ok" });
    expect(jobs).toHaveLength(1);
  });

  it("and believes no Job that is not the flow's own, nor one of another question", async () => {
    const { clock, jobs, finish, operator } = cluster();
    await asked(operator(), clock, () => finish({}));
    const [job] = jobs;
    if (job === undefined) throw new Error("no Job was made");
    job.metadata.ownerReferences = [
      { apiVersion: "v1", kind: "ConfigMap", name: "x", uid: "another", controller: true },
    ];
    await asked(operator(), clock, () => finish({}));
    expect(jobs).toHaveLength(2);
    const [, second] = jobs;
    if (second === undefined) throw new Error("no second Job was made");
    second.metadata.annotations = { "webflow.dev/question": "database/control/10.0.0.8" };
    await asked(operator(), clock, () => finish({}));
    expect(jobs).toHaveLength(3);
  });

  const failures: Record<string, [(one: ReturnType<typeof cluster>) => void, string]> = {
    "its Job may not be created": [
      ({ fail }) => fail(Object.assign(new Error("quota of tenant-7"), { status: 403 })),
      "the control was not run: its Job could not be created (HTTP 403)",
    ],
    "its Job brings no answer": [
      () => {},
      "the control was not run: its Job brought no answer: no pod was made for it",
    ],
  };
  it.each(Object.entries(failures))("and the vantage is to blame when %s", async (_name, [prepare, detail]) => {
    const one = cluster();
    prepare(one);
    expect(await asked(one.operator(), one.clock, () => {}, 120_000)).toMatchObject({ outcome: "vantage", detail });
  });
});
