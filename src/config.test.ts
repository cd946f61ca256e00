import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const good = {
  POD_NAMESPACE: "webflow-system",
  POD_NAME: "a",
  POD_IP: "10.0.0.1",
  WEBFLOW_IMAGE: "webflow-operator:0.1.0",
};

describe("the operator's environment", () => {
  it("is complete with what the pod is and which image it runs", () => {
    expect(readConfig(good)).toMatchObject({ namespace: "webflow-system", dnsMode: "Delegated", plainPort: 8080 });
  });

  it("names the Secrets that control Jobs pull with, if any", () => {
    const secrets = (value: string | undefined) =>
      readConfig({ ...good, WEBFLOW_CONTROL_PULL_SECRETS: value }).controlPullSecrets;
    expect(secrets(undefined)).toEqual([]);
    expect(secrets("")).toEqual([]);
    expect(secrets("registry,other.one")).toEqual(["registry", "other.one"]);
    expect(() => secrets("a b")).toThrow(/WEBFLOW_CONTROL_PULL_SECRETS holds "a b": use names of Secrets/);
  });

  it("reports every wrong value at once, by name", () => {
    const wrong = { ...good, POD_IP: "", WEBFLOW_DNS_MODE: "delegated", WEBFLOW_WORKERS: "many" };
    expect(() => readConfig(wrong)).toThrow(
      /POD_IP is not set[\s\S]*WEBFLOW_DNS_MODE is "delegated": use one of Delegated, None[\s\S]*WEBFLOW_WORKERS is "many"/,
    );
  });
});
