/** Reasons of what stands in the cluster (lb, vmgroup, process, database): what each means, and what to do. */

export const lbReasons = {
  SelectsPods: "The Service selects this WebFlow's pods by their ports: nothing to do.",
  SelectorWrong: "Somebody has changed the Service's selector: wait, it is being put right; find who changes it.",
  PortsWrong: "Somebody has changed the Service's ports: wait, they are being put right; find who changes them.",
  TargetsReady: "The Service has targets that are ready: nothing to do.",
  NoReadyTarget: "No pod is ready to get requests: see process.",
  TargetMissing:
    "Pods that are ready get no requests from the Service: see its EndpointSlices and that the control plane keeps them.",
  ForeignTarget:
    "The Service leads to an address that is no pod of this WebFlow: delete the EndpointSlice or the pod that brings it in.",
  TargetsAnswer: "Every ready pod answers at its own address: nothing to do.",
  ClosedToUs:
    "A NetworkPolicy may close the pods to the operator: let its namespace in, or judge by whole requests alone.",
};

export const vmgroupReasons = {
  Placed: "The pods are placed on nodes: nothing to do.",
  Placing: "The pods are being placed: wait.",
  ScaledToZero: "The Deployment was scaled to none, from which no autoscaler brings it back: scale it to vmGroup.min.",
  Unschedulable: "The scheduler finds no node for a pod: make room or mend the subnet as its words in the message say.",
  FailedCreate: "Pods are refused by a quota or an admission rule: change it, or the spec, as the message says.",
  NodesNotSeen: "The operator may not see nodes, so that ground and spread are not judged: grant it the right to.",
  NodesReady: "The nodes under the pods are ready: nothing to do.",
  NodeLost: "A node under some of the pods is lost or not ready: bring it back or remove it.",
  NodesLost: "Every node under the pods is lost or not ready: bring them back or add others.",
  InSubnet: "The pods are on nodes of the subnet: nothing to do.",
  OutsideSubnet: "Pods are on nodes outside the subnet: delete those pods, or see what changed the nodes' labels.",
  Spread: "The pods are spread as far as there is ground for them: nothing to do.",
  Spreading: "Pods are new and all in one place so far: wait.",
  OnePod: "There is one pod, so that nothing is to be spread: nothing to do.",
  NotSpread: "All pods are in one zone or on one node, though others would take them: restart the roll-out.",
  FixedSize: "min is max, so that the group is not scaled: nothing to do.",
  NotJudgedYet: "The autoscaler has not looked yet: wait.",
  ReadsMetrics: "The autoscaler reads its metrics and can scale: nothing to do.",
  MetricsPending: "The autoscaler is new, or its pods are, and reads no metrics yet: wait.",
  NoMetrics: "The autoscaler reads no metrics: see that the metrics server runs and that the pods request resources.",
  UnableToScale: "The autoscaler cannot scale: see its conditions by kubectl describe.",
};

/** What the kubelet says of a container, of process and database alike. */
export const containerReasons = {
  InvalidImageName: "The image's name is malformed: correct it.",
  ImagePullBackOff: "The image cannot be pulled: correct its name, its registry or the pull secrets.",
  CreateContainerConfigError:
    "Something that the container refers to is missing: create the Secret or key that the message names.",
  CreateContainerError: "The container runtime cannot make the container: see the message and the node.",
  RunContainerError: "The container runtime cannot run the container: see the message and the node.",
  OOMKilled: "The process was ended for using more memory than its limit: raise the limit.",
  StartError: "The command cannot be started: correct process.command and process.args.",
  ContainerEnded: "The container has ended shortly after its start: see kubectl logs --previous.",
  CrashLoopBackOff: "The container ends again and again after its start: see kubectl logs --previous.",
};

