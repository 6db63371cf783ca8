export { App, AppService, type AppFromNameParams } from "./app.ts";
export { SandkeepClient, type SandkeepClientParams } from "./client.ts";
export type { ConnectOptions } from "./connect-options.ts";
export type { Env } from "./env.ts";
export * from "./errors.ts";
export { SandboxFile, type SandboxFileMode, type SandboxFileWhence } from "./filesystem/file.ts";
export * from "./filesystem/filesystem.ts";
export type { Connection, Transport, TransportReply, TransportRequest, TransportSocket } from "./http/transport.ts";
export { Image, ImageService, type ImageBuildParams, type ImageFromIdParams } from "./image.ts";
export { Probe, type ProbeParams } from "./probe.ts";
export { ContainerProcess, type TerminalSize, type WaitParams } from "./process/container-process.ts";
export type { SandboxExecParams } from "./process/exec-params.ts";
export type { SandboxAttachParams } from "./process/of-sandbox.ts";
export { Proxy, ProxyService } from "./proxy.ts";
export type { SandboxCreateConnectCredentials, SandboxCreateConnectTokenParams } from "./sandbox/connect-token.ts";
export type { SandboxCreateParams } from "./sandbox/create.ts";
export type { SandboxInfo } from "./sandbox/info.ts";
export type { SandboxLogsParams } from "./sandbox/logs.ts";
export type { NetworkInfo, NetworkPolicyParams } from "./sandbox/network.ts";
export type { PortConnection } from "./sandbox/port.ts";
export {
  Sandbox,
  type SandboxTerminateParams,
  type SandboxTimeoutsParams,
  type SandboxWaitParams,
} from "./sandbox/sandbox.ts";
export { SandboxService, type SandboxListParams } from "./sandbox/sandboxes.ts";
export type { NetworkDecision, NetworkDecisions } from "./sandbox/decisions.ts";
export type { SandboxUsage } from "./sandbox/usage.ts";
export type { SandboxEvent } from "./sandbox/watch.ts";
export { Secret, SecretService, type SecretFromNameParams, type SecretParam } from "./secret.ts";
export { SandkeepReadStream } from "./streams/read-stream.ts";
export { Tunnel } from "./tunnel.ts";
export { SandkeepWriteStream } from "./streams/write-stream.ts";
export {
  Volume,
  VolumeService,
  type VolumeDeleteParams,
  type VolumeFromNameParams,
  type VolumeMountOptions,
  type VolumeParam,
} from "./volume.ts";
