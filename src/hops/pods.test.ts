import { describe, expect, it } from "vitest";
import { ago, noon } from "../../test/builders.ts";
import { anObject } from "../../test/object-builder.ts";
import * as kinds from "../webflow/kinds.ts";
import { schedulerWords } from "./ground.ts";
import { shortened, troubleOf } from "./pods.ts";
import type { ContainerStatus, PodObject } from "./shapes.ts";

const aPodWith = (status: Partial<ContainerStatus>, age = 60_000): PodObject =>
  anObject(kinds.Pod, "shop-1", {
    metadata: { creationTimestamp: ago(age) },
    spec: { containers: [{ name: "web", image: "shop:0.1.0" }] },
    status: { containerStatuses: [{ name: "web", ...status }] },
  });
const waiting = (reason: string, message = "") => ({ state: { waiting: { reason, message } } });
const ended = (exitCode: number, reason = "Error", millis = 5_000) => ({ exitCode, reason, finishedAt: ago(millis) });

describe("what keeps a container from running", () => {
  it.each<[string, Partial<ContainerStatus>, string | undefined]>([
    ["nothing, when it runs", { ready: true, state: { running: {} } }, undefined],
    ["nothing yet, while it is made", waiting("ContainerCreating"), undefined],
    [
      "an image that does not exist",
      waiting("ErrImagePull", 'rpc error: code = NotFound desc = failed to pull "shop:0.1.0": not found'),
      "ImagePullBackOff: image shop:0.1.0 cannot be pulled (there is no such image)",
    ],
    [
      "the same while the kubelet waits",
      waiting("ImagePullBackOff", 'Back-off pulling image "shop:0.1.0": ErrImagePull: rpc error: not found'),
      "ImagePullBackOff: image shop:0.1.0 cannot be pulled (there is no such image)",
    ],
    [
      "a registry that refuses",
      waiting("ErrImagePull", "pull access denied, repository does not exist or may require authorization"),
      "ImagePullBackOff: image shop:0.1.0 cannot be pulled (the registry refuses it to us)",
    ],
    [
      "a registry that is not there",
      waiting("ImagePullBackOff", "dial tcp 192.0.2.1:443: i/o timeout"),
      "ImagePullBackOff: image shop:0.1.0 cannot be pulled (the registry is not reached)",
    ],
    ["a name that is none", waiting("InvalidImageName"), "InvalidImageName: shop:0.1.0 is not the name of an image"],
    [
      "a Secret that is not there",
      waiting("CreateContainerConfigError", 'secret "shop-db" not found'),
      'CreateContainerConfigError: its container cannot be made (secret "shop-db" not found)',
    ],
    [
      "a crash loop",
      {
        ...waiting("CrashLoopBackOff", "back-off 40s restarting failed container"),
        restartCount: 4,
        lastState: { terminated: ended(1) },
      },
      "CrashLoopBackOff: it ends after its start (exit code 1)",
    ],
    [
      "the same crash loop while it runs once more",
      { state: { running: {} }, ready: false, restartCount: 4, lastState: { terminated: ended(1) } },
      "CrashLoopBackOff: it ends after its start (exit code 1)",
    ],
    [
      "one end",
      { state: { terminated: ended(137) }, restartCount: 0 },
      "ContainerEnded: it ends after its start (exit code 137)",
    ],
    [
      "an end long ago is over",
      {
        state: { running: {} },
        ready: false,
        restartCount: 1,
        lastState: { terminated: ended(1, "Error", 3_600_000) },
      },
      undefined,
    ],
    [
      "too much memory",
      { ...waiting("CrashLoopBackOff"), restartCount: 2, lastState: { terminated: ended(137, "OOMKilled") } },
      "OOMKilled: it was ended because it used more memory than its limit",
    ],
    [
      "a command that is not there",
      {
        ...waiting("CrashLoopBackOff"),
        restartCount: 2,
        lastState: { terminated: { ...ended(128, "StartError"), message: "exec: no such file" } },
      },
      "StartError: it cannot be started (exec: no such file)",
    ],
  ])("%s", (_, status, expected) => {
    const trouble = troubleOf(aPodWith(status), noon);
    expect(trouble === undefined ? undefined : `${trouble.reason}: ${trouble.words}`).toBe(expected);
  });

  it("is not yet a Secret that may come in a moment", () => {
    expect(
      troubleOf(aPodWith(waiting("CreateContainerConfigError", 'secret "shop-db" not found'), 5_000), noon),
    ).toBeUndefined();
  });
});

describe("words of others", () => {
  it("lose what differs from pod to pod", () => {
    expect(
      shortened(
        'container has runAsNonRoot and image will run as root (pod: "shop-7d_default(ab-12)", container: web)',
      ),
    ).toBe("container has runAsNonRoot and image will run as root");
    expect(shortened("x".repeat(500)).length).toBeLessThan(170);
    expect(shortened("")).toBe("no reason given");
  });

  it.each([
    [
      "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
      "Insufficient cpu; didn't match Pod's node affinity/selector",
    ],
    [
      "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node affinity/selector.",
      "Insufficient cpu; didn't match Pod's node affinity/selector",
    ],
    [
      "0/3 nodes are available: 3 node(s) had untolerated taint {a.b/c: d}. no new claims to deallocate, preemption: 0/3",
      "had untolerated taint {a.b/c: d}",
    ],
    ["", "no node takes it"],
  ])("of the scheduler lose their counts: %s", (message, expected) => {
    expect(schedulerWords(message)).toBe(expected);
  });
});
