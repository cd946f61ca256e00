// Every address of the picture around the cluster: the networks are documentation ranges, so none is anybody's.
export const vpcRange = "10.20.0.0/24";
/** Docker gives nodes addresses from the upper half; the lower one is for what has a fixed place. */
export const vpcDynamicRange = "10.20.0.128/25";
export const vpcGateway = "10.20.0.2";
export const podRange = "10.244.0.0/16";
export const serviceRange = "10.96.0.0/16";

export const internetRange = "203.0.113.0/24";
export const gatewayAddress = "203.0.113.2";
export const browserAddress = "203.0.113.10";
export const resolverAddress = "203.0.113.53";

export const publicRange = "198.51.100.0/24";
export const ingressAddress = "198.51.100.10";
export const nameServerAddress = "198.51.100.53";
export const zone = "example.test";

export const vpcNetwork = "webflow-vpc";
export const internetNetwork = "webflow-internet";
export const containers = { gateway: "webflow-igw", browser: "webflow-browser", resolver: "webflow-resolver" } as const;
