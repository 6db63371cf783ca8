import type { MakeCommand } from "../command.ts";
import { cat } from "./cat.ts";
import { complete, completion } from "./completion.ts";
import { connectToken } from "./connect-token.ts";
import { cp } from "./cp.ts";
import { create } from "./create.ts";
import { doctor } from "./doctor.ts";
import { exec } from "./exec.ts";
import { forward } from "./forward.ts";
import { get } from "./get.ts";
import { kill } from "./kill.ts";
import { logs } from "./logs.ts";
import { ls } from "./ls.ts";
import { network } from "./network.ts";
import { run } from "./run.ts";
import { shell } from "./shell.ts";
import { tags } from "./tags.ts";
import { timeouts } from "./timeouts.ts";
import { top } from "./top.ts";
import { tunnel } from "./tunnel.ts";
import { wait } from "./wait.ts";

/** All commands, as help lists them. */
export const commands: readonly MakeCommand[] = [
  run,
  create,
  ls,
  get,
  exec,
  shell,
  cp,
  cat,
  logs,
  wait,
  kill,
  tags,
  timeouts,
  network,
  forward,
  tunnel,
  connectToken,
  top,
  doctor,
  completion,
  complete,
];
