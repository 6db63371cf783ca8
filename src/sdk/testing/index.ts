export type { Connection, Transport, TransportReply, TransportRequest } from "../http/transport.ts";