export const processReasons = {
  Running: "The containers run: nothing to do.",
  Ready: "At least one pod is ready: nothing to do.",
  Starting: "The Deployment is new and has no ready pod yet: wait.",
  NotReady: "No pod answers its health check: see the pods' log, process.health and process.ports.",
  NoPods: "There is no pod on a node to look at: see vmgroup.",
  RolledOut: "Every pod is as the spec says: nothing to do.",
  RollingOut: "Pods are being made, or replaced by those of a new spec: wait.",
  ProgressDeadlineExceeded: "The roll-out has not moved on for a long time: see containers and ready, mend the spec.",
};

export const databaseReasons = {
  NoDatabase: "The WebFlow asks for no database: nothing to do.",
  EngineAnswers: "The engine lets its client in and answers: nothing to do.",
  CredentialsThere: "The database's Secret is there: nothing to do.",
  CredentialsMissing:
    "The database's Secret is gone: put it back with the same name and keys, or give the data up and begin anew as the message says.",
  CredentialsNotSeen: "Whether the database's Secret is there could not be asked: see the operator's rights and log.",
  PodMissing: "The database's pod is not there: see the events of its StatefulSet.",
  Unschedulable: "The scheduler finds no node for the pod: make room or mend the subnet as the message says.",
  NodeLost: "The node under the pod is lost or not ready: bring it back, or remove it so that the pod can move.",
  Ready: "The pod is ready: nothing to do.",
  Starting: "The pod is on its way up: wait.",
  NotReady: "The engine takes no connections: see the pod's log.",
  InSubnet: "The pod is on a node of the subnet: nothing to do.",
  OutsideSubnet: "The pod is on a node outside the subnet: see what changed the node's labels, then move the pod.",
  VolumeBound: "The claim has its volume: nothing to do.",
  VolumePending: "The claim has no volume: see that its StorageClass exists and that the provisioner runs.",
  StorageClassMissing: "No StorageClass is the default: mark one, or set database.storageClassName.",
  VolumeMissing: "The claim is gone and the data with it: restore it from a copy.",
  VolumeDeleting: "The claim has been deleted and goes when the pod stops: save the data now.",
  VolumeLost: "The claim has lost its volume: restore the volume, or the data from a copy.",
  StorageGrowing: "The volume is growing to the size asked for: wait.",
};

/** Of condition DatabaseIsolated and the database's facts isolation-*. */
export const isolationReasons = {
  Refused: "Clients get in, others are refused and policies are enforced: nothing to do.",
  DatabaseNotReady: "Nobody can connect yet, so that a refusal proves nothing: see the fact pod.",
  PolicyInPlace: "Our NetworkPolicy is as wanted: nothing to do.",
  PolicyNotInPlace: "Our NetworkPolicy is missing or changed: wait, it is being put right; find who changes it.",
  PolicyWidened: "Another NetworkPolicy lets others in to the database: delete it, or let it select other pods.",
  ClientsAreOurs: "Only this WebFlow's pods wear the clients' label: nothing to do.",
  ClientsLeaving: "Pods of a Deployment that was deleted are on their way out: wait.",
  ForeignClient: "A foreign pod wears the clients' label and is let in: take the label off.",
  ControlConnects: "The allowed identity connects: nothing to do.",
  ControlFailed: "The allowed identity does not connect, so that a refusal proves nothing: see the fact handshake.",
  ControlTooOld: "The allowed identity last connected too long ago: see the flow's control Jobs and their events.",
  ForbiddenRefused: "A pod without the clients' label is refused: nothing to do.",
  ForbiddenConnects:
    "A pod without the clients' label connects to the database: use a cluster network that enforces NetworkPolicies.",
  ForbiddenNotAsked: "The forbidden identity could not ask: see the pods of webflow-prober on the database's node.",
  ProberClosedIn:
    "A NetworkPolicy limits what the forbidden prober may reach, so that a refusal proves nothing: delete it, or let it select other pods.",
  PolicyEnforced: "The canary shows that policies are enforced on the database's node: nothing to do.",
  PolicyNotEnforced:
    "A canary that a policy closes is open: use a cluster network that enforces NetworkPolicies on that node.",
  CanaryFailed: "The canary could not be asked: see the pods of webflow-canary on the database's node.",
};
