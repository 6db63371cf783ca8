import type * as Http from "node:http";
import type * as Https from "node:https";

/**
 * `node:http` and `node:https`. As an import statement asks a module of Node's for all that it exports, Node would load its `fetch`
 * for `node:http`, whose `WebSocket` is of that: longer than all else that a program needs takes to load.
 */
export const http: typeof Http = process.getBuiltinModule("node:http");
export const https: typeof Https = process.getBuiltinModule("node:https");
